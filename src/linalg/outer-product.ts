/**
 * out += P Q^T: the receiver's half of low-rank compression, and part of the wire contract. Entry (i, j) becomes
 *
 *     f32(out + s),   s = f32(... f32(f32(P[0][i] Q[0][j]) + f32(P[1][i] Q[1][j])) + ...)
 *
 * with float32 products and sums in ascending order of the vectors: four entries share an instruction without any
 * change of bits, on every machine (docs/decisions/0009). No fused multiply-add.
 */
import { type Kernels, kernels, TILE_BYTES } from './kernels.js';
import type { DenseMatrix } from './skinny-products.js';

/** `rank` vectors of `length` float32 numbers, one after another. */
export interface SingleFactor {
  readonly values: Float32Array;
  readonly length: number;
  readonly rank: number;
}

/** out += left right^T, where out is m x n, left holds r vectors of m and right r vectors of n. */
export function addOuterProductInto(out: DenseMatrix, left: SingleFactor, right: SingleFactor): void {
  const engine = kernels();
  if (engine === null) addOuterProductTwin(out, left, right);
  else addByKernels(engine, out, { left, right });
}

/** The address of the numbers of `factor`, brought in unless they are there. */
function placeOf(engine: Kernels, { values }: SingleFactor): number {
  if (engine.holds(values)) return values.byteOffset;
  const at = engine.take(values.byteLength);
  engine.f32.set(values, at / 4);
  return at;
}

function addByKernels(
  engine: Kernels,
  { values, rows, cols }: DenseMatrix,
  { left, right }: { readonly left: SingleFactor; readonly right: SingleFactor },
): void {
  const { rank } = left;
  const mark = engine.mark();
  const tileRows = Math.min(rows, Math.max(1, Math.floor(TILE_BYTES / (4 * cols))));
  engine.reserve(left.values.byteLength + right.values.byteLength + 4 * (tileRows + 1) * cols, 4);
  const p = placeOf(engine, left);
  const q = placeOf(engine, right);
  const tile = engine.take(4 * tileRows * cols);
  const sums = engine.take(4 * cols);
  for (let first = 0; first < rows; first += tileRows) {
    const count = Math.min(tileRows, rows - first);
    const start = first * cols;
    engine.copyIn(tile, values, { start, end: start + count * cols });
    engine.run.addOuterProduct(tile, count, cols, rank, p + 4 * first, rows, q, sums);
    values.set(engine.f32.subarray(tile / 4, tile / 4 + count * cols), start);
  }
  engine.release(mark);
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
