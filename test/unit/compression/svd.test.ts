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

describe('svd', () => {
  it('captures exactly what the best approximation of rank r does (Eckart and Young 1936)', () => {
    for (const matrix of matrices) {
      for (const rank of [1, 3, 5])
        expect(Math.abs(send(`svd:rank=${rank}`, matrix).omega - bestOmega(matrix, rank))).toBeLessThan(1e-6);
    }
  });

  it('loses what low-rank loses to rounding: a tenth at 4 bits, next to nothing at 8 and 16', () => {
    const best = bestOmega(matrices[0], 4);
    expect(send('svd:rank=4,bits=4', matrices[0]).omega).toBeGreaterThan(0.9 * best);
    expect(send('svd:rank=4,bits=8', matrices[0]).omega).toBeGreaterThan(0.998 * best);
    expect(send('svd:rank=4,bits=16', matrices[0]).omega).toBeGreaterThan((1 - 1e-6) * best);
  });

  it('has the bytes of low-rank: a receiver sees operator 3, its bits and the rank', () => {
    const { message } = send('svd:rank=3,bits=8', matrices[0]);
    expect([...message.subarray(0, 4)]).toEqual([3, 8, 3, 0]);
    expect(message.length).toBe(8 + 2 * 4 * 3 + 3 * 65);
    expect([...send('svd:rank=20', matrices[0]).message.subarray(0, 2)]).toEqual([1, 32]);
    expect([...send('svd:rank=20,bits=8', matrices[0]).message.subarray(0, 2)]).toEqual([2, 8]);
  });
});
