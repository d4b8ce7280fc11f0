/** `grapevine experiment plan FILE`: what would be run; and what all experiment commands begin with. */
import { readFile } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { GrapevineError, messageOf } from '../base/errors.js';
import { type CellFile, readCellFiles } from '../experiment/cell-files.js';
import { estimateSeconds, type TimedCell } from '../experiment/estimate.js';
import { buildManifest, cellTitle, type Manifest, type ManifestCell } from '../experiment/manifest.js';
import { cellsOfShard, type Shard } from '../experiment/shard.js';
import { parseSweep, type Sweep } from '../experiment/sweep-file.js';
import type { CellStatus } from '../metrics/cell-results.js';
import { formatDuration } from '../report/format.js';
import { renderTable, type TextCell, type TextColumn } from '../report/text-table.js';
import { verifyCell } from './cell-run.js';
import type { CommandContext } from './command-context.js';
import { experimentKeys } from './experiment-keys.js';
import { thisMachine } from './process-count.js';

/** A person reads no more; --json has all. */
const MAX_LISTED = 100;

export interface Experiment {
  readonly sweep: Sweep;
  readonly manifest: Manifest;
  /** Where its cells are, absolute. */
  readonly directory: string;
}

async function readFileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new GrapevineError('BAD_USAGE', `${path} cannot be read (${messageOf(cause)}).`, { path }, cause);
  }
}

/** @param out the directory; undefined: runs/ and the experiment's name. @throws GrapevineError */
export async function openExperiment(file: string, out: string | undefined): Promise<Experiment> {
  const sweep = parseSweep(await readFileText(file), file, experimentKeys);
  const manifest = await buildManifest({
    sweep,
    fileName: basename(file, extname(file)),
    verify: (keys) => verifyCell(sweep.driver, keys),
  });
  return { sweep, manifest, directory: resolve(out ?? join('runs', manifest.name)) };
}

/** "2 cells failed:" and what is wrong with each, with the command that runs it alone. */
export function failedText(files: readonly CellFile[], replay: (file: CellFile) => string): string {
  const items = files.flatMap((file) => {
    const { cell, axes, error } = file.result;
    const said =
      file.log === undefined || file.log.trim() === '' ? [] : file.log.trim().split('\n').slice(-5);
    return [
      `  ${cell}  ${cellTitle({ axes })}`,
      `    ${error!.message} [${error!.code}]`,
      ...said.map((line) => `    | ${line}`),
      `    ${replay(file)}`,
    ];
  });
  return `\n${files.length} ${files.length === 1 ? 'cell' : 'cells'} failed:\n${items.join('\n')}\n\n`;
}

const valueText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

type State = CellStatus | 'to run';

function stateOf(cell: ManifestCell, file: CellFile | null): State {
  if (cell.refused !== null) return 'refused';
  return file?.result.status ?? 'to run';
}

function cellTable(
  cells: readonly (readonly [ManifestCell, State])[],
  columns: number | undefined,
): string[] {
  const keys = Object.keys(cells[0]?.[0].axes ?? {});
  const heads: TextColumn[] = [
    { header: '#', align: 'right', priority: 1 },
    { header: 'cell', align: 'left', priority: 1 },
    ...keys.map((header, place): TextColumn => ({ header, align: 'left', priority: 3 + place })),
    { header: 'state', align: 'left', priority: 2 },
  ];
  const rows = cells
    .slice(0, MAX_LISTED)
    .map(([cell, state]): TextCell[] => [
      { text: String(cell.index) },
      { text: cell.cell },
      ...keys.map((key) => ({ text: valueText(cell.axes[key]) })),
      { text: state },
    ]);
  const more = cells.length > MAX_LISTED ? [`  and ${cells.length - MAX_LISTED} more: --json has all`] : [];
  return [...renderTable(heads, rows, columns === undefined ? {} : { columns }), ...more];
}

/** Each reason once, with the cells that it costs. */
function refusalLines(cells: readonly ManifestCell[]): string[] {
  const byReason = new Map<string, ManifestCell[]>();
  for (const cell of cells) {
    if (cell.refused === null) continue;
    const reason = `${cell.refused.message} [${cell.refused.code}]`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), cell]);
  }
  return [...byReason].flatMap(([reason, own]) => [
    `  ${own.length} ${own.length === 1 ? 'cell' : 'cells'} refused: ${reason}`,
    ...own.slice(0, 3).map((cell) => `    ${cell.cell}  ${cellTitle(cell)}`),
    ...(own.length > 3 ? [`    and ${own.length - 3} more`] : []),
  ]);
}

function axisLines({ axes }: Sweep): string[] {
  return axes.map(({ name, values }) => {
    const texts = values.map(({ label, keys }) => label ?? valueText(name in keys ? keys[name] : keys));
    return `  ${name} (${values.length}): ${texts.slice(0, 12).join(', ')}${texts.length > 12 ? ', ...' : ''}`;
  });
}

function timeLine(left: number, seconds: number | null, workers: number): string[] {
  if (left === 0) return ['  nothing left to run'];
  const text =
    seconds === null
      ? 'time unknown until a cell has run'
      : `about ${formatDuration(seconds)} on ${workers} cores`;
  return [`  ${left} to run, ${text}`];
}

export interface PlanFlags {
  readonly file: string;
  readonly out: string | undefined;
  readonly shard: Shard | undefined;
}

/** The exit code. @throws GrapevineError */
export async function planExperiment(flags: PlanFlags, context: CommandContext): Promise<number> {
  const { sweep, manifest, directory } = await openExperiment(flags.file, flags.out);
  const { stdout, stderr, json } = context.output;
  for (const notice of manifest.notices) stderr.write(`${notice}\n`);
  const runnable = manifest.cells.filter(({ refused }) => refused === null);
  const shard = flags.shard === undefined ? runnable : cellsOfShard(runnable, flags.shard);
  if (json) {
    const cells = flags.shard === undefined ? manifest.cells : shard;
    stdout.write(`${JSON.stringify({ ...manifest, cells, notices: manifest.notices })}\n`);
    return 0;
  }
  const files = readCellFiles(directory);
  const listed = (flags.shard === undefined ? manifest.cells : shard).map((cell) => {
    const file = cell.refused === null ? files.read(cell.cell) : null;
    return { cell, file, state: stateOf(cell, file) };
  });
  const ended = listed.flatMap(({ cell, file, state }): TimedCell[] =>
    state === 'done' ? [{ settings: cell.settings, seconds: file!.timing.seconds }] : [],
  );
  const left = listed
    .filter(({ state }) => state === 'to run' || state === 'failed')
    .map(({ cell }) => cell.settings);
  const workers = manifest.driver === 'swarm' ? 1 : thisMachine().cores;
  const repeated = Object.values(manifest.duplicates).reduce((sum, count) => sum + count, 0);
  const lines = [
    `  ${manifest.name}: ${manifest.cells.length} cells, driver ${manifest.driver}, manifest ${manifest.hash}`,
    ...axisLines(sweep),
    '',
    ...cellTable(
      listed.map(({ cell, state }) => [cell, state]),
      stdout.isTTY === true ? stdout.columns : undefined,
    ),
    '',
    ...refusalLines(manifest.cells),
    ...(repeated > 0 ? [`  ${repeated} written cells are the same runs as others, and are run once`] : []),
    ...timeLine(left.length, estimateSeconds(ended, left, workers), workers),
    `  results: ${relative('.', directory) || '.'}`,
  ];
  stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
