import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { leftSingularVectors } from '../../../src/linalg/singular-values.js';
import type { DenseMatrix } from '../../../src/linalg/skinny-products.js';
import {
  gaussianMatrix,
  matrixWithSpectrum,
  naiveGram,
  naiveTransposedProduct,
} from '../../reference/naive-linalg.js';

function referenceValues({ values, rows, cols }: DenseMatrix): number[] {
  const full = Matrix.from1DArray(rows, cols, [...values]);
  return [...new SingularValueDecomposition(full, { autoTranspose: true }).diagonal].sort((a, b) => b - a);
}

const shapes = [
  [1, 1],
  [1, 7],
  [7, 1],
  [5, 5],
  [12, 30],
  [30, 12],
] as const;

describe('left singular vectors', () => {
  it('come with the singular values of another implementation (ml-matrix), largest first', () => {
    for (const [rows, cols] of shapes) {
      const matrix = gaussianMatrix(rows, cols);
      const { values } = leftSingularVectors(matrix);
      const wanted = referenceValues(matrix);
      expect(values.length).toBe(Math.min(rows, cols));
      values.forEach((sigma, c) => expect(Math.abs(sigma - wanted[c])).toBeLessThan(1e-12 * wanted[0]));
    }
  });

  it('are orthonormal and diagonalize A A^T: |A^T u_c| = sigma_c, and A^T u_b is orthogonal to A^T u_c', () => {
    for (const [rows, cols] of shapes) {
      const matrix = gaussianMatrix(rows, cols, 'diagonal');
      const { left, values } = leftSingularVectors(matrix);
      const right = naiveTransposedProduct(matrix, left);
      const [leftGram, rightGram] = [naiveGram(left, left), naiveGram(right, right)];
      for (let b = 0; b < left.rank; b++) {
        for (let c = 0; c < left.rank; c++) {
          const at = b * left.rank + c;
          expect(Math.abs(leftGram[at] - (b === c ? 1 : 0))).toBeLessThan(1e-12);
          expect(Math.abs(rightGram[at] - (b === c ? values[c] ** 2 : 0))).toBeLessThan(
            1e-12 * values[0] ** 2,
          );
        }
      }
    }
  });

  it('have the lengths 3 sqrt(5) and sqrt(5) for [[3, 0], [4, 5]], worked by hand', () => {
    const { values } = leftSingularVectors({ values: Float32Array.of(3, 0, 4, 5), rows: 2, cols: 2 });
    expect(values[0]).toBeCloseTo(3 * Math.sqrt(5), 12);
    expect(values[1]).toBeCloseTo(Math.sqrt(5), 12);
  });

  it('bear zeros, repeated rows and one entry, and lower ranks than the shape has', () => {
    const zero = leftSingularVectors({ values: new Float32Array(12), rows: 4, cols: 3 });
    expect([...zero.values]).toEqual([0, 0, 0]);
    const repeated = leftSingularVectors({ values: new Float32Array(12).fill(2), rows: 3, cols: 4 });
    expect(repeated.values[0]).toBeCloseTo(2 * Math.sqrt(12), 12);
    expect(repeated.values[1]).toBeLessThan(1e-14);
    const low = leftSingularVectors(matrixWithSpectrum({ rows: 20, cols: 9 }, [5, 3], 'low'));
    expect(low.values[0]).toBeCloseTo(5, 5);
    expect(low.values[1]).toBeCloseTo(3, 5);
    expect(low.values[2]).toBeLessThan(1e-5); // float32 entries
  });

  it('change no bit when the matrix is scaled by a power of two, and the singular values scale along', () => {
    const matrix = gaussianMatrix(9, 14, 'scaled');
    const plain = leftSingularVectors(matrix);
    const scaled = leftSingularVectors({ ...matrix, values: matrix.values.map((x) => x * 2 ** -60) });
    expect(scaled.left.values).toEqual(plain.left.values);
    expect(scaled.values).toEqual(plain.values.map((sigma) => sigma * 2 ** -60));
  });
});
