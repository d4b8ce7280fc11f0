import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { CompressorState, MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import type { DenseMatrix } from '../../../src/linalg/skinny-products.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';
import { gaussianMatrix, matrixWithSpectrum } from '../../reference/naive-linalg.js';

const blockOf = ({ rows, cols }: { rows: number; cols: number }): MatrixBlock => ({
  name: 'z',
  offset: 0,
  rows,
  cols,
});

/** Sends `messages` messages of `matrix` and returns what the last one decodes to, with the sender's state. */
function compress(spec: string, matrix: DenseMatrix, messages = 1) {
  const blocks = [blockOf(matrix)];
  const compressor = compressors.resolve(spec);
  const state: CompressorState = compressor.createState(blocks, createRandom('low-rank test'));
  const decoded = new Float32Array(matrix.values.length);
  for (let k = 0; k < messages; k++)
    decodeInto(decoded, compressor.encode(matrix.values, blocks, state), blocks);
  const omega = 1 - squaredDistance(matrix.values, decoded) / squaredNorm(matrix.values);
  return { decoded, omega, state };
}

/** Best rank-r approximation by the SVD of ml-matrix, and the share of ||Z||^2 that it holds. */
function truncate({ values, rows, cols }: DenseMatrix, rank: number) {
  const full = new Matrix(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) full.set(i, j, values[i * cols + j]);
  const svd = new SingularValueDecomposition(full, { autoTranspose: true });
  const order = svd.diagonal.map((_, k) => k).sort((a, b) => svd.diagonal[b] - svd.diagonal[a]);
  const kept = order.slice(0, rank);
  const energy = (indices: number[]) => indices.reduce((sum, k) => sum + svd.diagonal[k] ** 2, 0);
  const best = Float32Array.from({ length: rows * cols }, (_, at) => {
    const [i, j] = [Math.floor(at / cols), at % cols];
    const { leftSingularVectors: u, rightSingularVectors: v } = svd;
    return kept.reduce((sum, k) => sum + svd.diagonal[k] * u.get(i, k) * v.get(j, k), 0);
  });
  return { best, omega: energy(kept) / energy(order) };
}

describe('low-rank', () => {
  it('follows the power iteration on [[3,1,0],[1,2,1]] from e1, worked by hand, at 32 bits', () => {
    const blocks = [blockOf({ rows: 2, cols: 3 })];
    const values = Float32Array.of(3, 1, 0, 1, 2, 1);
    const compressor = compressors.resolve('low-rank:rank=1,bits=32');
    const state = [{ q: Float32Array.of(1, 0, 0), warm: Uint32Array.of(1), random: createRandom(1) }];
    const trace = [1, 2, 3].map(() => {
      const message = compressor.encode(values, blocks, state);
      const view = new DataView(message.buffer);
      const numbers = [0, 1, 2, 3, 4].map((k) => view.getFloat32(8 + 4 * k, true));
      const decoded = new Float32Array(6);
      decodeInto(decoded, message, blocks);
      const omega = 1 - squaredDistance(values, decoded) / squaredNorm(values);
      return { p: numbers.slice(0, 2), q: numbers.slice(2), omega };
    });
    const close = (got: readonly number[], wanted: readonly number[]) =>
      wanted.forEach((value, k) => expect(Math.abs(got[k] - value)).toBeLessThan(1e-6));
    close(trace[0].p, [0.9486832981, 0.316227766]);
    close(trace[0].q, [3.16227766, 1.58113883, 0.31622777]);
    close(trace[1].p, [0.8574929257, 0.5144957554]);
    close(
      trace.map(({ omega }) => omega),
      [0.7875, 0.834559, 0.836496],
    );
    // The limit is sigma_1^2 / ||M||^2 = 0.836573.
    expect(trace[2].omega).toBeLessThan(0.836573);
  });

  it('converges to the truncated singular value decomposition (Eckart and Young 1936), at 32 bits', () => {
    for (const [rows, cols, rank] of [
      [20, 12, 3],
      [9, 30, 2],
      [16, 16, 1],
    ]) {
      const matrix = matrixWithSpectrum({ rows, cols }, [5, 4, 3, 1, 0.8, 0.5], rank);
      const { best, omega } = truncate(matrix, rank);
      const got = compress(`low-rank:rank=${rank},bits=32,iterations=60`, matrix);
      got.decoded.forEach((value, i) => expect(Math.abs(value - best[i])).toBeLessThan(1e-5));
      expect(got.omega).toBeCloseTo(omega, 6);
    }
  });

  it('sends a matrix of rank r or less exactly but for float32', () => {
    const matrix = matrixWithSpectrum({ rows: 24, cols: 15 }, [2, 1], 'exact');
    const { omega } = compress('low-rank:rank=4,bits=32', matrix);
    expect(1 - omega).toBeLessThan(1e-12);
  });

  it('improves from message to message on the same matrix: the start is warm', () => {
    const matrix = gaussianMatrix(64, 48);
    const [first, tenth] = [1, 10].map(
      (messages) => compress('low-rank:rank=4,bits=32', matrix, messages).omega,
    );
    const limit = truncate(matrix, 4).omega;
    expect(tenth).toBeGreaterThan(1.1 * first);
    expect(tenth).toBeLessThanOrEqual(limit);
    expect(tenth).toBeGreaterThan(0.95 * limit);
  });

  it('loses under a tenth of omega to four-bit factors and next to nothing to eight-bit factors', () => {
    for (const matrix of [
      gaussianMatrix(96, 64),
      matrixWithSpectrum(
        { rows: 96, cols: 64 },
        Array.from({ length: 64 }, (_, q) => 1 / (q + 1)),
        'decay',
      ),
    ]) {
      const [four, eight, full] = [4, 8, 32].map(
        (bits) => compress(`low-rank:rank=8,bits=${bits}`, matrix, 3).omega,
      );
      expect(four).toBeGreaterThan(0.9 * full);
      expect(four).toBeLessThan(full);
      expect(Math.abs(eight - full)).toBeLessThan(1e-3);
    }
  });

  it('loses next to nothing to halves, at any magnitude of the matrix: each vector has a power of two as scale', () => {
    const matrix = gaussianMatrix(40, 30);
    for (const factor of [1, 2 ** -100, 2 ** 100]) {
      const scaled = { ...matrix, values: matrix.values.map((value) => factor * value) };
      const [half, full] = [16, 32].map((bits) => compress(`low-rank:rank=4,bits=${bits}`, scaled, 2).omega);
      expect(Math.abs(half - full)).toBeLessThan(1e-5);
    }
  });

  it('lays out a section of halves: r scales as float32, then r L halves, little-endian', () => {
    const blocks = [blockOf({ rows: 2, cols: 3 })];
    const compressor = compressors.resolve('low-rank:rank=1,bits=16');
    const state = [{ q: Float32Array.of(1, 0, 0), warm: Uint32Array.of(1), random: createRandom(1) }];
    const message = compressor.encode(Float32Array.of(0, 0, 0, 6, -3, 1), blocks, state);
    expect(message.length).toBe(8 + 4 + 2 * 2 + 4 + 2 * 3);
    const view = new DataView(message.buffer);
    // P = (0, 1) with scale 2^-14, Q = (6, -3, 1) with scale 2^-12: 0 and 2^14, then 6, -3 and 1 times 2^12.
    expect(view.getFloat32(8, true)).toBe(2 ** -14);
    expect([12, 14].map((at) => view.getUint16(at, true))).toEqual([0, 0x7400]);
    expect(view.getFloat32(16, true)).toBe(2 ** -12);
    expect([20, 22, 24].map((at) => view.getUint16(at, true))).toEqual([0x7600, 0xf200, 0x6c00]);
    view.setUint16(24, 0x7c00, true); // infinity
    expect(() => decodeAddInto(new Float32Array(6), message, blocks)).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
    );
  });

  it('captures at rank 8 and 4 bits of 128 x 128 about 0.18 of a Gaussian and 0.90 of sigma_q = 1 / q', () => {
    const gaussian = compress('low-rank:rank=8,bits=4', gaussianMatrix(128, 128), 2).omega;
    expect(Math.abs(gaussian - 0.18)).toBeLessThan(0.01);
    const harmonic = Array.from({ length: 128 }, (_, q) => 1 / (q + 1));
    const decaying = matrixWithSpectrum({ rows: 128, cols: 128 }, harmonic, 'harmonic');
    expect(Math.abs(compress('low-rank:rank=8,bits=4', decaying, 2).omega - 0.9)).toBeLessThan(0.01);
  });

  it('takes 4352 bytes for a 784-128-10 perceptron at rank 8 and 4 bits, 93.5 times less than float32', () => {
    const perceptron: MatrixBlock[] = [
      { name: 'dense1', offset: 0, rows: 785, cols: 128 },
      { name: 'dense2', offset: 785 * 128, rows: 129, cols: 10 },
    ];
    // 8 header + 8 x 8 scales + ceil(8 x 785 / 2) + ceil(8 x 128 / 2); 8 + 64 + 516 + 40.
    expect(compressors.resolve('low-rank').encodedBytes(perceptron)).toBe(3724 + 628);
    expect(compressors.resolve('none').encodedBytes(perceptron) / 4352).toBeCloseTo(93.54, 2);
    expect(compressors.resolve('low-rank:bits=8').encodedBytes(perceptron)).toBe(7376 + 8 + 64 + 8 * 139);
    expect(compressors.resolve('low-rank:bits=32').encodedBytes(perceptron)).toBe(16 + 32 * (913 + 139));
  });

  it('sends vectors and blocks with m n <= r (m + n) as int8, and as float32 beside float32 factors', () => {
    const codeFor = (spec: string, rows: number, cols: number) => {
      const blocks = [blockOf({ rows, cols })];
      const compressor = compressors.resolve(spec);
      return compressor.encode(
        new Float32Array(rows * cols),
        blocks,
        compressor.createState(blocks, createRandom(1)),
      )[0];
    };
    const [none, int8, lowRank] = [1, 2, 3];
    expect(codeFor('low-rank', 1, 300)).toBe(int8);
    expect(codeFor('low-rank', 300, 1)).toBe(int8);
    expect(codeFor('low-rank:rank=4', 8, 8)).toBe(int8); // 64 = 4 x 16
    expect(codeFor('low-rank:rank=4', 8, 9)).toBe(lowRank); // 72 > 68
    expect(codeFor('low-rank:rank=4,bits=32', 8, 8)).toBe(none);
    expect(codeFor('low-rank:rank=4,bits=32', 8, 9)).toBe(lowRank);
  });

  it('describes itself: a receiver reads any rank and bits without knowing the options', () => {
    const matrix = gaussianMatrix(30, 20);
    const blocks = [blockOf(matrix)];
    for (const spec of ['low-rank:rank=1,bits=32', 'low-rank:rank=3,bits=8', 'low-rank:rank=8,bits=4']) {
      const compressor = compressors.resolve(spec);
      const message = compressor.encode(
        matrix.values,
        blocks,
        compressor.createState(blocks, createRandom(2)),
      );
      const out = new Float32Array(600);
      decodeAddInto(out, message, blocks);
      expect(squaredDistance(out, matrix.values)).toBeLessThan(squaredNorm(matrix.values));
    }
  });

  it('refuses ranks and bits that the block cannot have, and factors whose product leaves float32', () => {
    const matrix = gaussianMatrix(30, 20);
    const blocks = [blockOf(matrix)];
    const compressor = compressors.resolve('low-rank:rank=2,bits=4');
    const message = compressor.encode(matrix.values, blocks, compressor.createState(blocks, createRandom(3)));
    const out = new Float32Array(600);
    const edited = (edit: (view: DataView) => void) => {
      const copy = message.slice();
      edit(new DataView(copy.buffer));
      return () => decodeAddInto(out, copy, blocks);
    };
    const badOperator = expect.objectContaining({ code: 'PAYLOAD_BAD_OPERATOR' });
    expect(edited((view) => view.setUint8(1, 5))).toThrowError(badOperator);
    expect(edited((view) => view.setUint16(2, 0, true))).toThrowError(badOperator);
    expect(edited((view) => view.setUint16(2, 21, true))).toThrowError(badOperator);
    expect(edited((view) => view.setUint16(2, 3, true))).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' }),
    );
    // Left scales lie at byte 8, right scales after 2 scales and 30 bytes of codes.
    const badValue = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    expect(edited((view) => view.setFloat32(8, Number.NaN, true))).toThrowError(badValue);
    const huge = (view: DataView) => {
      view.setFloat32(8, 1e25, true);
      view.setFloat32(8 + 8 + 30, 1e25, true);
    };
    expect(edited(huge)).toThrowError(badValue);
    expect(out.every((value) => value === 0)).toBe(true);
  });

  it('refuses to encode values whose factors would leave float32, naming the block', () => {
    const values = new Float32Array(600).fill(3e38);
    const blocks = [blockOf({ rows: 30, cols: 20 })];
    const compressor = compressors.resolve('low-rank:rank=2');
    expect(() =>
      compressor.encode(values, blocks, compressor.createState(blocks, createRandom(4))),
    ).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE', message: expect.stringContaining('"z"') }),
    );
  });
});
