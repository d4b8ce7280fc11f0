/**
 * Naive twins of src/linalg: one loop nest a formula, in the order the formula is read. Tests compare the fast
 * kernels with these, to rounding where the order of sums is free and to the bit where it is part of the contract.
 */
import { createRandom, gaussian, type SeedPart } from '../../src/base/random.js';
import type { SingleFactor } from '../../src/linalg/outer-product.js';
import { createFactor, type DenseMatrix, type Factor } from '../../src/linalg/skinny-products.js';

/** A matrix of independent N(0, 1) numbers. */
export function gaussianMatrix(rows: number, cols: number, ...seed: readonly SeedPart[]): DenseMatrix {
  const random = createRandom('gaussian matrix', rows, cols, ...seed);
  return { values: Float32Array.from({ length: rows * cols }, () => gaussian(random)), rows, cols };
}

/** A factor of independent N(0, 1) numbers. */
export function gaussianFactor(length: number, rank: number, ...seed: readonly SeedPart[]): Factor {
  const random = createRandom('gaussian factor', length, rank, ...seed);
  return { values: Float64Array.from({ length: length * rank }, () => gaussian(random)), length, rank };
}

/** Entry i of vector c. */
export function at(factor: Factor, c: number, i: number): number {
  return factor.values[c * factor.length + i];
}

/** A right. */
export function naiveProduct(matrix: DenseMatrix, right: Factor): Factor {
  const out = createFactor(matrix.rows, right.rank);
  for (let i = 0; i < matrix.rows; i++) {
    for (let c = 0; c < right.rank; c++) {
      for (let j = 0; j < matrix.cols; j++) {
        out.values[c * matrix.rows + i] += matrix.values[i * matrix.cols + j] * at(right, c, j);
      }
    }
  }
  return out;
}

/** A^T left. */
export function naiveTransposedProduct(matrix: DenseMatrix, left: Factor): Factor {
  const out = createFactor(matrix.cols, left.rank);
  for (let j = 0; j < matrix.cols; j++) {
    for (let c = 0; c < left.rank; c++) {
      for (let i = 0; i < matrix.rows; i++) {
        out.values[c * matrix.cols + j] += matrix.values[i * matrix.cols + j] * at(left, c, i);
      }
    }
  }
  return out;
}

/** out += left right^T with the rounding of the wire contract: float32 after every product and every sum. */
export function naiveAddOuterProduct(out: DenseMatrix, left: SingleFactor, right: SingleFactor): void {
  const f32 = Math.fround;
  for (let i = 0; i < out.rows; i++) {
    for (let j = 0; j < out.cols; j++) {
      const term = (c: number) => f32(left.values[c * left.length + i] * right.values[c * right.length + j]);
      let sum = term(0);
      for (let c = 1; c < left.rank; c++) sum = f32(sum + term(c));
      out.values[i * out.cols + j] = f32(out.values[i * out.cols + j] + sum);
    }
  }
}

/** left^T right, r x s, row-major: inner products of all pairs of vectors. */
export function naiveGram(left: Factor, right: Factor): Float64Array {
  const gram = new Float64Array(left.rank * right.rank);
  for (let b = 0; b < left.rank; b++) {
    for (let c = 0; c < right.rank; c++) {
      for (let i = 0; i < left.length; i++) gram[b * right.rank + c] += at(left, b, i) * at(right, c, i);
    }
  }
  return gram;
}

/** A matrix with the given singular values and random singular vectors, from a naive Gram-Schmidt. */
export function matrixWithSpectrum(
  shape: { readonly rows: number; readonly cols: number },
  singular: readonly number[],
  ...seed: readonly SeedPart[]
): DenseMatrix {
  const left = naiveBasis(gaussianFactor(shape.rows, singular.length, 'left', ...seed));
  const right = naiveBasis(gaussianFactor(shape.cols, singular.length, 'right', ...seed));
  const values = new Float32Array(shape.rows * shape.cols);
  for (let i = 0; i < shape.rows; i++) {
    for (let j = 0; j < shape.cols; j++) {
      let sum = 0;
      for (const [c, sigma] of singular.entries()) sum += sigma * at(left, c, i) * at(right, c, j);
      values[i * shape.cols + j] = sum;
    }
  }
  return { values, ...shape };
}

/** Classical Gram-Schmidt, each vector projected twice. */
function naiveBasis(factor: Factor): Factor {
  const { length, rank } = factor;
  const basis: number[][] = [];
  for (let c = 0; c < rank; c++) {
    let vector = Array.from({ length }, (_, i) => at(factor, c, i));
    for (let pass = 0; pass < 2; pass++) {
      const dots = basis.map((other) => other.reduce((sum, x, i) => sum + x * vector[i], 0));
      vector = vector.map((x, i) => x - basis.reduce((sum, other, b) => sum + dots[b] * other[i], 0));
    }
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    basis.push(vector.map((x) => x / norm));
  }
  return { values: Float64Array.from(basis.flat()), length, rank };
}
