/**
 * Symmetric positive definite systems by the factorization A = L L^T (Golub and Van Loan 2013, Matrix Computations,
 * algorithm 4.2.1). Dense, row-major, float64; n^3 / 3 multiplications. That it fails is how one tells that A is not
 * positive definite.
 */

/** L, lower triangular. */
export interface CholeskyFactor {
  readonly size: number;
  readonly lower: Float64Array;
}

/** Reads the lower triangle of `matrix`, size x size. Undefined where it is not positive definite. */
export function cholesky(matrix: Float64Array, size: number): CholeskyFactor | undefined {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (j < i) lower[i * size + j] = sum / lower[j * size + j]!;
      else if (sum > 0) lower[i * size + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return { size, lower };
}

/** x with A x = b. */
export function solveCholesky({ size, lower }: CholeskyFactor, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 0; i < size; i++) {
    let sum = x[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * x[k]!;
    x[i] = sum / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < size; k++) sum -= lower[k * size + i]! * x[k]!;
    x[i] = sum / lower[i * size + i]!;
  }
  return x;
}

/** The inverse of a positive definite matrix, exactly symmetric; undefined where it is not one. */
export function inverseOf(matrix: Float64Array, size: number): Float64Array | undefined {
  const factor = cholesky(matrix, size);
  if (factor === undefined) return undefined;
  const inverse = new Float64Array(size * size);
  const unit = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    unit.fill(0);
    unit[j] = 1;
    const column = solveCholesky(factor, unit);
    for (let i = 0; i <= j; i++) {
      inverse[i * size + j] = column[i]!;
      inverse[j * size + i] = column[i]!;
    }
  }
  return inverse;
}
