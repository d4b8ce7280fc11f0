/**
 * Effective number of neighbors (Vogels, Hendrikx and Jaggi 2022, "Beyond spectral gap: the role of the topology in
 * decentralized learning", section 3): with how many others a node averages, as noise sees it.
 *
 * Each round every node adds noise of variance 1 and mixes: z <- W_t (sqrt(gamma) z + xi). Without mixing the variance
 * of z settles at 1 / (1 - gamma); the effective number of neighbors is by how much mixing divides that. For one
 * symmetric W with eigenvalues lambda_i
 *
 *     n_W(gamma) = (1 / (1 - gamma)) / ((1/n) sum over i of lambda_i^2 / (1 - gamma lambda_i^2))
 *
 * between 1 (no mixing) and n (W = J). gamma is how much of what was learned is still of use a round later: near 0 only
 * the nearest count, which is a large learning rate; near 1 all do, and the order of graphs is that of their gaps.
 */
import { assert } from '../base/assert.js';
import { toDense } from './mixing.js';
import type { MixingMatrix } from './topology.js';

/** @param eigenvalues all n of W, the 1 among them; gamma in [0, 1) */
export function effectiveNeighbors(eigenvalues: Float64Array, gamma: number): number {
  assert(gamma >= 0 && gamma < 1, `gamma ${gamma} is in [0, 1)`);
  let variance = 0;
  for (const value of eigenvalues) variance += value ** 2 / (1 - gamma * value ** 2);
  return eigenvalues.length / ((1 - gamma) * variance);
}

/** Squarings after which gamma^(2^k) is nothing: 2^40 rounds leave none of gamma = 1 - 1e-9. */
const MAX_SQUARINGS = 40;

/**
 * The same of W_1, W_2, ..., W_p, W_1, ...: the mean over the rounds of a period of the variance. The covariance
 * C <- W_t (gamma C + I) W_t^T after whole periods solves C = M C M^T + Q with M = gamma^(p/2) W_p ... W_1, which is
 * summed by squaring (Smith 1968, "Matrix equation XA + BX = C"). O(n^3) a squaring. W_t need not be symmetric.
 */
export function effectiveNeighborsOfPeriod(period: readonly MixingMatrix[], gamma: number): number {
  assert(gamma >= 0 && gamma < 1 && period.length > 0, `gamma ${gamma} is in [0, 1), and there is a round`);
  const { nodes } = period[0]!.graph;
  const rounds = period.map(toDense);
  const propagate = (covariance: Float64Array, w: Float64Array): Float64Array => {
    const grown = covariance.map((entry) => gamma * entry);
    for (let i = 0; i < nodes; i++) grown[i * nodes + i]! += 1;
    return conjugate(w, grown, nodes);
  };
  const added = rounds.reduce(propagate, new Float64Array(nodes * nodes));
  const product = rounds.reduce((sofar, w) => multiply(w, sofar, nodes));
  const damping = gamma ** (period.length / 2);
  let covariance = stationary(
    product.map((entry) => damping * entry),
    added,
    nodes,
  );
  let variance = 0;
  for (const w of rounds) {
    covariance = propagate(covariance, w);
    for (let i = 0; i < nodes; i++) variance += covariance[i * nodes + i]!;
  }
  return (nodes * period.length) / ((1 - gamma) * variance);
}

/** Sum over k of M^k Q (M^k)^T. */
function stationary(m: Float64Array, q: Float64Array, n: number): Float64Array {
  let [sum, power] = [q, m];
  for (let squaring = 0; squaring < MAX_SQUARINGS; squaring++) {
    if (power.every((entry) => Math.abs(entry) < 1e-18)) break;
    const rest = conjugate(power, sum, n);
    sum = sum.map((entry, k) => entry + rest[k]!);
    power = multiply(power, power, n);
  }
  return sum;
}

/** A C A^T, all n x n and row-major. */
function conjugate(a: Float64Array, c: Float64Array, n: number): Float64Array {
  const left = multiply(a, c, n);
  const transposed = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) transposed[j * n + i] = a[i * n + j]!;
  return multiply(left, transposed, n);
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]!;
      if (factor === 0) continue; // W is sparse
      for (let j = 0; j < n; j++) product[i * n + j]! += factor * b[k * n + j]!;
    }
  }
  return product;
}
