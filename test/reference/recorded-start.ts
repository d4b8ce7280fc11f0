/** The start state and the errors recorded from public reference code; data/README.md says where from. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const RECORDED_PEERS = 8;
/** Each peer holds one matrix of this many rows and columns. */
export const RECORDED_SIDE = 100;

const dataFile = (name: string): URL => new URL(`data/${name}`, import.meta.url);

/** The matrices of the eight peers, row-major. */
export function readRecordedStart(): Float32Array[] {
  const npy = gunzipSync(readFileSync(dataFile('x0-ring8-100x100.npy.gz')));
  const header = 10 + npy.readUInt16LE(8); // "\x93NUMPY", version, length of the text that follows
  const size = RECORDED_SIDE * RECORDED_SIDE;
  return Array.from({ length: RECORDED_PEERS }, (_, peer) =>
    Float32Array.from({ length: size }, (_, k) => npy.readFloatLE(header + 4 * (peer * size + k))),
  );
}

export interface RecordedRow {
  readonly round: number;
  /** mean_i ||x_i - mean||_F^2. */
  readonly error: number;
}

/** The recorded rows of `run`, ascending by round. */
export function readRecordedRows(run: string): RecordedRow[] {
  const runs = JSON.parse(readFileSync(dataFile('recorded-gossip-errors.json'), 'utf8')) as Record<
    string,
    readonly (readonly [number, number, number])[]
  >;
  const rows = runs[run];
  if (rows === undefined)
    throw new Error(`no recorded run "${run}": there is ${Object.keys(runs).join(', ')}`);
  return rows.map(([round, error]) => ({ round, error }));
}
