/**
 * out += P Q^T: the receiver's half of low-rank compression, and part of the wire contract. Entry (i, j) becomes
 *
 *     f32(out + s),   s = f32(... f32(f32(P[0][i] Q[0][j]) + f32(P[1][i] Q[1][j])) + ...)
 *
 * with float32 products and sums in ascending order of the vectors: four entries share an instruction without any
 * change of bits, on every machine (docs/decisions/0009). No fused multiply-add.
 */
import { groupedBytes, type Kernels, TILE_BYTES } from './kernels.js';
import type { DenseMatrix } from './skinny-products.js';
import { kernelsFor } from './vectors.js';

/** Both factors, the right one in groups, a tile of `out`, and the sums of a row. */
const AREAS = 5;

/** `rank` vectors of `length` float32 numbers, one after another. */
export interface SingleFactor {
  readonly values: Float32Array;
  readonly length: number;
  readonly rank: number;
}

/** out += left right^T, where out is m x n, left holds r vectors of m and right r vectors of n. */
export function addOuterProductInto(out: DenseMatrix, left: SingleFactor, right: SingleFactor): void {
  const engine = kernelsForSum(out, left.rank);
  if (engine === null) {
    addOuterProductTwin(out, left, right);
    return;
  }
  const mark = engine.mark();
  const p = engine.take(left.values.byteLength);
  const q = engine.take(right.values.byteLength);
  engine.f32.set(left.values, p / 4);
  engine.f32.set(right.values, q / 4);
  addByKernels(engine, out, { p, q, rank: left.rank });
  engine.release(mark);
}

/**
 * As addOuterProductInto, of `rank` vectors of m and then as many of n as they travel: float32, little-endian, at any
 * offset.
 */
export function addOuterProductOfBytesInto(out: DenseMatrix, bytes: Uint8Array, rank: number): void {
  const { rows, cols } = out;
  const engine = kernelsForSum(out, rank);
  if (engine === null) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const read = (from: number, length: number): SingleFactor => {
      const values = Float32Array.from({ length: rank * length }, (_, k) =>
        view.getFloat32(4 * (from + k), true),
      );
      return { values, length, rank };
    };
    addOuterProductTwin(out, read(0, rows), read(rank * rows, cols));
    return;
  }
  const mark = engine.mark();
  const p = engine.take(bytes.length);
  engine.u8.set(bytes, p);
  addByKernels(engine, out, { p, q: p + 4 * rank * rows, rank });
  engine.release(mark);
}

/** Rows of a tile of `out`. */
function tileRowsOf({ rows, cols }: DenseMatrix): number {
  return Math.min(rows, Math.max(1, Math.floor(TILE_BYTES / (4 * cols))));
}

/** The sums of a row, written four at a time. */
const sumsBytes = (cols: number): number => groupedBytes(cols, 1);

/** The kernels for `out`, with room for the factors, the sums of a row and a tile; null where the twin does the work. */
function kernelsForSum(out: DenseMatrix, rank: number): Kernels | null {
  const { rows, cols, values } = out;
  const factors = 4 * rank * (rows + cols) + groupedBytes(cols, rank);
  const bytes = factors + 4 * tileRowsOf(out) * cols + sumsBytes(cols);
  const engine = kernelsFor(values, bytes, AREAS);
  engine?.reserve(bytes, AREAS);
  return engine;
}

/** out += the outer product of the factors at the addresses p and q. */
function addByKernels(
  engine: Kernels,
  out: DenseMatrix,
  { p, q, rank }: { readonly p: number; readonly q: number; readonly rank: number },
): void {
  const { values, rows, cols } = out;
  const sums = engine.take(sumsBytes(cols));
  const groups = engine.take(groupedBytes(cols, rank));
  engine.run.groupSingles(groups, q, cols, rank);
  if (engine.holds(values)) {
    engine.run.addOuterProduct(values.byteOffset, rows, cols, rank, p, rows, groups, sums);
    return;
  }
  const tileRows = tileRowsOf(out);
  const tile = engine.take(4 * tileRows * cols);
  for (let first = 0; first < rows; first += tileRows) {
    const count = Math.min(tileRows, rows - first);
    const start = first * cols;
    engine.copyIn(tile, values, { start, end: start + count * cols });
    engine.run.addOuterProduct(tile, count, cols, rank, p + 4 * first, rows, groups, sums);
    values.set(engine.f32.subarray(tile / 4, tile / 4 + count * cols), start);
  }
}

/** addOuterProductInto in TypeScript: the definition, and the way where there are no kernels. */
export function addOuterProductTwin(out: DenseMatrix, left: SingleFactor, right: SingleFactor): void {
  const { values, rows, cols } = out;
  const { values: p, rank } = left;
  const q = right.values;
  const sums = new Float32Array(cols);
  for (let i = 0; i < rows; i++) {
    const first = p[i]!;
    for (let j = 0; j < cols; j++) sums[j] = first * q[j]!;
    for (let c = 1; c < rank; c++) {
      const pc = p[c * rows + i]!;
      for (let j = 0; j < cols; j++) sums[j] = sums[j]! + Math.fround(pc * q[c * cols + j]!);
    }
    for (let j = 0; j < cols; j++) values[i * cols + j]! += sums[j]!;
  }
}
