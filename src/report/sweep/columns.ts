/** The tables of a sweep, as texts: the answer, and all groups with their spread. HTML and Markdown print the same ones. */
import { formatBytes, formatDuration, formatPercent, formatRatio, formatReal } from '../format.js';
import type { Answer } from './answer.js';
import { paretoFront } from './pareto.js';
import { type Spread, spreadOfMeasured } from './statistics.js';
import type { Group, Sweep } from './sweep.js';
import { type Spent, spentUntil } from './target.js';

/** Digits of a configuration's hash that a table shows; results.jsonl has all. */
const HASH_DIGITS = 8;

export interface Column {
  readonly head: string;
  readonly numeric: boolean;
  /** Worth the width of a page of text. */
  readonly inText: boolean;
}

export interface TextTable {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

interface ColumnOf<T> extends Column {
  of(row: T): string;
}

function tableOf<T>(columns: readonly ColumnOf<T>[], rows: readonly T[]): TextTable {
  return { columns, rows: rows.map((row) => columns.map((column) => column.of(row))) };
}

/** "93.10% ± 0.12%"; no ± with one seed. */
function spreadText(spread: Spread | null, format: (value: number) => string): string {
  if (spread === null) return '–';
  return spread.sd === null ? format(spread.mean) : `${format(spread.mean)} ± ${format(spread.sd)}`;
}

const text = <T>(head: string, of: (row: T) => string): ColumnOf<T> => ({
  head,
  numeric: false,
  inText: true,
  of,
});
const number = <T>(head: string, of: (row: T) => string): ColumnOf<T> => ({
  ...text(head, of),
  numeric: true,
});

/** What is compared, what it is compared in. */
export function answerTable(answer: Answer, sweep: Sweep, target: number | null): TextTable {
  const { hasGap, hasQuickest, rows } = answer;
  const { contextAxes, choiceAxis, quality } = sweep;
  type Row = (typeof rows)[number];
  return tableOf<Row>(
    [
      ...(contextAxes.length === 0 ? [] : [text<Row>(contextAxes.join(', '), ({ context }) => context)]),
      ...(hasGap ? [number<Row>('spectral gap', ({ spectralGap }) => spectralGap)] : []),
      text(`${choiceAxis ?? 'choice'} to pick`, ({ chosen }) => chosen),
      number(quality.kind, (row) => row.quality),
      number('payload per peer', ({ payload }) => payload),
      text('against the best', ({ comparison }) => comparison),
      ...(hasQuickest && target !== null
        ? [text<Row>(`quickest to ${quality.format(target)}`, ({ quickest }) => quickest)]
        : []),
      text('remarks', ({ remarks }) => remarks.join('; ')),
    ],
    rows,
  );
}

function hashesOf({ cells }: Group): string {
  return cells.map(({ configHash }) => configHash?.slice(0, HASH_DIGITS) ?? '–').join(' ');
}

const worstOf = ({ sound }: Group): number | null =>
  spreadOfMeasured(sound.map(({ summary }) => summary!.accuracy.worst))?.min ?? null;

type Summary = NonNullable<Group['cells'][number]['summary']>;

const measured = ({ sound }: Group, of: (summary: Summary) => number | null): Spread | null =>
  spreadOfMeasured(sound.map(({ summary }) => of(summary!)));

const seedsText = ({ sound, cells }: Group): string =>
  sound.length === cells.length ? `${cells.length}` : `${sound.length} of ${cells.length}`;

/** How good the models are, and how far apart. */
function qualityColumns({ quality }: Sweep): ColumnOf<Group>[] {
  const isAccuracy = quality.kind === 'accuracy';
  const format = isAccuracy ? (value: number) => formatPercent(value, 2) : formatReal;
  const finalText = ({ final, standing }: Group): string =>
    final === null && standing !== 'done' ? standing : spreadText(final, format);
  const lossText = (group: Group): string =>
    spreadText(
      measured(group, ({ loss }) => loss.mean),
      formatReal,
    );
  const distanceText = (group: Group): string =>
    formatReal(measured(group, ({ consensusDistance }) => consensusDistance)?.mean);
  const beside = [
    number<Group>('worst peer', (group) => formatPercent(worstOf(group), 2)),
    { ...number('loss', lossText), inText: false },
  ];
  return [
    number(quality.kind, finalText),
    ...(isAccuracy ? beside : []),
    number('consensus distance', distanceText),
  ];
}

/** What runs spent in all, and until the target. */
function costColumns({ quality, groups }: Sweep, target: number | null): ColumnOf<Group>[] {
  const ratioText = (group: Group): string =>
    formatRatio(measured(group, ({ compressionRatio }) => compressionRatio)?.mean);
  const simulated = groups.some(({ simulatedSeconds }) => simulatedSeconds !== null);
  const columns = [
    number<Group>('payload per peer', ({ payloadBytes }) => formatBytes(payloadBytes?.mean)),
    number('compression', ratioText),
  ];
  if (simulated)
    columns.push(number('simulated time', ({ simulatedSeconds }) => formatDuration(simulatedSeconds?.mean)));
  if (target === null) return columns;
  const until = (group: Group): Spent | null => spentUntil(target, group, quality);
  const goal = quality.format(target);
  columns.push(number(`bytes to ${goal}`, (group) => formatBytes(until(group)?.payloadBytes.mean)));
  if (simulated)
    columns.push(number(`time to ${goal}`, (group) => formatDuration(until(group)?.simulatedSeconds?.mean)));
  return columns;
}

/** A row for each group, in the manifest's order. @param target of the columns for it; null: no such columns */
export function groupTable(sweep: Sweep, target: number | null): TextTable {
  const front = new Set(paretoFront(sweep));
  return tableOf<Group>(
    [
      ...sweep.axes.map(({ name }) => text<Group>(name, ({ labels }) => labels[name]!)),
      number('seeds', seedsText),
      ...qualityColumns(sweep),
      ...costColumns(sweep, target),
      { ...text('front', (group) => (front.has(group) ? 'yes' : '')), inText: false },
      { ...text('config hash', hashesOf), inText: false },
    ],
    sweep.groups,
  );
}
