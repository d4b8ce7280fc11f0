/**
 * Signs as bits, 1 for a number below 0, the first in the lowest bit of a byte: to and from arrays, 64 at a time in
 * kernels. Bits, and what is added, are the same either way; the sum of magnitudes may differ in its last digits.
 */
import { kernels } from '../linalg/kernels.js';
import { readTiles, updateTiles } from '../linalg/tiles.js';

/** out = the signs of `values`, ceil(d / 8) bytes of zeros before; returns ||values||_1 in float64. */
export function packSignsInto(out: Uint8Array, values: Float32Array): number {
  const engine = kernels();
  let sum = 0;
  if (engine === null) {
    for (let i = 0; i < values.length; i++) {
      sum += Math.abs(values[i]!);
      if (values[i]! < 0) out[i >> 3]! |= 1 << (i & 7);
    }
    return sum;
  }
  readTiles(engine, values, ({ address, start, end }) => {
    const mark = engine.mark();
    const bytes = Math.ceil((end - start) / 8);
    const bits = engine.take(bytes);
    engine.run.packSigns(bits, address, end - start);
    sum += engine.run.magnitudeSum(address, end - start);
    out.set(engine.u8.subarray(bits, bits + bytes), start / 8);
    engine.release(mark);
  });
  return sum;
}

/** values[i] = f32(values[i] + scale), or - scale where bit i is set; `scale` is a float32. */
export function addSignsInto(values: Float32Array, signs: Uint8Array, scale: number): void {
  const engine = kernels();
  if (engine === null) {
    for (let i = 0; i < values.length; i++) {
      values[i]! += ((signs[i >> 3]! >> (i & 7)) & 1) === 1 ? -scale : scale;
    }
    return;
  }
  updateTiles(engine, values, ({ address, start, end }) => {
    const mark = engine.mark();
    const bytes = signs.subarray(start / 8, Math.ceil(end / 8));
    const bits = engine.take(bytes.length);
    engine.u8.set(bytes, bits);
    engine.run.addSigns(address, bits, end - start, scale);
    engine.release(mark);
  });
}
