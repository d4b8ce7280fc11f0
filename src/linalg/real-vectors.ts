/**
 * Vectors of float64 for theory: what the linear rates of docs/consensus.md (section 7) are checked with. Sums run in
 * ascending order, so that equal operands give equal bits.
 */

/** out += factor x. */
export function addScaledInto(out: Float64Array, x: Float64Array, factor: number): void {
  for (let k = 0; k < out.length; k++) out[k] += factor * x[k];
}

/** x . y */
export function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += x[k] * y[k];
  return sum;
}

/** x - y, a new vector. */
export function minus(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, k) => value - y[k]);
}

/** ||x - y||^2; ||x||^2 without y. */
export function squaredDistance(x: Float64Array, y?: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) {
    const rest = y === undefined ? x[k] : x[k] - y[k];
    sum += rest * rest;
  }
  return sum;
}

/** The mean of `vectors`, at least one, added up in their order. */
export function meanOf(vectors: readonly Float64Array[]): Float64Array {
  const mean = vectors[0].slice();
  for (const vector of vectors.slice(1)) addScaledInto(mean, vector, 1);
  return mean.map((value) => value / vectors.length);
}
