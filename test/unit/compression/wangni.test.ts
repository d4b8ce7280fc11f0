import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { lambdaForDensity, lambdaForVariance } from '../../../src/compression/wangni.js';

const g = Float32Array.of(4, 2, 1, 1, 0.5, 0.5, 0.1, 0);
const blocks: MatrixBlock[] = [{ name: 'g', offset: 0, rows: 1, cols: 8 }];

const probabilities = (lambda: number) => [...g].map((value) => Math.min(1, Math.abs(value) / lambda));
const total = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0);

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length);
  wanted.forEach((value, i) => expect(Math.abs(got[i] - value)).toBeLessThan(1e-6));
}

describe('wangni', () => {
  it('finds the probabilities of the closed form (Wangni et al. 2018, algorithm 2) for epsilon = 0.5', () => {
    const p = probabilities(lambdaForVariance(g, 0.5));
    expectClose(p, [1, 0.574163, 0.287081, 0.287081, 0.143541, 0.143541, 0.028708, 0]);
    expect(Math.abs(total(p) - 2.464115)).toBeLessThan(1e-6);
    const moment = total(p.map((share, i) => (share === 0 ? 0 : g[i] ** 2 / share)));
    expect(moment / total([...g].map((x) => x * x))).toBeCloseTo(1.5, 12);
  });

  it('sends nothing for certain when the variance allows it: epsilon = 1', () => {
    const p = probabilities(lambdaForVariance(g, 1));
    expect(Math.abs(p[0] - 0.80853)).toBeLessThan(1e-5);
    expect(Math.abs(total(p) - 1.839405)).toBeLessThan(1e-6);
  });

  it('finds the probabilities of the greedy form (algorithm 3) for density 0.4, which sum to 3.2', () => {
    const p = probabilities(lambdaForDensity(g, 0.4));
    expectClose(p, [1, 0.862745, 0.431373, 0.431373, 0.215686, 0.215686, 0.043137, 0]);
    expect(total(p)).toBeCloseTo(3.2, 6);
  });

  it('sends everything exactly for epsilon = 0, and for a density of 1 but for zeros', () => {
    expect(probabilities(lambdaForVariance(g, 0)).slice(0, 7)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(lambdaForVariance(new Float32Array(8), 0.5)).toBe(0);
    expect(lambdaForDensity(new Float32Array(8), 0.5)).toBe(0);
  });

  it('lays out the count, lambda, exact indices and values, and indices with signs', () => {
    const compressor = compressors.resolve('wangni:epsilon=0.5');
    const state = compressor.createState(blocks, createRandom('wangni'));
    const signed = g.map((value, i) => (i % 2 === 0 ? value : -value));
    const lambda = Math.fround(lambdaForVariance(g, 0.5));
    for (let message = 0; message < 20; message++) {
      const bytes = compressor.encode(signed, blocks, state);
      const view = new DataView(bytes.buffer);
      expect([view.getUint8(0), view.getUint8(1), view.getUint16(2, true)]).toEqual([22, 32, 0]);
      expect(view.getUint32(8, true)).toBe(1);
      expect(view.getFloat32(12, true)).toBe(lambda);
      expect([view.getUint32(16, true), view.getFloat32(20, true)]).toEqual([0, 4]);
      const wanted = new Float32Array(8);
      wanted[0] = 4;
      for (let at = 24; at < bytes.length; at += 4) {
        const word = view.getUint32(at, true);
        const index = word % 2 ** 31;
        wanted[index] = word < 2 ** 31 ? lambda : -lambda;
        expect(Math.sign(wanted[index])).toBe(Math.sign(signed[index]));
      }
      const out = new Float32Array(8);
      decodeInto(out, bytes, blocks);
      expect(out).toEqual(wanted);
    }
  });

  it('refuses an entry sent both ways, unordered indices, and counts that the body does not hold', () => {
    const body = (exact: number[], sampled: number[], promised = exact.length) => {
      const bytes = new Uint8Array(8 + 8 + 8 * exact.length + 4 * sampled.length);
      const view = new DataView(bytes.buffer);
      bytes.set([22, 32]);
      view.setUint32(4, bytes.length - 8, true);
      view.setUint32(8, promised, true);
      view.setFloat32(12, 1.5, true);
      exact.forEach((index, e) => {
        view.setUint32(16 + 4 * e, index, true);
        view.setFloat32(16 + 4 * (exact.length + e), 1, true);
      });
      sampled.forEach((word, e) => {
        view.setUint32(16 + 8 * exact.length + 4 * e, word, true);
      });
      return () => decodeAddInto(new Float32Array(8), bytes, blocks);
    };
    const minus = 2 ** 31;
    expect(body([1, 3], [0, minus + 2, 7])).not.toThrow();
    const value = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    expect(body([1, 3], [0, minus + 3])).toThrowError(value);
    expect(body([], [2, minus + 1])).toThrowError(value);
    expect(body([], [2, minus + 2])).toThrowError(value);
    expect(body([], [minus + 8])).toThrowError(value);
    expect(body([3, 1], [])).toThrowError(value);
    const length = expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' });
    expect(body([1], [2], 3)).toThrowError(length);
    expect(body([], [0, 1, 2, 3, 4, 5, 6, 7, 7])).toThrowError(length);
    expect(body([], [], 2 ** 32 - 1)).toThrowError(length);
  });
});
