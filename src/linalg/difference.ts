/**
 * Differences of parameters, and whether numbers are finite: one pass each. Differences are float32(x - y), the same in
 * kernels and twin, and on copies or in place (vectors.ts).
 */
import { type Kernels, kernels } from './kernels.js';
import { readTiles, TILE_LENGTH, type Tile, updateTiles } from './tiles.js';
import { kernelsFor } from './vectors.js';

/** Bytes of what a pass measures (assembly/block.ts): a float64 energy, and the bits of the largest magnitude. */
const MEASURED_BYTES = 16;
/** Up to this length (a bias, a norm) the twin is done before a kernel has been called. */
const SHORT = 128;
/** What is measured, two tiles, and one number. */
const AREAS = 4;
const ROOM = MEASURED_BYTES + 2 * 4 * TILE_LENGTH + 4;

/** The kernels for `x`, with room for two tiles; null where the twin does the work. */
function kernelsForPass(x: Float32Array): Kernels | null {
  return x.length <= SHORT ? null : kernelsFor(x, ROOM, AREAS);
}

/** Runs `pass` with the address of what it measures; the largest magnitude, not finite when a number is not. */
function measuring(engine: Kernels, pass: (measured: number) => void): number {
  const mark = engine.mark();
  const measured = engine.take(MEASURED_BYTES);
  engine.f64[measured / 8] = 0;
  engine.f64[measured / 8 + 1] = 0;
  pass(measured);
  engine.release(mark);
  return engine.f32[measured / 4 + 2]!;
}

/** max |x|; NaN or infinite when a number is. */
export function largestMagnitude(x: Float32Array): number {
  const engine = kernelsForPass(x);
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
  const engine = kernelsForPass(x);
  if (engine === null) {
    for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
    return largestTwin(out);
  }
  return measuring(engine, (measured) =>
    readTiles(engine, x, (tile) => {
      const formed = subtractTile(engine, { tile, y, measured });
      out.set(engine.f32.subarray(formed / 4, formed / 4 + tile.end - tile.start), tile.start);
    }),
  );
}

/** The address of x - y for a tile of x; it lies on the stack, and nothing has been taken since. */
function subtractTile(
  engine: Kernels,
  { tile, y, measured }: { readonly tile: Tile; readonly y: Float32Array; readonly measured: number },
): number {
  const { address, start, end } = tile;
  const mark = engine.mark();
  const formed = engine.take(4 * (end - start));
  const inReach = engine.holds(y);
  if (!inReach) engine.copyIn(formed, y, tile);
  const other = inReach ? y.byteOffset + 4 * start : formed;
  engine.run.formDifference(formed, address, other, end - start, measured);
  engine.release(mark);
  return formed;
}

/** x += the float32 numbers that lie in `bytes`, little-endian, at any offset. */
export function addBytesInto(x: Float32Array, bytes: Uint8Array): void {
  const engine = kernelsForPass(x);
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
  const engine = bytes.length <= 4 * SHORT ? null : kernels();
  if (engine === null) return largestInBytesTwin(bytes);
  return measuring(engine, (measured) => {
    const numbers = engine.take(Math.min(bytes.length, 4 * TILE_LENGTH));
    for (let start = 0; start < bytes.length; start += 4 * TILE_LENGTH) {
      const tile =
        start === 0 && bytes.length <= 4 * TILE_LENGTH
          ? bytes
          : bytes.subarray(start, start + 4 * TILE_LENGTH);
      engine.u8.set(tile, numbers);
      engine.run.measure(numbers, tile.length / 4, measured);
    }
  });
}

function largestInBytesTwin(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let largest = 0;
  for (let at = 0; at < bytes.length; at += 4)
    largest = Math.max(largest, Math.abs(view.getFloat32(at, true)));
  return largest;
}
