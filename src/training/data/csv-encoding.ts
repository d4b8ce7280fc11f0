/**
 * Columns of a table as numbers. What is fitted (means, deviations, categories) is fitted on the training rows alone:
 *
 *     numeric      (x - mean) / deviation
 *     categorical  a place for each text that the training rows have, 1 where it stands, else 0
 *
 * A text that the training rows did not have is 0 in all places. The target is a class (texts, sorted) or a number,
 * standardized as well: a mean squared error of 1 is that of always answering the mean, and 1 - loss is R^2.
 */
import { GrapevineError } from '../../base/errors.js';
import type { CategoricalColumn, CsvColumn, CsvEncoding, NumericColumn } from './csv-columns.js';
import { type CsvRow, type CsvTable, cellPlace, columnIndex } from './csv-table.js';
import { MAX_CLASSES } from './image-folder.js';
import { badData } from './read-data-file.js';

export interface CsvOptions {
  /** Column to predict. */
  readonly target: string;
  /** auto: regression where the target has numbers, other than up to MAX_AUTO_CLASSES whole ones. */
  readonly kind: 'auto' | 'classification' | 'regression';
  /** What stands in for a missing value of a feature: nothing, or the column's mean (a text: no category). */
  readonly missing: 'error' | 'mean';
  /** Column that says where a row comes from: no feature. */
  readonly origin?: string | undefined;
  /** Columns that are no features. */
  readonly ignore: readonly string[];
}

/** A column of more different texts is a name or a number of something, not a category. */
export const MAX_CATEGORIES = 256;
/** Whole numbers of so few different values are taken for classes. */
export const MAX_AUTO_CLASSES = 20;

const MISSING = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?']);
const isMissing = (cell: string): boolean => MISSING.has(cell.toLowerCase());

function numeric(name: string, cells: readonly string[]): NumericColumn {
  const values = cells.map(Number);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return { kind: 'numeric', name, mean, deviation: Math.sqrt(variance) || 1 };
}

function categorical(name: string, cells: readonly string[]): CategoricalColumn {
  const texts = [...new Set(cells)];
  const numbers = texts.every((text) => Number.isFinite(Number(text)));
  texts.sort((a, b) => (numbers ? Number(a) - Number(b) : a < b ? -1 : 1));
  return { kind: 'categorical', name, categories: texts };
}

const areNumbers = (cells: readonly string[]): boolean =>
  cells.every((cell) => Number.isFinite(Number(cell)));

function featureColumn(table: CsvTable, rows: readonly CsvRow[], index: number): CsvColumn {
  const name = table.columns[index]!;
  const cells = rows.map((row) => row.cells[index]!).filter((cell) => !isMissing(cell));
  const place = `${table.files[0]}, column "${name}"`;
  if (cells.length === 0) throw badData(place, 'no value', `values, or ignore=${name}`);
  if (areNumbers(cells)) return numeric(name, cells);
  const column = categorical(name, cells);
  if (column.categories.length <= MAX_CATEGORIES) return column;
  const example = cells.find((cell) => !Number.isFinite(Number(cell)));
  throw badData(
    place,
    `${column.categories.length} different texts, such as "${example}"`,
    `numbers, or at most ${MAX_CATEGORIES} categories; leave the column out with ignore=${name}`,
  );
}

function targetColumn(table: CsvTable, rows: readonly CsvRow[], { target, kind }: CsvOptions): CsvColumn {
  const index = columnIndex(table.columns, target, `${table.files[0]}, target`);
  const cells = table.rows.map((row) => {
    const cell = row.cells[index]!;
    if (!isMissing(cell)) return cell;
    throw badData(cellPlace(table, row, index), 'no value', 'a target in every row: remove the row');
  });
  const place = `${table.files[0]}, target "${target}"`;
  if (kind !== 'classification' && isRegression(cells, kind, place)) {
    return numeric(
      target,
      rows.map((row) => row.cells[index]!),
    );
  }
  const column = categorical(target, cells);
  const classes = column.categories.length;
  if (classes >= 2 && classes <= MAX_CLASSES) return column;
  throw badData(place, `${classes} classes`, `2 to ${MAX_CLASSES}; kind=regression for numbers`);
}

