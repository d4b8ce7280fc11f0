/**
 * How a worker that was away gets the hub's model to the bit: it replays the steps it has missed, or, where those would
 * be more bytes, takes the model whole. The hub keeps steps for as long as they are the shorter way for anybody.
 *
 *     0  {u32 length, step}...     the steps, oldest first
 *     1  d x float64               the model
 */
import { ByteReader, ByteWriter } from '../../base/bytes.js';
import type { HubMessage } from './hub-algorithm.js';
import { followModel, type StepRule } from './model-broadcast.js';
import { decodeWhole, encodeWhole } from './vector-codec.js';

const STEPS = 0;
const WHOLE = 1;
const LENGTH_BYTES = 4;

export interface CatchUp {
  /** Steps taken since the start. */
  taken: number;
  /** The latest steps, oldest first. */
  readonly kept: HubMessage['bytes'][];
  /** Steps that each worker has. */
  readonly seen: Uint32Array;
}

export function createCatchUp(workers: number): CatchUp {
  return { taken: 0, kept: [], seen: new Uint32Array(workers) };
}

const stepsBytes = (steps: readonly Uint8Array[]): number =>
  steps.reduce((sum, step) => sum + LENGTH_BYTES + step.length, 0);

/** Keeps a step of a model of `length` numbers; forgets those that nobody needs, or that cost more than the model. */
export function recordStep(catchUp: CatchUp, step: Uint8Array, length: number): void {
  catchUp.taken += 1;
  catchUp.kept.push(step);
  const missing = catchUp.taken - Math.min(...catchUp.seen);
  while (catchUp.kept.length > missing || stepsBytes(catchUp.kept) > 8 * length) catchUp.kept.shift();
}

/** What brings `worker` to the hub's model `w`; it is taken to have it from now on. */
export function catchUpBytes(catchUp: CatchUp, worker: number, w: Float64Array): Uint8Array {
  const missing = catchUp.taken - catchUp.seen[worker];
  catchUp.seen[worker] = catchUp.taken;
  const writer = new ByteWriter();
  if (missing > catchUp.kept.length) {
    writer.u8(WHOLE);
    writer.bytes(encodeWhole(w));
    return writer.finish();
  }
  writer.u8(STEPS);
  for (const step of catchUp.kept.slice(catchUp.kept.length - missing)) {
    writer.u32(step.length);
    writer.bytes(step);
  }
  return writer.finish();
}

/** Brings `w` to the hub's model. @throws GrapevineError PAYLOAD_* */
export function followCatchUp(w: Float64Array, bytes: Uint8Array, rule: StepRule): void {
  const reader = new ByteReader(bytes);
  if (reader.u8() === WHOLE) {
    w.set(decodeWhole(reader.bytes(reader.remaining), w.length));
    return;
  }
  while (reader.remaining > 0) followModel(w, reader.bytes(reader.u32()), rule);
}
