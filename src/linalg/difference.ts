/**
 * Differences of parameters, and whether numbers are finite: one pass each. Differences are float32(x - y), the same in
 * kernels and twin, and on copies or in place (vectors.ts).
 */
import { type Kernels, kernels } from './kernels.js';
import { readTiles, TILE_LENGTH, type Tile, updateTiles } from './tiles.js';
import { kernelsFor } from './vectors.js';

/** Up to this length (a bias, a norm) the twin is done before a kernel has been called. */
const SHORT = 128;
/** Two tiles, and one number. */
const AREAS = 3;
const ROOM = 2 * 4 * TILE_LENGTH + 4;

/** The kernels for `x`, with room for two tiles; null where the twin does the work. */
function kernelsForPass(x: Float32Array): Kernels | null {
  return x.length <= SHORT ? null : kernelsFor(x, ROOM, AREAS);
}

/** max |x|; NaN or infinite when a number is. */
export function largestMagnitude(x: Float32Array): number {
  const engine = kernelsForPass(x);
  if (engine === null) return largestTwin(x);
  let largest = 0;
  readTiles(engine, x, ({ address, start, end }) => {
    largest = Math.max(largest, engine.run.largestMagnitude(address, end - start)); // NaN, once in, stays
  });
  return largest;
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

/** out = x - y in float32; whether all of it is finite. */
export function differenceInto(out: Float32Array, x: Float32Array, y: Float32Array): boolean {
  const engine = kernelsForPass(x);
  if (engine === null) {
    for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
    return Number.isFinite(largestTwin(out));
  }
  let energy = 0;
  readTiles(engine, x, (tile) => {
    const formed = subtractTile(engine, tile, y);
    energy += formed.energy;
    out.set(engine.f32.subarray(formed.at / 4, formed.at / 4 + tile.end - tile.start), tile.start);
  });
  // Squares may leave float32 where the numbers do not.
  return Number.isFinite(energy) || Number.isFinite(largestMagnitude(out));
}

/** x - y for a tile of x: its energy, and its address on the stack, where nothing has been taken since. */
function subtractTile(
  engine: Kernels,
  tile: Tile,
  y: Float32Array,
): { readonly at: number; readonly energy: number } {
  const { address, start, end } = tile;
  const mark = engine.mark();
  const formed = engine.take(4 * (end - start));
  const inReach = engine.holds(y);
  if (!inReach) engine.copyIn(formed, y, tile);
  const other = inReach ? y.byteOffset + 4 * start : formed;
  const energy = engine.run.formDifference(formed, address, other, end - start);
  engine.release(mark);
  return { at: formed, energy };
}

/** Where short arrays are brought from bytes at any offset: a view made for each would take longer than its numbers. */
const shortBytes = new Uint8Array(4 * SHORT);
const shortNumbers = new DataView(shortBytes.buffer);

/** `bytes`, to read numbers from; until the next call. */
function viewOf(bytes: Uint8Array): DataView {
  if (bytes.length > shortBytes.length) return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  shortBytes.set(bytes);
  return shortNumbers;
}

/** x += the float32 numbers that lie in `bytes`, little-endian, at any offset. */
export function addBytesInto(x: Float32Array, bytes: Uint8Array): void {
  const engine = kernelsForPass(x);
  if (engine === null) {
    const view = viewOf(bytes);
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
    // The outer product of 1 and the terms, which are a group of one vector: 1 times a number is the number.
    engine.run.addOuterProduct(address, 1, count, 1, one, 1, terms, 0);
    engine.release(mark);
  });
}

/** max |x| of the float32 numbers that lie in `bytes`; NaN or infinite when a number is. */
export function largestInBytes(bytes: Uint8Array): number {
  const engine = bytes.length <= 4 * SHORT ? null : kernels();
  if (engine === null) return largestInBytesTwin(bytes);
  const mark = engine.mark();
  const numbers = engine.take(Math.min(bytes.length, 4 * TILE_LENGTH));
  let largest = 0;
  for (let start = 0; start < bytes.length; start += 4 * TILE_LENGTH) {
    const whole = start === 0 && bytes.length <= 4 * TILE_LENGTH;
    const tile = whole ? bytes : bytes.subarray(start, start + 4 * TILE_LENGTH);
    engine.u8.set(tile, numbers);
    largest = Math.max(largest, engine.run.largestMagnitude(numbers, tile.length / 4));
  }
  engine.release(mark);
  return largest;
}

function largestInBytesTwin(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  let largest = 0;
  for (let at = 0; at < bytes.length; at += 4)
    largest = Math.max(largest, Math.abs(view.getFloat32(at, true)));
  return largest;
}
