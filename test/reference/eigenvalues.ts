/** Naive twin of src/linalg/symmetric-eigenvalues.ts: ml-matrix's eigenvalue decomposition, ascending. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Eigenvalues of a symmetric size x size matrix, row-major. */
export function referenceEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const rows = Matrix.from1DArray(size, size, Array.from(matrix));
  return Float64Array.from(
    new EigenvalueDecomposition(rows, { assumeSymmetric: true }).realEigenvalues,
  ).sort();
}
