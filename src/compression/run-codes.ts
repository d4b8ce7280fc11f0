/**
 * Signed bytes with one float32 scale for each run of numbers (quantizer.ts has the rounding), to and from arrays in
 * kernels or, where there are none, here. Both ways give the same bytes and the same bits.
 */
import { kernels } from '../linalg/kernels.js';
import { readTiles, updateTiles } from '../linalg/tiles.js';
import { viewOf } from './operator.js';
import { levelsOf, roundToCode, scaleFor } from './quantizer.js';

/** Numbers that share a scale: one byte in 64 goes to scales, and an outlier spoils no more than its 256. */
export const RUN_LENGTH = 256;

const LEVELS = levelsOf(8);

/** Bytes of `count` numbers: the scales, then the codes. */
export function runBytes(count: number): number {
  return 4 * Math.ceil(count / RUN_LENGTH) + count;
}

/** out = scales and codes of `values`; runBytes(values.length) bytes. */
export function quantizeRunsInto(out: Uint8Array, values: Float32Array): void {
  const engine = kernels();
  const codesAt = out.length - values.length;
  if (engine === null) {
    quantizeTwin(out, values);
    return;
  }
  readTiles(engine, values, ({ address, start, end }) => {
    const mark = engine.mark();
    const count = end - start;
    const codes = engine.take(count);
    const scalesBytes = 4 * Math.ceil(count / RUN_LENGTH);
    const scales = engine.take(scalesBytes);
    engine.run.quantizeRuns(codes, scales, address, count, RUN_LENGTH, LEVELS);
    out.set(engine.u8.subarray(scales, scales + scalesBytes), (4 * start) / RUN_LENGTH);
    out.set(engine.u8.subarray(codes, codes + count), codesAt + start);
    engine.release(mark);
  });
}

function maxMagnitude(values: Float32Array): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (magnitude > max) max = magnitude;
  }
  return max;
}

function quantizeTwin(out: Uint8Array, values: Float32Array): void {
  const view = viewOf(out);
  const codesAt = out.length - values.length;
  for (let start = 0; start < values.length; start += RUN_LENGTH) {
    const run = values.subarray(start, start + RUN_LENGTH);
    const scale = scaleFor(maxMagnitude(run), LEVELS);
    view.setFloat32((4 * start) / RUN_LENGTH, scale, true);
    for (let i = 0; i < run.length; i++) out[codesAt + start + i] = roundToCode(run[i]!, scale, LEVELS);
  }
}

/** values[i] = f32(values[i] + f32(scale of its run * code)), from `body` as quantizeRunsInto writes it. */
export function addRunsInto(values: Float32Array, body: Uint8Array): void {
  const engine = kernels();
  const codesAt = body.length - values.length;
  if (engine === null) {
    addTwin(values, body);
    return;
  }
  updateTiles(engine, values, ({ address, start, end }) => {
    const mark = engine.mark();
    const count = end - start;
    const codes = engine.take(count);
    const scalesAt = (4 * start) / RUN_LENGTH;
    const scalesBytes = 4 * Math.ceil(count / RUN_LENGTH);
    const scales = engine.take(scalesBytes);
    engine.u8.set(body.subarray(codesAt + start, codesAt + end), codes);
    engine.u8.set(body.subarray(scalesAt, scalesAt + scalesBytes), scales);
    engine.run.addRuns(address, codes, scales, count, RUN_LENGTH);
    engine.release(mark);
  });
}

function addTwin(values: Float32Array, body: Uint8Array): void {
  const view = viewOf(body);
  const codesAt = body.length - values.length;
  for (let start = 0; start < values.length; start += RUN_LENGTH) {
    const scale = view.getFloat32((start / RUN_LENGTH) * 4, true);
    const end = Math.min(start + RUN_LENGTH, values.length);
    for (let i = start; i < end; i++) values[i]! += Math.fround(scale * view.getInt8(codesAt + i));
  }
}
