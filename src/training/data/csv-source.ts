/** A table of the user's as data that can be named: the options of csv, in tasks and beside a model file. */
import { GrapevineError } from '../../base/errors.js';
import { choiceField, numberField, textField } from '../../base/registry.js';
import { loadCsv } from './csv.js';
import type { CsvOptions } from './csv-encoding.js';
import type { DataRequest } from './data-request.js';
import type { Dataset } from './dataset.js';
import { listFiles } from './listed-files.js';

export interface TableOptions {
  readonly file?: string;
  readonly directory?: string;
  readonly target?: string;
  readonly missing: 'error' | 'mean';
  readonly origin?: string;
  readonly ignore?: string;
  readonly test: number;
}

export const tableFields = {
  file: textField('a CSV file with a header'),
  directory: textField('a directory with .csv files of the same columns, each an origin'),
  target: textField('name of the column to predict'),
  missing: choiceField<'error' | 'mean'>('what stands in for a missing value', 'error', ['error', 'mean']),
  origin: textField('a column that says where a row comes from, for the partition by-file'),
  ignore: textField('columns that are no features: id or "id;name"'),
  test: numberField('share of the rows to test on', 0.2, 0.01, 0.9),
};

export const tableKindField = choiceField<CsvOptions['kind']>(
  'what the target is: auto takes texts and few whole numbers for classes',
  'auto',
  ['auto', 'classification', 'regression'],
);

function badTable(spec: string, got: string): GrapevineError {
  const name = spec.split(':')[0];
  return new GrapevineError(
    'BAD_SPEC',
    `task ${name}: got ${got}; wanted ${name}:file=PATH,target=COLUMN, or directory=PATH in place of file.`,
  );
}

/** @throws GrapevineError BAD_SPEC where there is not one file or directory, and a target */
export function checkTable(spec: string, { file, directory, target }: TableOptions): void {
  if (file === undefined && directory === undefined) throw badTable(spec, 'no file');
  if (file !== undefined && directory !== undefined) throw badTable(spec, 'a file and a directory');
  if (target === undefined) throw badTable(spec, 'no target');
}

/** Options that checkTable has passed. @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG */
export async function loadTable(
  options: TableOptions,
  kind: CsvOptions['kind'],
  request: DataRequest,
): Promise<Dataset> {
  const { file, directory, target, ignore, origin, missing, test } = options;
  const files = file === undefined ? await listFiles(directory!, '.csv') : [file];
  const aside = ignore?.split(';').map((name) => name.trim()) ?? [];
  return loadCsv({ files, target: target!, ignore: aside, origin, missing, test, kind }, request);
}
