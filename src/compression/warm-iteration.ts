/**
 * The warm-started power iteration of low-rank.ts, and what it finds as a basis for others: orthonormal P after s sweeps
 * of P = orth(Z Q), Q = Z^T P from the last message's Q, at least two when there was none. Used where P is needed before
 * it is rounded: to hand it to another operator (`low-rank+B`), or to choose the rank in sight of what each vector
 * captures.
 */
import { sumOfSquares } from '../linalg/pairs.js';
import { beginPowerIteration, type PowerIteration } from '../linalg/power-iteration.js';
import type { Factor } from '../linalg/skinny-products.js';
import type { BasisMethod } from './factored.js';
import type { BlockSlice, BlockState } from './operator.js';
import { createWarmStart, storeWarmStart, sweepsFrom, warmStartOf } from './warm-start.js';

/** `sweeps` power iterations; the first product is there already. The last left factor goes through `round`. */
export function iterate(
  iteration: PowerIteration,
  sweeps: number,
  round: (left: Factor) => void = () => {},
): void {
  for (let s = 1; s <= sweeps; s++) {
    if (s > 1) iteration.multiply();
    iteration.orthonormalize();
    if (s === sweeps) round(iteration.left);
    iteration.multiplyBack();
  }
}

const copyOf = ({ values, length, rank }: Factor): Factor => ({ values: values.slice(), length, rank });

/** Orthonormal `left` (vectors of m) and Z^T left, from the start in `state`, which stays as it is. */
export function iterateFrom(
  block: BlockSlice,
  state: BlockState,
  iterations: number,
): { readonly left: Factor; readonly right: Factor } {
  const start = warmStartOf(state);
  const iteration = beginPowerIteration(block, start.q);
  try {
    iterate(iteration, sweepsFrom(start, iterations));
    return { left: copyOf(iteration.left), right: copyOf(iteration.right) };
  } finally {
    iteration.end();
  }
}

/** Keeps `right` as the next start. */
export function keepStart(block: BlockSlice, state: BlockState, right: Factor): void {
  const measured = { ...block, energy: sumOfSquares(block.values) };
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
