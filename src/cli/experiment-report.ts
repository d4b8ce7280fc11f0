/** The report of an experiment: report.html, and every figure as SVG and as PNG in figures/, beside its results. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { GrapevineError } from '../base/errors.js';
import { readCellFiles, readManifest } from '../experiment/cell-files.js';
import { collectCells } from '../experiment/collect.js';
import type { CellResult } from '../metrics/cell-results.js';
import { RESULTS_FILE, readCellResults } from '../metrics/read-cells.js';
import { chartFile } from '../report/chart-file.js';
import { createPngRenderer, type PngRenderer } from '../report/png.js';
import { answerOf } from '../report/sweep/answer.js';
import { answerTable, type TextTable } from '../report/sweep/columns.js';
import { DEFAULT_MARGIN, pickChoices } from '../report/sweep/pick.js';
import { readSweep } from '../report/sweep/sweep.js';
import { type ChartSection, renderSweepCharts } from '../report/sweep/sweep-charts.js';
import { countText, renderSweepPage, type SweepReport } from '../report/sweep/sweep-html.js';
import { renderSweepMarkdown } from '../report/sweep/sweep-markdown.js';
import { defaultTarget } from '../report/sweep/target.js';
import { renderTable } from '../report/text-table.js';
import type { CommandContext } from './command-context.js';
import { writeWhole } from './whole-file.js';

export interface SweepReportFlags {
  /** The axis to compare; undefined: the report decides. */
  readonly choose: string | undefined;
  /** See DEFAULT_MARGIN. */
  readonly margin: number | undefined;
  /** Accuracy or loss that runs are timed to; undefined: what half of the groups reach. */
  readonly target: number | undefined;
  /** Print Markdown instead of the table. */
  readonly markdown: boolean;
}

/** What there is to report of, and where the report goes. */
interface Source {
  readonly directory: string;
  readonly name: string;
  readonly cells: readonly CellResult[];
  /** Cells of the manifest that have not been run. */
  readonly missing: number;
}

/** Whether `path` is an experiment's directory or its results, rather than a run's. */
export function isExperiment(path: string): boolean {
  return (
    path.endsWith('.jsonl') || existsSync(join(path, 'manifest.json')) || existsSync(join(path, RESULTS_FILE))
  );
}

/**
 * The cells of a directory as they are now, so that a report can be made while a sweep runs. Of shards that share no disk
 * only the collected results have all: the one that knows more cells counts.
 */
async function readSource(path: string): Promise<Source> {
  const isFile = (await stat(path)).isFile();
  const directory = isFile ? dirname(path) : path;
  const manifest = isFile ? null : readManifest(directory);
  const name = manifest?.name ?? basename(resolve(directory));
  const collection = manifest === null ? null : collectCells(manifest, [readCellFiles(directory)]);
  const resultsPath = isFile ? path : join(directory, RESULTS_FILE);
  const collected = existsSync(resultsPath) ? await readCellResults(resultsPath) : [];
  const fresh = collection !== null && collection.rows.length >= collected.length;
  const cells = fresh ? collection.rows : collected;
  if (cells.length === 0)
    throw new GrapevineError(
      'METRICS_UNREADABLE',
      `${path} has no cell yet: run grapevine experiment run first, or wait for its first cell to end.`,
      { path },
    );
  const all = manifest?.cells.length ?? cells.length;
  return { directory, name, cells, missing: Math.max(0, all - cells.length) };
}

const { resolve: packageFile } = createRequire(import.meta.url);
const read = async (file: string) => new Uint8Array(await readFile(packageFile(file)));

async function openPngRenderer(): Promise<PngRenderer> {
  const fonts = ['DejaVuSans', 'DejaVuSans-Bold'].map((font) => read(`dejavu-fonts-ttf/ttf/${font}.ttf`));
  const program = await read('@resvg/resvg-wasm/index_bg.wasm');
  return createPngRenderer({ program, fonts: await Promise.all(fonts), family: 'DejaVu Sans' });
}

/** The names of what was written, below `directory`. */
async function writeFigures(directory: string, sections: readonly ChartSection[]): Promise<string[]> {
  const png = await openPngRenderer();
  const figures = join(directory, 'figures');
  await rm(figures, { recursive: true, force: true }); // of a report before
  await mkdir(figures, { recursive: true });
  const names: string[] = [];
  for (const { id, title, svg } of sections.flatMap(({ charts }) => charts)) {
    await writeWhole(join(figures, `${id}.svg`), chartFile(title, svg));
    await writeWhole(join(figures, `${id}.png`), png.render(title, svg));
    names.push(`figures/${id}.svg`, `figures/${id}.png`);
  }
  return names;
}

function textTable({ columns, rows }: TextTable, width: number | undefined): string[] {
  const heads = columns.map(({ head, numeric }, index) => ({
    header: head,
    align: numeric ? ('right' as const) : ('left' as const),
    priority: index + 1,
  }));
  const cells = rows.map((row) => row.map((text) => ({ text })));
  return renderTable(heads, cells, width === undefined ? {} : { columns: width });
}

/** For a terminal: the answer, not the figures. */
function answerText(report: Omit<SweepReport, 'charts'>, columns: number | undefined): string {
  const { answer, sweep, target, name } = report;
  const lines = textTable(answerTable(answer, sweep, target), columns);
  return `  ${name}: ${countText(report)}\n\n  ${answer.headline}\n\n${lines.join('\n')}\n\n  ${answer.rule}\n`;
}

const jsonOf = (
  { name, answer, target, missing, sweep }: Omit<SweepReport, 'charts'>,
  directory: string,
) => ({
  experiment: name,
  directory,
  cells: sweep.cells.length,
  missing,
  quality: sweep.quality.kind,
  target,
  headline: answer.headline,
  answer: answer.rows,
  groups: sweep.groups.map(
    ({ labels, standing, final, payloadBytes, simulatedSeconds, spectralGap, cells }) => ({
      axes: labels,
      standing,
      final,
      payloadBytes,
      simulatedSeconds,
      spectralGap,
      configHashes: cells.map(({ configHash }) => configHash),
    }),
  ),
});

/** @param path an experiment's directory, or its results.jsonl. @throws GrapevineError */
export async function reportExperiment(
  path: string,
  flags: SweepReportFlags,
  { output }: CommandContext,
): Promise<void> {
  const { directory, name, cells, missing } = await readSource(path);
  const sweep = readSweep(cells, flags.choose ?? null);
  const target = flags.target ?? defaultTarget(sweep);
  const margin = flags.margin ?? DEFAULT_MARGIN;
  const answer = answerOf(sweep, { picks: pickChoices(sweep, margin), margin, target });
  const charts = await renderSweepCharts(sweep, target);
  const report: SweepReport = { name, sweep, answer, target, charts, missing };
  await writeWhole(join(directory, 'report.html'), renderSweepPage(report));
  const names = await writeFigures(directory, charts);
  const { stdout, stderr, json, quiet } = output;
  if (json) stdout.write(`${JSON.stringify(jsonOf(report, directory))}\n`);
  else if (flags.markdown) stdout.write(renderSweepMarkdown(report));
  else if (!quiet)
    stdout.write(`${answerText(report, stdout.isTTY === true ? stdout.columns : undefined)}\n`);
  const said = json || flags.markdown ? stderr : stdout;
  if (!quiet)
    said.write(`  report: ${join(directory, 'report.html')}, ${names.length} files in figures/\n\n`);
}
