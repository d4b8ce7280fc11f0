/**
 * The warm-started power iteration of low-rank.ts as a basis for others: orthonormal P after s sweeps of P = orth(Z Q),
 * Q = Z^T P from the last message's Q, at least two when there was none. Used where P is needed before it is rounded:
 * to hand it to another operator (`low-rank+B`), or to choose the rank in sight of what each vector captures.
 */
import { orthonormalizeInPlace } from '../linalg/orthonormalize.js';
import { createFactor, type Factor, productInto, transposedProductInto } from '../linalg/skinny-products.js';
import type { BasisMethod } from './factored.js';
import type { BlockSlice, BlockState } from './operator.js';
import { createWarmStart, storeWarmStart, sweepsFrom, warmStartOf } from './warm-start.js';

/** Orthonormal `left` (vectors of m) and Z^T left, from the start in `state`, which stays as it is. */
export function iterateFrom(
  block: BlockSlice,
  state: BlockState,
  iterations: number,
): { readonly left: Factor; readonly right: Factor } {
  const start = warmStartOf(state);
  const { q } = start;
  const rank = q.length / block.cols;
  const left = createFactor(block.rows, rank);
  const right: Factor = { values: Float64Array.from(q), length: block.cols, rank };
  const sweeps = sweepsFrom(start, iterations);
  for (let s = 0; s < sweeps; s++) {
    productInto(left, block, right);
    orthonormalizeInPlace(left);
    transposedProductInto(right, block, left);
  }
  return { left, right };
}

/** ||Z||_F^2. */
export function energyOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}

/** Keeps `right` as the next start. */
export function keepStart(block: BlockSlice, state: BlockState, right: Factor): void {
  const measured = { ...block, energy: energyOf(block.values) };
  storeWarmStart(warmStartOf(state), right, measured);
}

/** The basis of the `low-rank` operator. */
export function warmBasis(rank: number, cols: number, iterations: number): BasisMethod {
  return {
    createState: (random) => createWarmStart(rank * cols, random),
    basis: (block, state) => iterateFrom(block, state, iterations).left,
    settled: keepStart,
  };
}
