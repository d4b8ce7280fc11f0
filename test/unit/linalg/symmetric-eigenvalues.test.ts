import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { diagonalizeInto, symmetricEigenvalues } from '../../../src/linalg/symmetric-eigenvalues.js';
import { referenceEigenvalues } from '../../reference/eigenvalues.js';

function randomSymmetric(size: number, seed: number): Float64Array {
  const random = createRandom(seed, 'symmetric');
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = gaussian(random);
  }
  return matrix;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

describe('symmetricEigenvalues', () => {
  it('solves matrices worked by hand', () => {
    expect([...symmetricEigenvalues(new Float64Array(0), 0)]).toEqual([]);
    expect([...symmetricEigenvalues(Float64Array.of(-3), 1)]).toEqual([-3]);
    const two = symmetricEigenvalues(Float64Array.of(2, 1, 1, 2), 2);
    expect(largestDifference(two, Float64Array.of(1, 3))).toBeLessThan(1e-15);
    // [[2,-1,0],[-1,2,-1],[0,-1,2]]: 2 - sqrt 2, 2, 2 + sqrt 2
    const three = symmetricEigenvalues(Float64Array.of(2, -1, 0, -1, 2, -1, 0, -1, 2), 3);
    expect(largestDifference(three, Float64Array.of(2 - Math.SQRT2, 2, 2 + Math.SQRT2))).toBeLessThan(1e-14);
  });

  it('handles zero, diagonal and rank-one matrices, which have nothing to reflect or nothing to shift', () => {
    expect([...symmetricEigenvalues(new Float64Array(25), 5)]).toEqual([0, 0, 0, 0, 0]);
    expect([...symmetricEigenvalues(Float64Array.of(3, 0, 0, 0, -1, 0, 0, 0, 2), 3)]).toEqual([-1, 2, 3]);
    const ones = symmetricEigenvalues(new Float64Array(49).fill(1), 7);
    expect(largestDifference(ones, Float64Array.of(0, 0, 0, 0, 0, 0, 7))).toBeLessThan(1e-14);
  });

  it('stays finite where nothing but rounding noise is left to reflect: rank one at every size up to 100', () => {
    for (let size = 1; size <= 100; size++) {
      const values = symmetricEigenvalues(new Float64Array(size * size).fill(1 / size), size);
      expect(Math.abs(values[size - 1]! - 1)).toBeLessThan(1e-13);
      for (const value of values.subarray(0, size - 1)) expect(Math.abs(value)).toBeLessThan(1e-14);
    }
  });

  it('scales: tiny and huge matrices have tiny and huge eigenvalues', () => {
    for (const scale of [1e-200, 1e200]) {
      const values = symmetricEigenvalues(
        Float64Array.of(2, -1, 0, -1, 2, -1, 0, -1, 2).map((entry) => entry * scale),
        3,
      );
      expect(values[0]! / scale).toBeCloseTo(2 - Math.SQRT2, 13);
      expect(values[2]! / scale).toBeCloseTo(2 + Math.SQRT2, 13);
    }
  });

  it('agrees with ml-matrix to 1e-12 of the norm on random matrices', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(1000), (size, seed) => {
        const matrix = randomSymmetric(size, seed);
        const difference = largestDifference(
          symmetricEigenvalues(matrix, size),
          referenceEigenvalues(matrix, size),
        );
        expect(difference).toBeLessThan(1e-12 * Math.sqrt(size));
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it('keeps the trace and the Frobenius norm', () => {
    const size = 120;
    const matrix = randomSymmetric(size, 3);
    const values = symmetricEigenvalues(matrix, size);
    let trace = 0;
    for (let i = 0; i < size; i++) trace += matrix[i * size + i]!;
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 10);
    const square = (sum: number, value: number): number => sum + value * value;
    expect(values.reduce(square, 0) / matrix.reduce(square, 0)).toBeCloseTo(1, 12);
  });

  it('leaves its input alone and reads the lower triangle only', () => {
    const matrix = Float64Array.of(2, 99, 1, 2);
    expect(largestDifference(symmetricEigenvalues(matrix, 2), Float64Array.of(1, 3))).toBeLessThan(1e-15);
    expect([...matrix]).toEqual([2, 99, 1, 2]);
  });

  it('refuses NaN and a wrong size instead of answering', () => {
    expect(() => symmetricEigenvalues(Float64Array.of(1, 2, 3), 2)).toThrow(/2 x 2/);
    expect(() => symmetricEigenvalues(Float64Array.of(Number.NaN, 1, 1, 1), 2)).toThrow(/finite/);
  });
});

describe('diagonalizeInto', () => {
  it('carries a row of the eigenvector matrix along', () => {
    // [[0,1],[1,0]] has the eigenvectors (1,1) and (1,-1) over sqrt 2; T = 3 diagonal needs no rotation at all.
    const diagonal = Float64Array.of(0, 0);
    const row = Float64Array.of(0, 1);
    diagonalizeInto({ diagonal, offDiagonal: Float64Array.of(1) }, row);
    expect([...diagonal].sort((p, q) => p - q).map((value) => value.toFixed(12))).toEqual([
      '-1.000000000000',
      '1.000000000000',
    ]);
    for (const entry of row) expect(Math.abs(entry)).toBeCloseTo(Math.SQRT1_2, 14);
  });

  it('makes the last entries weigh the diagonal: the sum of s_k^2 theta_k is T_nn', () => {
    const random = createRandom(5, 'tridiagonal');
    const diagonal = Float64Array.from({ length: 30 }, () => gaussian(random));
    const offDiagonal = Float64Array.from({ length: 29 }, () => gaussian(random));
    const corner = diagonal[29]!;
    const row = new Float64Array(30);
    row[29] = 1;
    diagonalizeInto({ diagonal, offDiagonal }, row);
    expect(row.reduce((sum, entry, k) => sum + entry * entry * diagonal[k]!, 0)).toBeCloseTo(corner, 12);
    expect(row.reduce((sum, entry) => sum + entry * entry, 0)).toBeCloseTo(1, 12);
  });
});
