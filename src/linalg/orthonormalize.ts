/**
 * Orthonormal bases by modified Gram-Schmidt, in float64, in place. A vector that loses more than half of its
 * length is projected a second time, which makes the basis orthogonal to working precision ("twice is enough":
 * Daniel, Gragg, Kaufman and Stewart 1976). The result depends on the directions only, not on the lengths, of the
 * vectors given, and scaling all of them by a power of two changes no bit.
 *
 * A vector that is dependent on those before it becomes zero: a shorter basis, not an invented direction.
 */
import type { Factor } from './skinny-products.js';

/** Below this share of its length a vector is rounding noise of those before it: n 2^-53 with n up to 4096. */
const DEPENDENT = 4096 * 2 ** -53;
const LOST_HALF = 0.5;

function lengthOf(values: Float64Array, start: number, length: number): number {
  let sum = 0;
  for (let i = start; i < start + length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

/** Removes from vector c its components along the vectors before it. */
function projectOut(factor: Factor, c: number): void {
  const { values, length } = factor;
  const own = c * length;
  for (let b = 0; b < c; b++) {
    const other = b * length;
    let dot = 0;
    for (let i = 0; i < length; i++) dot += values[other + i] * values[own + i];
    for (let i = 0; i < length; i++) values[own + i] -= dot * values[other + i];
  }
}

/** Replaces the vectors by an orthonormal basis of their span; dependent ones become zero. */
export function orthonormalizeInPlace(factor: Factor): void {
  const { values, length, rank } = factor;
  for (let c = 0; c < rank; c++) {
    const start = c * length;
    const before = lengthOf(values, start, length);
    projectOut(factor, c);
    let after = lengthOf(values, start, length);
    if (after < LOST_HALF * before && after > DEPENDENT * before) {
      projectOut(factor, c);
      after = lengthOf(values, start, length);
    }
    const dependent = !(after > DEPENDENT * before);
    for (let i = start; i < start + length; i++) values[i] = dependent ? 0 : values[i] / after;
  }
}
