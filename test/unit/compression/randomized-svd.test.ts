import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import type { DenseMatrix } from '../../../src/linalg/skinny-products.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';
import { gaussianMatrix, matrixWithSpectrum } from '../../reference/naive-linalg.js';

function send(spec: string, matrix: DenseMatrix, seed = 1) {
  const blocks = [{ name: 'z', offset: 0, rows: matrix.rows, cols: matrix.cols }];
  const compressor = compressors.resolve(spec);
  const state = compressor.createState(blocks, createRandom('svd test', seed));
  const message = compressor.encode(matrix.values, blocks, state);
  const decoded = new Float32Array(matrix.values.length);
  decodeInto(decoded, message, blocks);
  return { message, omega: 1 - squaredDistance(matrix.values, decoded) / squaredNorm(matrix.values) };
}

/** sum of the first `rank` squared singular values over the sum of all, by ml-matrix. */
function bestOmega({ values, rows, cols }: DenseMatrix, rank: number): number {
  const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(rows, cols, [...values]), {
    autoTranspose: true,
  });
  const squares = diagonal.map((sigma) => sigma * sigma).sort((a, b) => b - a);
  const sum = (numbers: number[]) => numbers.reduce((total, square) => total + square, 0);
  return sum(squares.slice(0, rank)) / sum(squares);
}

const matrices = [
  gaussianMatrix(40, 25),
  gaussianMatrix(25, 40),
  matrixWithSpectrum({ rows: 30, cols: 30 }, [9, 5, 4, 1, 0.5, 0.1], 'svd'),
];

describe('randomized svd', () => {
  it('keeps the mean error of Halko, Martinsson and Tropp 2011, theorem 10.5, without power steps', () => {
    const matrix = matrixWithSpectrum(
      { rows: 40, cols: 30 },
      Array.from({ length: 30 }, (_, q) => 1 / (q + 1)),
      'halko',
    );
    // The theorem is for the l-dimensional range: all of it is sent when rank = l and oversampling = 0. At rank 7 take
    // r = 3, p = 4: E ||A - Q Q^T A|| <= sqrt(1 + 3 / 3) (sum_{c>3} sigma_c^2)^(1/2).
    let tail = 0;
    for (let q = 3; q < 30; q++) tail += 1 / (q + 1) ** 2;
    let sum = 0;
    for (let seed = 0; seed < 50; seed++) {
      const { omega } = send('randomized-svd:rank=7,oversampling=0,power=0', matrix, seed);
      sum += Math.sqrt((1 - omega) * squaredNorm(matrix.values));
    }
    expect(sum / 50).toBeLessThan(Math.sqrt(2 * tail));
    expect(sum / 50).toBeGreaterThan(0.3 * Math.sqrt(2 * tail));
  });

  it('comes within 3 % of the best approximation with 8 vectors to spare and one power step, 0.1 % with four', () => {
    for (const matrix of matrices) {
      const best = bestOmega(matrix, 4);
      expect(send('randomized-svd:rank=4', matrix).omega).toBeGreaterThan(0.97 * best);
      expect(send('randomized-svd:rank=4,power=4', matrix).omega).toBeGreaterThan(0.999 * best);
    }
  });

  it('draws anew for each message: two messages of one matrix differ, and both are low-rank bodies', () => {
    const blocks = [{ name: 'z', offset: 0, rows: 40, cols: 25 }];
    const compressor = compressors.resolve('randomized-svd:rank=2,power=0,oversampling=0');
    const state = compressor.createState(blocks, createRandom('twice'));
    const [first, second] = [1, 2].map(() => compressor.encode(matrices[0].values, blocks, state));
    expect(second).not.toEqual(first);
    expect([first[0], second[0]]).toEqual([3, 3]);
  });
});
