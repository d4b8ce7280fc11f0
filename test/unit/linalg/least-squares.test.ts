import { Matrix, solve } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { solveRightFactorInPlace } from '../../../src/linalg/least-squares.js';
import { createFactor, transposedProductInto } from '../../../src/linalg/skinny-products.js';
import { at, gaussianFactor, gaussianMatrix } from '../../reference/naive-linalg.js';

describe('solveRightFactorInPlace', () => {
  it('agrees with the least-squares solution of ml-matrix', () => {
    const matrix = gaussianMatrix(20, 13);
    const left = gaussianFactor(20, 5);
    const right = createFactor(13, 5);
    transposedProductInto(right, matrix, left);
    solveRightFactorInPlace(right, left);
    const a = new Matrix(20, 13);
    for (let i = 0; i < 20; i++) for (let j = 0; j < 13; j++) a.set(i, j, matrix.values[i * 13 + j]);
    const p = new Matrix(20, 5);
    for (let i = 0; i < 20; i++) for (let c = 0; c < 5; c++) p.set(i, c, at(left, c, i));
    const wanted = solve(p, a); // 5 x 13: min ||P X^T - A||
    for (let c = 0; c < 5; c++)
      for (let j = 0; j < 13; j++) expect(at(right, c, j)).toBeCloseTo(wanted.get(c, j), 10);
  });

  it('gives zero and dependent left vectors the coefficient zero and solves for the others', () => {
    // Left vectors (2,0), (0,0), (2,0), (0,4); A = [[6], [8]], so A = 3 (2,0) + 2 (0,4).
    const left = { values: Float64Array.of(2, 0, 0, 0, 2, 0, 0, 4), length: 2, rank: 4 };
    const right = createFactor(1, 4);
    transposedProductInto(right, { values: Float32Array.of(6, 8), rows: 2, cols: 1 }, left);
    solveRightFactorInPlace(right, left);
    expect([...right.values]).toEqual([3, 0, 0, 2]);
  });
});
