/**
 * Measured delays between all pairs of peers, from a file: what a latency data set or a table of pings gives. JSON (an
 * array of rows) or text with a row a line, numbers apart by commas, semicolons or spaces, and comments after #. Entry
 * (i, j) is the one-way delay from peer i to peer j in milliseconds; the two directions may differ. The diagonal is not used.
 */
import { readFile } from 'node:fs/promises';
import { GrapevineError, messageOf } from '../base/errors.js';
import { lineEntries, textLines } from '../base/text-lines.js';
import type { SimulationConfig } from './schema.js';

/** The longest delay of a link, in milliseconds: a minute. */
export const MAX_LATENCY_MS = 60_000;

export type LatencyMatrix = readonly (readonly number[])[];

function fail(source: string, problem: string): never {
  const wanted = `Wanted as many rows as peers with as many one-way delays in milliseconds, from 0 to ${MAX_LATENCY_MS}`;
  throw new GrapevineError('BAD_CONFIG', `${source}: ${problem}. ${wanted}.`, { source });
}

function rowsOfText(text: string): unknown[] {
  return textLines(text).map((line) =>
    lineEntries(line).map((word) => (word === '' ? Number.NaN : Number(word))),
  );
}

function rowsOfJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail(path, `is not JSON (${messageOf(cause)})`);
  }
}

/**
 * Checks what a file or a configuration gave: n rows of n numbers.
 * @throws GrapevineError BAD_CONFIG naming the row and the column
 */
export function checkLatencyMatrix(value: unknown, source: string): LatencyMatrix {
  if (!Array.isArray(value) || value.length === 0) return fail(source, 'holds no rows of numbers');
  value.forEach((row: unknown, i) => {
    if (!Array.isArray(row) || row.length !== value.length) {
      const got = Array.isArray(row) ? `${row.length} entries` : JSON.stringify(row);
      fail(source, `row ${i + 1} of ${value.length} has ${got}`);
    }
    row.forEach((entry: unknown, j) => {
      if (typeof entry !== 'number' || !(entry >= 0 && entry <= MAX_LATENCY_MS))
        fail(source, `row ${i + 1}, column ${j + 1} is ${String(entry)}`);
    });
  });
  return value as LatencyMatrix;
}

/** @throws GrapevineError BAD_CONFIG */
export async function readLatencyMatrix(path: string): Promise<LatencyMatrix> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `--latency-matrix ${path}: cannot be read (${messageOf(cause)}). Wanted a file of one-way delays.`,
      { path },
      cause,
    );
  }
  return checkLatencyMatrix(path.endsWith('.json') ? rowsOfJson(text, path) : rowsOfText(text), path);
}

/**
 * `config` with the values of its matrix in place of a path: the record of a run says what was, and not where it lay.
 * @throws GrapevineError BAD_CONFIG where it is no matrix for so many peers
 */
export async function withLatencyMatrix(config: SimulationConfig, peers: number): Promise<SimulationConfig> {
  const given = config.latencyMatrix;
  if (given === undefined) return config;
  const matrix =
    typeof given === 'string' ? await readLatencyMatrix(given) : checkLatencyMatrix(given, 'latencyMatrix');
  if (matrix.length !== peers)
    fail(typeof given === 'string' ? given : 'latencyMatrix', `${matrix.length} rows for ${peers} peers`);
  return { ...config, latencyMatrix: matrix.map((row) => [...row]) };
}
