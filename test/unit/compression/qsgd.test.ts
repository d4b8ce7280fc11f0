import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { decodeAddInto } from '../../../src/compression/message.js';
import { qsgdVariance } from '../../../src/compression/qsgd.js';
import { bodyBytes, compressVector, createSender, rowOf } from '../../reference/compress-vector.js';

const normal = (length: number) => {
  const random = createRandom('normal', length);
  return Float32Array.from({ length }, () => gaussian(random));
};

describe('qsgd', () => {
  it('has the variance min(d / s^2, sqrt(d) / s) of lemma 3.1', () => {
    const variances = [1, 4, 16, 256].map((levels) =>
      qsgdVariance({ name: 'x', rows: 1, cols: 2000 }, { levels, norm: 'l2', bucket: 0 }),
    );
    for (const [i, wanted] of [44.7214, 11.1803, 2.7951, 0.030518].entries()) {
      expect(variances[i]! / wanted).toBeCloseTo(1, 4);
    }
  });

  it('sends one of the two levels around each number: (3, -4) at one level of the norm 5', () => {
    const send = createSender('qsgd:levels=1', 2);
    const seen = new Map<string, number>();
    for (let draw = 0; draw < 4000; draw++) {
      const key = [...send(Float32Array.of(3, -4)).out].map((x) => x + 0).join(' ');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    // P(5) = 3/5 and P(-5) = 4/5, independent; 5 sigma of a share is at most 0.04.
    for (const [key, share] of [
      ['0 0', 0.08],
      ['5 0', 0.12],
      ['0 -5', 0.32],
      ['5 -5', 0.48],
    ] as const) {
      expect(Math.abs((seen.get(key) ?? 0) / 4000 - share)).toBeLessThan(0.04);
    }
    expect(seen.size).toBe(4);
  });

  it('takes 32 + d (1 + ceil(log2(s + 1))) bits with codes of fixed width', () => {
    for (const [levels, bits] of [
      [1, 2],
      [3, 3],
      [4, 4],
      [15, 5],
      [16, 6],
      [256, 10],
      [32767, 16],
    ]) {
      expect(bodyBytes(`qsgd:levels=${levels}`, 2000)).toBe(4 + (2000 * bits!) / 8);
    }
    expect(bodyBytes('qsgd:levels=1,bucket=512', 2000)).toBe(4 * 4 + 500);
  });

  it('takes about 2.8 d bits with Elias codes at s = sqrt(d) (the paper), 2.77 d for Gaussian numbers', () => {
    const x = normal(2500);
    const { body } = createSender('qsgd:levels=50,code=elias', 2500)(x);
    const bits = (8 * (body.length - 4)) / 2500;
    expect(bits).toBeGreaterThan(2.7);
    expect(bits).toBeLessThan(2.85);
  });

  it('takes the sparse form where few levels are not 0: s (s + sqrt(d)) of them at s = 1', () => {
    const x = normal(10_000);
    const { body, out } = createSender('qsgd:levels=1,code=elias', 10_000)(x);
    expect(out.filter((value) => value !== 0).length).toBeLessThan(101 + 50);
    expect(8 * body.length).toBeLessThan(10_000 / 4);
  });

  it('draws the same numbers under both codes', () => {
    const x = normal(400);
    for (const rest of ['levels=2', 'levels=20,norm=max', 'levels=7,bucket=64,scaled=1']) {
      const [fixed, elias] = ['fixed', 'elias'].map(
        (code) => createSender(`qsgd:${rest},code=${code}`, 400)(x).out,
      );
      expect(elias).toEqual(fixed);
    }
  });

  it('divides by 1 + U when scaled', () => {
    const x = [3, -4];
    const [plain, scaled] = ['0', '1'].map((s) => compressVector(`qsgd:levels=32767,scaled=${s}`, x).out);
    const u = 2 / 32767 ** 2;
    expect(scaled![0]! / plain![0]!).toBeCloseTo(1 / (1 + u), 4);
    const coarse = compressVector('qsgd:levels=1,scaled=1', [3]).out;
    expect(coarse[0]).toBe(1.5);
  });

  it('refuses values whose norm leaves float32, and names the block', () => {
    expect(() => compressVector('qsgd', [3e38, 3e38])).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE', message: expect.stringContaining('"x"') }),
    );
  });

  it('refuses Elias bits that overrun, exceed the levels, leave a rest, or miss the end of the bucket', () => {
    const { message } = compressVector('qsgd:levels=1,code=elias', [0, 0, 1, 0]);
    const refusal = (code: string) => expect.objectContaining({ code });
    const decode = (bytes: Uint8Array) => decodeAddInto(new Float32Array(4), bytes, rowOf(4));
    const withBits = (...bits: number[]) => {
      const bytes = Uint8Array.from([...message.subarray(0, 12), ...bits]);
      bytes[4] = 4 + bits.length;
      return bytes;
    };
    expect(() => decode(message)).not.toThrow();
    expect(() => decode(withBits())).toThrowError(refusal('PAYLOAD_BAD_LENGTH'));
    // Dense, four levels of 0: the bits 0 0000.
    expect(() => decode(withBits(0))).not.toThrow();
    expect(() => decode(withBits(0, 0))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    expect(() => decode(withBits(0b100000))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    // Dense, the first level is 2: 0 110 0 ...
    expect(() => decode(withBits(0b00000110, 0))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    expect(() => decode(withBits(0xff, 0xff))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
    // Sparse, distance 5 ends the bucket at once: 1 10 101 0. Distance 6 is past the end: 1 10 110 0.
    expect(() => decode(withBits(0b00101011))).not.toThrow();
    expect(() => decode(withBits(0b00011011))).toThrowError(refusal('PAYLOAD_BAD_VALUE'));
  });
});
