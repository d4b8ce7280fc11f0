/**
 * report.html of an experiment. First the answer, which choice for which context; then the figures that it can be seen in,
 * the table that it was computed from, and what failed.
 */
import { escapeHtml } from '../escape.js';
import { figure, flatten, keyTable, page, section } from '../page.js';
import type { Answer } from './answer.js';
import { answerTable, groupTable, type TextTable } from './columns.js';
import type { Sweep } from './sweep.js';
import type { ChartSection } from './sweep-charts.js';
import { type Trouble, troublesOf } from './troubles.js';

/** Ids of cells that a list shows before it counts. */
const MAX_LISTED = 12;

/** So many charts look better two a row than three. */
const PAIRED: ReadonlySet<number> = new Set([1, 2, 4]);

/** All that a page is made of. */
export interface SweepReport {
  readonly name: string;
  readonly sweep: Sweep;
  readonly answer: Answer;
  readonly target: number | null;
  readonly charts: readonly ChartSection[];
  /** Cells of the manifest that have not been run. */
  readonly missing: number;
}

/** "1 cell", "2 topologies", "2 localSteps". */
function plural(count: number, word: string): string {
  if (count === 1 || word.endsWith('s')) return `${count} ${word}`;
  return `${count} ${word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`}`;
}

/** "48 cells: 4 topologies x 4 compressors, 3 seeds each; 46 done, 2 failed". */
export function countText({ sweep, missing }: Pick<SweepReport, 'sweep' | 'missing'>): string {
  const { cells, axes, groups } = sweep;
  const seeds = Math.max(...groups.map((group) => group.cells.length));
  const product = axes.map(({ name, labels }) => plural(labels.size, name)).join(' x ');
  const count = (status: string): number => cells.filter((cell) => cell.status === status).length;
  const counts = (['done', 'failed', 'refused'] as const)
    .map((status) => [count(status), status] as const)
    .filter(([n, status]) => n > 0 || status === 'done')
    .map(([n, status]) => `${n} ${status}`);
  const left = missing === 0 ? [] : [`${missing} not run yet`];
  const what = product === '' ? plural(seeds, 'seed') : `${product}, ${plural(seeds, 'seed')} each`;
  return `${plural(cells.length + missing, 'cell')}: ${what}; ${[...counts, ...left].join(', ')}`;
}

/** Settings that all cells share. */
export function sharedSettings({ cells, axes }: Sweep): [string, string][] {
  const varied = new Set([...axes.map(({ name }) => name), 'seed']);
  const equal = (key: string): boolean =>
    new Set(cells.map(({ settings }) => JSON.stringify(settings[key]))).size === 1;
  const settings = Object.entries(cells[0]!.settings).filter(([key]) => !varied.has(key) && equal(key));
  return flatten(Object.fromEntries(settings));
}

/** What the short names of the page stand for, where they are not the values themselves. */
export function nameLegend({ axes }: Sweep): [string, string][] {
  return axes.flatMap(({ name, labels }) =>
    [...labels].flatMap(([json, label]): [string, string][] => {
      const value: unknown = JSON.parse(json);
      return typeof value === 'string' && value !== label ? [[`${name} ${label}`, value]] : [];
    }),
  );
}

/** On a telephone each row becomes a card, its cells led by their heads. */
function tableHtml({ columns, rows }: TextTable, kind: string): string {
  const head = columns.map(
    ({ head, numeric }) => `<th${numeric ? ' class="number"' : ''}>${escapeHtml(head)}</th>`,
  );
  const body = rows.map((row) => {
    const cells = row.map((text, index) => {
      const { head, numeric } = columns[index]!;
      const empty = text === '' ? ' data-empty' : '';
      return `<td${numeric ? ' class="number"' : ''} data-head="${escapeHtml(head)}"${empty}>${escapeHtml(text)}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table class="${kind}"><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function answerHtml({ answer, sweep, target }: SweepReport): string {
  const what = sweep.choiceAxis ?? 'choice';
  const where = sweep.contextAxes.length === 0 ? '' : ` for which ${sweep.contextAxes.join(', ')}`;
  return section(
    `Which ${what}${where}?`,
    `<p class="headline">${escapeHtml(answer.headline)}</p>${tableHtml(answerTable(answer, sweep, target), 'answer')}<p class="soft rule">${escapeHtml(answer.rule)}</p>`,
    ' lead',
  );
}

function chartsHtml({ charts }: SweepReport): string {
  return charts
    .map(
      ({ title, note, charts: own }) =>
        `<div class="part"><h2>${escapeHtml(title)}</h2><p class="soft">${escapeHtml(note)}</p></div><div class="grid${PAIRED.has(own.length) ? ' pairs' : ''}">${own.map(figure).join('')}</div>`,
    )
    .join('\n');
}

function troubleHtml({ kind, reason, cells }: Trouble): string {
  const shown = cells
    .slice(0, MAX_LISTED)
    .map((cell) => `<li>${escapeHtml(cell)}</li>`)
    .join('');
  const more = cells.length > MAX_LISTED ? `<li class="soft">and ${cells.length - MAX_LISTED} more</li>` : '';
  return `<p><span class="alert">${plural(cells.length, 'cell')} ${kind}</span>: ${escapeHtml(reason)}</p><ul>${shown}${more}</ul>`;
}

function troublesHtml({ sweep }: SweepReport): string {
  const troubles = troublesOf(sweep);
  return troubles.length === 0 ? '' : section('Cells without a result', troubles.map(troubleHtml).join(''));
}

function settingsHtml({ sweep }: SweepReport): string {
  const names = nameLegend(sweep);
  const legend = names.length === 0 ? '' : section('Names in full', keyTable(names));
  return `<div class="grid wide">${section('All cells have', keyTable(sharedSettings(sweep)))}${legend}</div>`;
}

/** The whole page as HTML text. */
export function renderSweepPage(report: SweepReport): string {
  const { name, sweep, target } = report;
  const groups = `<div class="scroll">${tableHtml(groupTable(sweep, target), 'groups')}</div>`;
  return page(`Grapevine experiment: ${name}`, [
    `<header><h1>${escapeHtml(name)}</h1><p class="soft">${escapeHtml(countText(report))}</p></header>`,
    answerHtml(report),
    chartsHtml(report),
    section('All results: mean ± standard deviation over seeds', groups, ' gap'),
    `<div class="stack gap">${troublesHtml(report)}</div>`,
    settingsHtml(report),
  ]);
}