function isRegression(cells: readonly string[], kind: CsvOptions['kind'], place: string): boolean {
  const numbers = areNumbers(cells);
  if (kind === 'regression' && !numbers) {
    const text = cells.find((cell) => !Number.isFinite(Number(cell)));
    throw badData(place, `"${text}"`, 'numbers; kind=classification for texts');
  }
  if (kind === 'regression') return true;
  const few = new Set(cells).size <= MAX_AUTO_CLASSES;
  return numbers && !(few && cells.every((cell) => Number.isInteger(Number(cell))));
}

/** Fits the columns of `table` on its rows `train`. @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG */
export function fitCsv(table: CsvTable, train: Uint32Array, options: CsvOptions): CsvEncoding {
  const rows = Array.from(train, (index) => table.rows[index]!);
  const target = targetColumn(table, rows, options);
  const { origin, ignore, missing } = options;
  const aside = origin === undefined ? ignore : [...ignore, origin];
  for (const name of aside) columnIndex(table.columns, name, `${table.files[0]}, ignore and origin`);
  const features = table.columns.flatMap((name, index) =>
    name === options.target || aside.includes(name) ? [] : [featureColumn(table, rows, index)],
  );
  if (features.length > 0) return { features, target, missing };
  throw new GrapevineError(
    'BAD_CONFIG',
    `${table.files[0]}: no column is left beside the target; wanted at least one feature.`,
  );
}

/** Numbers a row becomes. */
export function featureCount({ features }: CsvEncoding): number {
  return features.reduce((sum, column) => sum + widthOf(column), 0);
}

const widthOf = (column: CsvColumn): number => (column.kind === 'numeric' ? 1 : column.categories.length);

export interface EncodedCsv {
  /** [rows, features] */
  readonly rows: Float32Array;
  /** [rows]: the class, or the standardized number. */
  readonly targets: Float32Array;
}

interface Cell {
  readonly table: CsvTable;
  readonly row: CsvRow;
  readonly column: number;
}

function standardized({ table, row, column }: Cell, { mean, deviation }: NumericColumn): number {
  const cell = row.cells[column]!;
  const value = Number(cell);
  if (Number.isFinite(value)) return (value - mean) / deviation;
  throw badData(cellPlace(table, row, column), `"${cell}"`, 'a number, as in the training rows');
}

/** Writes the numbers of one cell into `out`, which holds zeros, from `at`. */
function putFeature(out: Float32Array, at: number, { cell, as, missing }: PutFeature): void {
  const text = cell.row.cells[cell.column]!;
  if (isMissing(text)) {
    if (missing === 'mean') return;
    const remedy = 'a value; fill it in, or take missing=mean';
    throw badData(cellPlace(cell.table, cell.row, cell.column), 'no value', remedy);
  }
  if (as.kind === 'numeric') {
    out[at] = standardized(cell, as);
    return;
  }
  const category = as.categories.indexOf(text);
  if (category >= 0) out[at + category] = 1;
}

interface PutFeature {
  readonly cell: Cell;
  readonly as: CsvColumn;
  readonly missing: CsvOptions['missing'];
}

function targetOf(cell: Cell, column: CsvColumn): number {
  if (column.kind === 'numeric') return standardized(cell, column);
  const text = cell.row.cells[cell.column]!;
  const label = column.categories.indexOf(text);
  if (label >= 0) return label;
  const classes = column.categories.join(', ');
  throw badData(cellPlace(cell.table, cell.row, cell.column), `class "${text}"`, `one of ${classes}`);
}

/** Features of all rows of `table`, [rows, features]; a target is not needed. @throws like encodeCsv */
export function encodeFeatures(table: CsvTable, encoding: CsvEncoding): Float32Array {
  const { features, missing } = encoding;
  const width = featureCount(encoding);
  const rows = new Float32Array(table.rows.length * width);
  const places = features.map(({ name }) => columnIndex(table.columns, name, table.files[0]!));
  table.rows.forEach((row, r) => {
    let at = r * width;
    features.forEach((as, f) => {
      putFeature(rows, at, { cell: { table, row, column: places[f]! }, as, missing });
      at += widthOf(as);
    });
  });
  return rows;
}

/** All rows of `table` as numbers. @throws GrapevineError DATA_UNAVAILABLE naming the cell, BAD_CONFIG */
export function encodeCsv(table: CsvTable, encoding: CsvEncoding): EncodedCsv {
  const { target } = encoding;
  const column = columnIndex(table.columns, target.name, table.files[0]!);
  const rows = encodeFeatures(table, encoding);
  const targets = Float32Array.from(table.rows, (row) => targetOf({ table, row, column }, target));
  return { rows, targets };
}
