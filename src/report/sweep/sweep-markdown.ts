/** The answer and the results of an experiment as Markdown, for a document that quotes them. */
import { answerTable, groupTable, type TextTable } from './columns.js';
import { countText, type SweepReport } from './sweep-html.js';
import { troublesOf } from './troubles.js';

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

function tableMarkdown({ columns, rows }: TextTable): string {
  const kept = columns.flatMap(({ inText }, index) => {
    const empty = rows.every((row) => row[index] === '' || row[index] === '–');
    return inText && !empty ? [index] : [];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(kept.map((index) => escapeCell(columns[index]!.head))),
    line(kept.map((index) => (columns[index]!.numeric ? '--:' : '---'))),
    ...rows.map((row) => line(kept.map((index) => escapeCell(row[index]!)))),
  ].join('\n');
}

/** Ends in a newline. */
export function renderSweepMarkdown(report: Omit<SweepReport, 'charts'>): string {
  const { answer, sweep, target } = report;
  const troubles = troublesOf(sweep).map(
    ({ kind, reason, cells }) =>
      `- ${cells.length} ${kind}: ${escapeCell(reason)} (${cells.slice(0, 3).join('; ')}${cells.length > 3 ? '; ...' : ''})`,
  );
  return [
    `**${answer.headline}**`,
    tableMarkdown(answerTable(answer, sweep, target)),
    answer.rule,
    `${countText(report)}. Mean ± standard deviation over seeds:`,
    tableMarkdown(groupTable(sweep, target)),
    ...(troubles.length === 0 ? [] : [troubles.join('\n')]),
  ]
    .join('\n\n')
    .concat('\n');
}
