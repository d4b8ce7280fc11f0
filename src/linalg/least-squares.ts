/**
 * The best right factor for a left factor that is not orthonormal. For given P the X that minimizes
 * ||A - P X^T||_F is X = A^T P (P^T P)^-1 (the normal equations), solved here by a Cholesky factorization of the
 * r x r Gram matrix, in float64. P is orthonormal up to a coarse rounding, so the Gram matrix is well conditioned;
 * vectors of P that are zero or dependent on earlier ones get the coefficient zero.
 */
import type { Factor } from './skinny-products.js';

/** A pivot below this share of its diagonal entry belongs to a dependent vector. */
const SMALLEST_PIVOT = 1e-10;

/** Lower triangle of L with L L^T = P^T P, row-major r x r; dependent vectors have a zero on the diagonal. */
function choleskyOfGram({ values, length, rank }: Factor): Float64Array {
  const lower = new Float64Array(rank * rank);
  for (let c = 0; c < rank; c++) {
    let diagonal = 0;
    for (let k = c; k < rank; k++) {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += values[c * length + i] * values[k * length + i];
      if (k === c) diagonal = sum;
      for (let b = 0; b < c; b++) sum -= lower[c * rank + b] * lower[k * rank + b];
      if (k === c) lower[c * rank + c] = sum > SMALLEST_PIVOT * diagonal ? Math.sqrt(sum) : 0;
      else lower[k * rank + c] = lower[c * rank + c] === 0 ? 0 : sum / lower[c * rank + c];
    }
  }
  return lower;
}

/** right[c] -= factor * right[b]. */
function subtractVector({ values, length }: Factor, c: number, from: { b: number; factor: number }): void {
  for (let i = 0; i < length; i++) values[c * length + i] -= from.factor * values[from.b * length + i];
}

/** right[c] /= divisor; zero where the divisor is. */
function divideVector({ values, length }: Factor, c: number, divisor: number): void {
  for (let i = c * length; i < (c + 1) * length; i++) values[i] = divisor === 0 ? 0 : values[i] / divisor;
}

/** right = right (left^T left)^-1, where right holds A^T left on entry: the least-squares factor on return. */
export function solveRightFactorInPlace(right: Factor, left: Factor): void {
  const { rank } = right;
  const lower = choleskyOfGram(left);
  for (let c = 0; c < rank; c++) {
    for (let b = 0; b < c; b++) subtractVector(right, c, { b, factor: lower[c * rank + b] });
    divideVector(right, c, lower[c * rank + c]);
  }
  for (let c = rank - 1; c >= 0; c--) {
    for (let b = c + 1; b < rank; b++) subtractVector(right, c, { b, factor: lower[b * rank + c] });
    divideVector(right, c, lower[c * rank + c]);
  }
}
