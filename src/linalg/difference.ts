/**
 * Differences of parameters, and whether numbers are finite: one pass each. Differences are float32(x - y), the same in
 * kernels and twin.
 */
import { type Kernels, kernels } from './kernels.js';
import { readTiles, TILE_LENGTH, type Tile, updateTiles } from './tiles.js';

/** Bytes of what a pass measures (assembly/block.ts): a float64 energy, and the bits of the largest magnitude. */
const MEASURED_BYTES = 16;

/** Runs `pass` with the address of what it measures; the largest magnitude, not finite when a number is not. */
function measuring(engine: Kernels, pass: (measured: number) => void): number {
  const mark = engine.mark();
  const measured = engine.take(MEASURED_BYTES);
  engine.u32.fill(0, measured / 4, (measured + MEASURED_BYTES) / 4);
  pass(measured);
  engine.release(mark);
  return engine.f32[measured / 4 + 2]!;
}

/** max |x|; NaN or infinite when a number is. */
export function largestMagnitude(x: Float32Array): number {
  const engine = kernels();
  if (engine === null) return largestTwin(x);
  return measuring(engine, (measured) =>
    readTiles(engine, x, ({ address, start, end }) => engine.run.measure(address, end - start, measured)),
  );
}

function largestTwin(x: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const magnitude = Math.abs(x[i]!);
    if (magnitude > largest) largest = magnitude;
    else if (Number.isNaN(magnitude)) return magnitude;
  }
  return largest;
}

/** out = x - y in float32; returns max |out|, NaN or infinite when a number is. */
export function differenceInto(out: Float32Array, x: Float32Array, y: Float32Array): number {
  const engine = kernels();
  if (engine === null) {
    for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
    return largestTwin(out);
  }
  return measuring(engine, (measured) =>
    readTiles(engine, x, (tile) => {
      subtractTile(engine, { tile, y, measured });
      const { address, start, end } = tile;
      out.set(engine.f32.subarray(address / 4, address / 4 + end - start), start);
    }),
  );
}

function subtractTile(
  engine: Kernels,
  { tile, y, measured }: { readonly tile: Tile; readonly y: Float32Array; readonly measured: number },
): void {
  const mark = engine.mark();
  const count = tile.end - tile.start;
  const other = engine.take(4 * count);
  engine.copyIn(other, y, tile);
  engine.run.formDifference(tile.address, tile.address, other, count, measured);
  engine.release(mark);
}

/** x += the float32 numbers that lie in `bytes`, little-endian, at any offset. */
export function addBytesInto(x: Float32Array, bytes: Uint8Array): void {
  const engine = kernels();
  if (engine === null) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < x.length; i++) x[i]! += view.getFloat32(4 * i, true);
    return;
  }
  updateTiles(engine, x, ({ address, start, end }) => {
    const mark = engine.mark();
    const count = end - start;
    const terms = engine.take(4 * count);
    const one = engine.take(4);
    engine.u8.set(bytes.subarray(4 * start, 4 * end), terms);
    engine.f32[one / 4] = 1;
    // The outer product of 1 and the terms: 1 times a number is the number.
    engine.run.addOuterProduct(address, 1, count, 1, one, 1, terms, 0);
    engine.release(mark);
  });
}

/** max |x| of the float32 numbers that lie in `bytes`; NaN or infinite when a number is. */
export function largestInBytes(bytes: Uint8Array): number {
  const engine = kernels();
  if (engine === null) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let largest = 0;
    for (let at = 0; at < bytes.length; at += 4)
      largest = Math.max(largest, Math.abs(view.getFloat32(at, true)));
    return largest;
  }
  return measuring(engine, (measured) => {
    const numbers = engine.take(Math.min(bytes.length, 4 * TILE_LENGTH));
    for (let start = 0; start < bytes.length; start += 4 * TILE_LENGTH) {
      const tile = bytes.subarray(start, start + 4 * TILE_LENGTH);
      engine.u8.set(tile, numbers);
      engine.run.measure(numbers, tile.length / 4, measured);
    }
  });
}
