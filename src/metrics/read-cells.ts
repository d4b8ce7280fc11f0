/**
 * Reads results.jsonl back: the rows that `grapevine experiment collect` wrote, in their order. It is written whole or
 * not at all, so that, unlike a metrics file, it has no torn last line to forgive.
 */
import { readFile } from 'node:fs/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import { type CellResult, cellResultSchema } from './cell-results.js';

export const RESULTS_FILE = 'results.jsonl';

function unreadable(source: string, line: number, problem: string): GrapevineError {
  return new GrapevineError(
    'METRICS_UNREADABLE',
    `${source}, line ${line}: ${problem}. Write it anew with grapevine experiment collect.`,
    { source, line },
  );
}

/** @param source names the file in messages. @throws GrapevineError METRICS_UNREADABLE: not JSON, or no cell */
export function parseCellResults(text: string, source = RESULTS_FILE): CellResult[] {
  return text.split('\n').flatMap((content, index) => {
    if (content.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (error) {
      throw unreadable(source, index + 1, `not JSON (${messageOf(error)})`);
    }
    const outcome = cellResultSchema.safeParse(value);
    if (outcome.success) return [outcome.data];
    const [issue] = outcome.error.issues;
    throw unreadable(
      source,
      index + 1,
      `no cell of this version (${issue?.path.join('.')}: ${issue?.message})`,
    );
  });
}

/** @throws GrapevineError METRICS_UNREADABLE: as parseCellResults, or the file cannot be opened */
export async function readCellResults(path: string): Promise<CellResult[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new GrapevineError(
      'METRICS_UNREADABLE',
      `cannot read ${path}: ${messageOf(cause)}. Wanted the results.jsonl of an experiment.`,
      { path },
      cause,
    );
  }
  return parseCellResults(text, path);
}
