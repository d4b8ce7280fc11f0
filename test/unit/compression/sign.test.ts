import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { decodeAddInto } from '../../../src/compression/message.js';
import { bodyBytes, compressVector, createSender, rowOf } from '../../reference/compress-vector.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';

describe('sign', () => {
  it('sends signs times the mean magnitude, sign(0) = +1', () => {
    expect([...compressVector('sign', [4, -1, 0, -3]).out]).toEqual([2, -2, 2, -2]);
  });

  it('takes d + 32 bits', () => {
    expect(bodyBytes('sign', 2000)).toBe(4 + 250);
    expect(bodyBytes('sign', 9)).toBe(4 + 2);
    expect([...compressVector('sign', [1, -1, 1]).body]).toEqual([0, 0, 0x80, 0x3f, 0b010]);
  });

  it('leaves the share 1 - ||x||_1^2 / (d ||x||^2) of the energy: 1 - 2 / pi for Gaussian numbers', () => {
    const random = createRandom('sign');
    const x = Float32Array.from({ length: 200_000 }, () => gaussian(random));
    const { out } = createSender('sign', x.length)(x);
    const omega = 1 - squaredDistance(out, x) / squaredNorm(x);
    const sum = x.reduce((total, value) => total + Math.abs(value), 0);
    expect(omega).toBeCloseTo(sum ** 2 / (x.length * squaredNorm(x)), 6);
    expect(omega).toBeCloseTo(0.63662, 2);
  });

  it('reaches its least contraction 1 / d for a single number that is not 0, and 1 for numbers of one size', () => {
    const one = compressVector('sign', [0, 0, 6, 0]).out;
    expect(squaredDistance(one, Float32Array.of(0, 0, 6, 0)) / 36).toBeCloseTo(1 - 1 / 4, 12);
    expect([...compressVector('sign', [2, -2, -2]).out]).toEqual([2, -2, -2]);
  });

  it('draws signs of the largest magnitude when unbiased: E err^2 = d B^2 - ||x||^2', () => {
    const send = createSender('sign:unbiased=1', 3);
    const x = Float32Array.of(4, -1, 0);
    let [plus, zeroes] = [0, 0];
    for (let draw = 0; draw < 4000; draw++) {
      const { out } = send(x);
      expect(out.map(Math.abs)).toEqual(Float32Array.of(4, 4, 4));
      expect(out[0]).toBe(4);
      if (out[1]! > 0) plus++;
      if (out[2]! > 0) zeroes++;
    }
    expect(Math.abs(plus / 4000 - 3 / 8)).toBeLessThan(0.04);
    expect(Math.abs(zeroes / 4000 - 1 / 2)).toBeLessThan(0.04);
  });

  it('refuses padding that is not zero, and scales that are none', () => {
    const { message } = compressVector('sign', [1, -1, 1]);
    const refusal = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    const padded = message.slice();
    padded[12] |= 0b1000;
    expect(() => decodeAddInto(new Float32Array(3), padded, rowOf(3))).toThrowError(refusal);
    for (const scale of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const bytes = message.slice();
      new DataView(bytes.buffer).setFloat32(8, scale, true);
      expect(() => decodeAddInto(new Float32Array(3), bytes, rowOf(3))).toThrowError(refusal);
    }
  });
});
