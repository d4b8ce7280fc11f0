/**
 * The collected rows as two Parquet tables (parquet.apache.org), for pandas, Polars, DuckDB and their like:
 *
 *     results.parquet   a row a cell: cell, index, status, error, settings.*, axes as a JSON text, topology.*, summary.*
 *     series.parquet    a row an evaluation of a cell: cell, index, axes.*, and the columns of its series
 *
 * Columns are in a fixed order, and so is every byte: the file says nothing of when or where it was written. Settings
 * that are numbers in all cells are doubles; keys with values of several kinds, and lists, are JSON texts.
 */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import type { CellResult, CellSettings } from '../metrics/cell-results.js';

type Value = CellSettings[string] | undefined;
type Column = ColumnSource;

const CREATED_BY = 'grapevine';

function table(columnData: Column[]): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: CREATED_BY }));
}

const int = (name: string, data: (number | null)[]): Column => ({
  name,
  data,
  type: 'INT32',
  nullable: true,
});
const text = (name: string, data: (string | null)[]): Column => ({
  name,
  data,
  type: 'STRING',
  nullable: true,
});
const real = (name: string, data: (number | null)[]): Column => ({
  name,
  data,
  type: 'DOUBLE',
  nullable: true,
});

/** A column of settings, of the one kind that all its values have. */
function settingColumn(name: string, values: readonly Value[]): Column {
  const present = values.filter((value) => value !== null && value !== undefined);
  const all = (kind: string): boolean => present.every((value) => typeof value === kind);
  const of = <T>() => values.map((value) => (value ?? null) as T | null);
  if (present.length > 0 && all('number')) return real(name, of<number>());
  if (present.length > 0 && all('boolean'))
    return { name, data: of<boolean>(), type: 'BOOLEAN', nullable: true };
  if (all('string')) return text(name, of<string>());
  return text(
    name,
    values.map((value) => (value === undefined || value === null ? null : JSON.stringify(value))),
  );
}

function settingColumns(prefix: string, settings: readonly CellSettings[]): Column[] {
  const keys = [...new Set(settings.flatMap((own) => Object.keys(own)))].sort();
  return keys.map((key) =>
    settingColumn(
      `${prefix}.${key}`,
      settings.map((own) => own[key]),
    ),
  );
}

/** @returns the bytes of results.parquet */
export function resultsParquet(rows: readonly CellResult[]): Uint8Array {
  const of = <T>(read: (row: CellResult) => T | null | undefined) => rows.map((row) => read(row) ?? null);
  return table([
    text(
      'cell',
      of((row) => row.cell),
    ),
    int(
      'index',
      of((row) => row.index),
    ),
    text(
      'status',
      of((row) => row.status),
    ),
    text(
      'error.code',
      of((row) => row.error?.code),
    ),
    text(
      'error.message',
      of((row) => row.error?.message),
    ),
    text(
      'configHash',
      of((row) => row.configHash),
    ),
    text(
      'axes',
      of((row) => JSON.stringify(row.axes)),
    ),
    ...settingColumns(
      'settings',
      rows.map(({ settings }) => settings),
    ),
    ...topologyColumns(rows),
    ...summaryColumns(rows),
  ]);
}

function topologyColumns(rows: readonly CellResult[]): Column[] {
  const of = <K extends keyof NonNullable<CellResult['topology']>>(key: K) =>
    rows.map(({ topology }) => topology?.[key] ?? null);
  return [
    text('topology.name', of('name')),
    text('topology.spec', of('spec')),
    int('topology.nodes', of('nodes')),
    int('topology.edges', of('edges')),
    real('topology.spectralGap', of('spectralGap')),
  ];
}

function summaryColumns(rows: readonly CellResult[]): Column[] {
  const of = (read: (summary: NonNullable<CellResult['summary']>) => number | null) =>
    rows.map(({ summary }) => (summary === null ? null : read(summary)));
  const numbers = [
    'consensusDistance',
    'payloadBytesPerPeer',
    'wireBytesPerPeer',
    'uncompressedBytesPerPeer',
    'compressionRatio',
    'simulatedSeconds',
  ] as const;
  return [
    ...(['meanModel', 'mean', 'worst', 'best'] as const).map((key) =>
      real(
        `summary.accuracy.${key}`,
        of(({ accuracy }) => accuracy[key]),
      ),
    ),
    ...(['meanModel', 'mean'] as const).map((key) =>
      real(
        `summary.loss.${key}`,
        of(({ loss }) => loss[key]),
      ),
    ),
    ...numbers.map((key) =>
      real(
        `summary.${key}`,
        of((summary) => summary[key]),
      ),
    ),
    int(
      'summary.peersLost',
      of(({ peersLost }) => peersLost.length),
    ),
  ];
}

/** @returns the bytes of series.parquet */
export function seriesParquet(rows: readonly CellResult[]): Uint8Array {
  const points = rows.flatMap((row) => row.series.map((point) => ({ row, point })));
  const numbers = [
    'simulatedSeconds',
    'payloadBytesPerPeer',
    'wireBytesPerPeer',
    'meanModelAccuracy',
    'meanModelLoss',
    'meanAccuracy',
    'worstAccuracy',
    'consensusDistance',
  ] as const;
  return table([
    text(
      'cell',
      points.map(({ row }) => row.cell),
    ),
    int(
      'index',
      points.map(({ row }) => row.index),
    ),
    ...settingColumns(
      'axes',
      points.map(({ row }) => row.axes),
    ),
    int(
      'round',
      points.map(({ point }) => point.round),
    ),
    ...numbers.map((key) =>
      real(
        key,
        points.map(({ point }) => point[key]),
      ),
    ),
  ]);
}
