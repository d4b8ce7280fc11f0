/**
 * Rayleigh and Ritz for singular vectors: within the span of orthonormal vectors L (m x l), the best directions for A.
 * With R = A^T L and the rotation J of singular-values.ts, L J are the left singular vectors of L L^T A, so that its
 * first r vectors capture more of A than any other r of the span. The step from a subspace that approximates the
 * leading one to its vectors (Halko, Martinsson and Tropp 2011, stage B of the prototype algorithm).
 */
import { diagonalizeRows, sortByLength } from './singular-values.js';
import { createFactor, type Factor } from './skinny-products.js';

export interface PrincipalBasis {
  /** L J, most energy first. */
  readonly left: Factor;
  /** A^T L J. */
  readonly right: Factor;
  /** ||A^T (L J)_c||^2 = sigma_c^2: what vector c captures of ||A||_F^2. */
  readonly energies: Float64Array;
}

/** Vector c of the result is the sum over b of coefficient b of vector c of `coefficients` times vector b. */
function combine({ values, length, rank }: Factor, coefficients: Factor): Factor {
  const out = createFactor(length, coefficients.rank);
  for (let c = 0; c < coefficients.rank; c++) {
    for (let b = 0; b < rank; b++) {
      const factor = coefficients.values[c * coefficients.length + b]!;
      if (factor === 0) continue;
      for (let i = 0; i < length; i++) out.values[c * length + i]! += factor * values[b * length + i]!;
    }
  }
  return out;
}

/** The principal directions of the span of `left`, where right = A^T left; both stay as they are. */
export function principalBasis(left: Factor, right: Factor): PrincipalBasis {
  const { rotations, lengths } = diagonalizeRows({ ...right, values: right.values.slice() });
  const sorted = sortByLength(rotations, lengths);
  return {
    left: combine(left, sorted.left),
    right: combine(right, sorted.left),
    energies: sorted.values.map((length) => length * length),
  };
}

/** The first `rank` vectors, as a view. */
export function firstVectors({ values, length }: Factor, rank: number): Factor {
  return { values: values.subarray(0, rank * length), length, rank };
}
