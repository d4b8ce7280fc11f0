/**
 * CSV files as one table of text: a header names the columns, every file has the same ones (in any order), and a cell
 * knows its file and line, so that a message can point at it. The delimiter is the one of comma, semicolon and tab that
 * the header has most of. Text is UTF-8; csv-parse reads quotes, escapes and line ends.
 */
import { GrapevineError, messageOf } from '../../base/errors.js';
import { unknownNameMessage } from '../../base/registry.js';
import { badData, readDataFile } from './read-data-file.js';

export interface CsvRow {
  /** In the order of the table's columns; '' where nothing stands. */
  readonly cells: readonly string[];
  readonly line: number;
  /** Index into the table's files. */
  readonly file: number;
}

export interface CsvTable {
  readonly files: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

const DELIMITERS = [',', ';', '\t'];

function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/\r?\n|$/));
  const count = (delimiter: string) => header.split(delimiter).length;
  return DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

interface Parsed {
  readonly columns: readonly string[];
  readonly rows: readonly Omit<CsvRow, 'file'>[];
}

async function parseText(text: string, file: string): Promise<Parsed> {
  const { parse } = await import('csv-parse/sync'); // not loaded by those who read no table
  const options = { bom: true, trim: true, skip_empty_lines: true, info: true } as const;
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, { ...options, delimiter: delimiterOf(text) }) as unknown as typeof records;
  } catch (error) {
    throw badData(
      file,
      `CSV that does not parse (${messageOf(error)})`,
      'as many cells in a line as the header has',
    );
  }
  const [header, ...rows] = records;
  const columns = header?.record ?? [];
  if (rows.length === 0) throw badData(file, `${records.length} lines`, 'a header and at least one row');
  const double = columns.find((name, index) => columns.indexOf(name) < index);
  if (double !== undefined) throw badData(file, `two columns named "${double}"`, 'a name for each column');
  const headless = columns.find((name) => name === '' || Number.isFinite(Number(name)));
  if (headless !== undefined)
    throw badData(file, `the column name "${headless}"`, 'names of columns in the first line, not data');
  return { columns, rows: rows.map(({ record, info }) => ({ cells: record, line: info.lines })) };
}

/** Index of the column `name`. @throws GrapevineError BAD_CONFIG listing those that exist */
export function columnIndex(columns: readonly string[], name: string, place: string): number {
  const index = columns.indexOf(name);
  if (index >= 0) return index;
  throw new GrapevineError('BAD_CONFIG', `${place}: ${unknownNameMessage('column', name, columns)}`, {
    name,
  });
}

/** @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG where a file lacks a column of the first */
export async function readCsvTable(files: readonly string[]): Promise<CsvTable> {
  const rows: CsvRow[] = [];
  let columns: readonly string[] | null = null;
  for (const [index, file] of files.entries()) {
    const text = Buffer.from(await readDataFile(file)).toString('utf8');
    const parsed = await parseText(text, file);
    columns ??= parsed.columns;
    const order = columns.map((name) => columnIndex(parsed.columns, name, file));
    for (const { cells, line } of parsed.rows)
      rows.push({ cells: order.map((from) => cells[from]!), line, file: index });
  }
  return { files, columns: columns!, rows };
}

/** "sales.csv, line 12, column "price"", to head a message. */
export function cellPlace({ files, columns }: CsvTable, row: CsvRow, column: number): string {
  return `${files[row.file]}, line ${row.line}, column "${columns[column]}"`;
}
