import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LeadingTridiagonal, topPairOf } from '../../../src/linalg/tridiagonal-top.js';
import { referenceEigenvalues } from '../../reference/eigenvalues.js';

const matrixOf = (diagonal: readonly number[], offDiagonal: readonly number[]): LeadingTridiagonal => ({
  size: diagonal.length,
  diagonal: Float64Array.from(diagonal),
  offDiagonal: Float64Array.from(offDiagonal),
});

function dense({ size, diagonal, offDiagonal }: LeadingTridiagonal): Float64Array {
  const entries = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    entries[i * size + i] = diagonal[i]!;
    if (i === 0) continue;
    entries[i * size + i - 1] = offDiagonal[i - 1]!;
    entries[(i - 1) * size + i] = offDiagonal[i - 1]!;
  }
  return entries;
}

describe('topPairOf', () => {
  it('solves [[2, 1], [1, 2]]: 3 and 1, (1, 1) / sqrt 2', () => {
    const { value, next, vector } = topPairOf(matrixOf([2, 2], [1]));
    expect(value).toBeCloseTo(3, 14);
    expect(next).toBeCloseTo(1, 14);
    expect(Math.abs(vector[0]! + vector[1]!)).toBeCloseTo(Math.SQRT2, 12);
  });

  it('reads only the leading part', () => {
    const { value } = topPairOf({
      size: 1,
      diagonal: Float64Array.of(-4, 9),
      offDiagonal: Float64Array.of(7),
    });
    expect(value).toBeCloseTo(-4, 14);
  });

  it('knows the second difference: 2 cos(pi / (n + 1)) and 2 cos(2 pi / (n + 1))', () => {
    const { value, next } = topPairOf(matrixOf(new Array(50).fill(0), new Array(49).fill(1)));
    expect(value).toBeCloseTo(2 * Math.cos(Math.PI / 51), 13);
    expect(next).toBeCloseTo(2 * Math.cos((2 * Math.PI) / 51), 13);
  });

  it('survives zeros: a zero matrix, one that falls apart, a double eigenvalue', () => {
    expect(topPairOf(matrixOf([0, 0, 0], [0, 0])).value).toBeCloseTo(0, 14);
    const apart = topPairOf(matrixOf([1, 5, 5], [0, 0]));
    expect([apart.value, apart.next]).toEqual([expect.closeTo(5, 13), expect.closeTo(5, 13)]);
  });

  it('agrees with ml-matrix, and its vector solves T s = theta s', () => {
    const entry = fc.integer({ min: -1000, max: 1000 }).map((thousandths) => thousandths / 1000);
    const matrices = fc
      .integer({ min: 1, max: 30 })
      .chain((n) =>
        fc.tuple(
          fc.array(entry, { minLength: n, maxLength: n }),
          fc.array(entry, { minLength: n - 1, maxLength: n - 1 }),
        ),
      );
    fc.assert(
      fc.property(matrices, ([diagonal, offDiagonal]) => {
        const matrix = matrixOf(diagonal, offDiagonal);
        const { size } = matrix;
        const reference = referenceEigenvalues(dense(matrix), size);
        const { value, next, vector } = topPairOf(matrix);
        expect(Math.abs(value - reference[size - 1]!)).toBeLessThan(1e-13);
        if (size > 1) expect(Math.abs(next - reference[size - 2]!)).toBeLessThan(1e-13);
        const full = dense(matrix);
        for (let i = 0; i < size; i++) {
          const image = vector.reduce((sum, s, j) => sum + full[i * size + j]! * s, 0);
          expect(Math.abs(image - value * vector[i]!)).toBeLessThan(1e-12);
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
