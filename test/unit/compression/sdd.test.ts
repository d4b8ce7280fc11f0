import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import type { DenseMatrix } from '../../../src/linalg/skinny-products.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';
import { gaussianMatrix, matrixWithSpectrum } from '../../reference/naive-linalg.js';

function send(spec: string, matrix: DenseMatrix, messages = 1) {
  const blocks = [{ name: 'z', offset: 0, rows: matrix.rows, cols: matrix.cols }];
  const compressor = compressors.resolve(spec);
  const state = compressor.createState(blocks, createRandom('sdd test'));
  let message = new Uint8Array(0) as Uint8Array;
  for (let k = 0; k < messages; k++) message = compressor.encode(matrix.values, blocks, state);
  const decoded = new Float32Array(matrix.values.length);
  decodeInto(decoded, message, blocks);
  const omega = 1 - squaredDistance(matrix.values, decoded) / squaredNorm(matrix.values);
  return { message, decoded, omega, blocks };
}

describe('sdd', () => {
  it('finds a sign pattern of rank 1 exactly, with one term', () => {
    const values = Float32Array.from(
      { length: 15 * 12 },
      (_, at) => 2.5 * Math.sign(Math.sin(1 + Math.floor(at / 12))) * Math.sign(Math.cos(1 + (at % 12))),
    );
    const { decoded } = send('sdd:terms=1', { values, rows: 15, cols: 12 });
    expect(decoded).toEqual(values);
  });

  it('lays out coefficients, then the signs of u and v of each term, bit by bit', () => {
    const values = new Float32Array(6 * 7).fill(1);
    values.fill(-1, 7, 14); // row 1
    const { message } = send('sdd:terms=1', { values, rows: 6, cols: 7 });
    const view = new DataView(message.buffer);
    expect([view.getUint8(0), view.getUint8(1), view.getUint16(2, true), view.getUint32(4, true)]).toEqual([
      30, 1, 1, 6,
    ]);
    expect(view.getFloat32(8, true)).toBe(1);
    const bits = view.getUint16(12, true);
    // u = (1, -1, 1, 1, 1, 1) and v all 1, or both negated; the 3 bits of padding are 0.
    expect([0b0000000_000010, 0b1111111_111101]).toContain(bits);
  });

  it('captures about 0.109 of a Gaussian 128 x 128 block with eight terms of 288 bits', () => {
    const { omega, message } = send('sdd:terms=8', gaussianMatrix(128, 128));
    expect(message.length).toBe(8 + (8 * (128 + 128 + 32)) / 8);
    expect(Math.abs(omega - 0.109)).toBeLessThan(0.005);
  });

  it('captures about 0.48 of sigma_q = 1 / q with four terms on 64 x 64, and no less when it starts warm', () => {
    const harmonic = Array.from({ length: 64 }, (_, q) => 1 / (q + 1));
    const matrix = matrixWithSpectrum({ rows: 64, cols: 64 }, harmonic, 'harmonic');
    const cold = send('sdd:terms=4', matrix).omega;
    const warm = send('sdd:terms=4', matrix, 5).omega;
    expect(Math.abs(cold - 0.48)).toBeLessThan(0.02);
    expect(warm).toBeGreaterThan(cold - 0.02);
  });

  it('sends blocks as int8 when that is shorter', () => {
    expect(send('sdd:terms=8', gaussianMatrix(1, 30)).message[0]).toBe(2);
    expect(send('sdd:terms=1', gaussianMatrix(1, 30)).message[0]).toBe(30);
  });

  it('refuses coefficients that add up beyond float32, terms that do not fit the length, and dirty padding', () => {
    const { message, blocks } = send('sdd:terms=3', gaussianMatrix(10, 11));
    const out = new Float32Array(110);
    const edited = (edit: (view: DataView) => void) => {
      const copy = message.slice();
      edit(new DataView(copy.buffer));
      return () => decodeAddInto(out, copy, blocks);
    };
    const refusal = (code: string) => expect.objectContaining({ code });
    expect(
      edited((view) => {
        view.setFloat32(8, 3e38, true);
        view.setFloat32(12, -3e38, true);
      }),
    ).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    expect(edited((view) => view.setFloat32(8, Number.NaN, true))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    expect(edited((view) => view.setUint8(message.length - 1, 0xff))).toThrowError(
      refusal('PAYLOAD_BAD_VALUE'),
    );
    expect(edited((view) => view.setUint16(2, 4, true))).toThrowError(refusal('PAYLOAD_BAD_LENGTH'));
    expect(edited((view) => view.setUint16(2, 0, true))).toThrowError(refusal('PAYLOAD_BAD_OPERATOR'));
    expect(edited((view) => view.setUint8(1, 2))).toThrowError(refusal('PAYLOAD_BAD_OPERATOR'));
  });
});
