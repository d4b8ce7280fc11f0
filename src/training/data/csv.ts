/**
 * CSV files as a data set. The task's own files decide what the columns mean and hold the test rows; a device's own
 * files (DataRequest.dataDirectory) are read with the same meaning, so that the models of all devices fit each other.
 * Every peer therefore needs the task's files, which can be a few rows of each kind.
 */
import type { CsvEncoding } from './csv-columns.js';
import { type CsvOptions, encodeCsv, featureCount, fitCsv } from './csv-encoding.js';
import { type CsvTable, columnIndex, readCsvTable } from './csv-table.js';
import type { DataRequest } from './data-request.js';
import {
  type ClassTargets,
  type Dataset,
  rowSamples,
  type Samples,
  type ValueTargets,
  valueSamples,
} from './dataset.js';
import { listFiles } from './listed-files.js';
import { holdBack, subsetOf } from './subset.js';

export interface CsvSource extends CsvOptions {
  /** Files that decide what columns mean. */
  readonly files: readonly string[];
  /** Share of their rows for testing. */
  readonly test: number;
}

/** A number for each row: that of its file, or of its text in the column `origin`. */
function originsOf(table: CsvTable, origin: string | undefined): Uint32Array | undefined {
  if (origin === undefined) {
    return table.files.length > 1 ? Uint32Array.from(table.rows, ({ file }) => file) : undefined;
  }
  const column = columnIndex(table.columns, origin, `${table.files[0]}, origin`);
  const numbers = new Map<string, number>();
  return Uint32Array.from(table.rows, ({ cells }) => {
    const text = cells[column]!;
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    return numbers.get(text)!;
  });
}

function samplesOf(table: CsvTable, encoding: CsvEncoding, origin: string | undefined): Samples {
  const { rows, targets } = encodeCsv(table, encoding);
  const found = originsOf(table, origin);
  const shared = {
    rows,
    features: featureCount(encoding),
    ...(found === undefined ? {} : { origins: found }),
  };
  if (encoding.target.kind === 'numeric') return valueSamples({ ...shared, values: targets });
  return rowSamples({ ...shared, labels: Uint8Array.from(targets) });
}

function targetsOf({ target }: CsvEncoding): ClassTargets | ValueTargets {
  if (target.kind === 'categorical') {
    return { kind: 'classes', classes: target.categories.length, perSample: 1, names: target.categories };
  }
  const { mean, deviation } = target;
  return { kind: 'values', perSample: 1, standardized: { mean, deviation } };
}

/** @throws GrapevineError DATA_UNAVAILABLE naming the file and the cell, BAD_CONFIG naming the column */
export async function loadCsv(source: CsvSource, request: DataRequest): Promise<Dataset> {
  const table = await readCsvTable(source.files);
  const { kept, held } = holdBack(table.rows.length, source.test);
  const encoding = fitCsv(table, kept, source);
  const samples = samplesOf(table, encoding, source.origin);
  const own = request.dataDirectory;
  const train =
    own === undefined
      ? subsetOf(samples, kept)
      : samplesOf(await readCsvTable(await listFiles(own, '.csv')), encoding, undefined);
  return {
    name: 'csv',
    inputShape: [featureCount(encoding)],
    targets: targetsOf(encoding),
    encoding: { kind: 'table', encoding },
    train,
    test: subsetOf(samples, held),
  };
}
