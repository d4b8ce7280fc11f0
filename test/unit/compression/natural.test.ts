import { describe, expect, it } from 'vitest';
import { decodeAddInto } from '../../../src/compression/message.js';
import { ditheringVariance } from '../../../src/compression/natural-dithering.js';
import { bodyBytes, compressVector, createSender, rowOf } from '../../reference/compress-vector.js';

const DRAWS = 6000;

/** Shares of the values that `t` becomes, and the mean squared error. */
function drawMany(spec: string, t: number) {
  const send = createSender(spec, 1);
  const counts = new Map<number, number>();
  let error = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    const [got] = send(Float32Array.of(t)).out;
    counts.set(got!, (counts.get(got!) ?? 0) + 1 / DRAWS);
    error += (got! - t) ** 2 / DRAWS;
  }
  return { shares: counts, error };
}

const slack = (p: number) => 5 * Math.sqrt((p * (1 - p)) / DRAWS);

describe('natural compression', () => {
  it('makes 4/3 to 1 in two of three times, else to 2: the worst case, E err^2 = t^2 / 8', () => {
    const { shares, error } = drawMany('natural', 4 / 3);
    expect([...shares.keys()].sort()).toEqual([1, 2]);
    expect(Math.abs(shares.get(1)! - 2 / 3)).toBeLessThan(slack(1 / 3));
    // err^2 is 1/9 or 4/9: it spreads by 1/3 of the share.
    expect(Math.abs(error - 2 / 9)).toBeLessThan(slack(1 / 3) / 3);
  });

  it('makes 3 to 2 or 4 in equal shares, E err^2 = 1', () => {
    const { shares, error } = drawMany('natural', -3);
    expect([...shares.keys()].sort()).toEqual([-2, -4]);
    expect(Math.abs(shares.get(-2)! - 0.5)).toBeLessThan(slack(0.5));
    expect(error).toBeCloseTo(1, 12);
  });

  it('keeps powers of two and 0, down to 2^-126 and up to 2^127', () => {
    const powers = [1, -2, 0.5, 2 ** -126, -(2 ** 127), 0];
    expect([...compressVector('natural', powers).out]).toEqual(powers);
  });

  it('makes subnormal numbers to 0 or 2^-126, unbiased', () => {
    const { shares } = drawMany('natural', 2 ** -128);
    expect([...shares.keys()].sort()).toEqual([0, 2 ** -126]);
    expect(Math.abs(shares.get(2 ** -126)! - 0.25)).toBeLessThan(slack(0.25));
  });

  it('refuses numbers above 2^127, whose upper power of two is no float32', () => {
    expect(() => compressVector('natural', [2 ** 127 * 1.0001])).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
    );
  });

  it('takes 9 bits a number: signs, then exponents', () => {
    expect(bodyBytes('natural', 16)).toBe(18);
    expect(bodyBytes('natural', 17)).toBe(20);
    expect([...compressVector('natural', [1, -2, 0]).body]).toEqual([0b010, 127, 128, 0]);
  });

  it('refuses the exponent of infinities, negative zeros and padding', () => {
    const { message } = compressVector('natural', [1, -2, 0]);
    for (const [at, byte] of [
      [9, 255],
      [8, 0b110],
      [8, 0b1010],
    ]) {
      const bytes = message.slice();
      bytes[at!] = byte!;
      expect(() => decodeAddInto(new Float32Array(3), bytes, rowOf(3))).toThrowError(
        expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
      );
    }
  });
});

describe('natural dithering', () => {
  it('sends powers of two times the norm, down to 2^(1-s), and 0', () => {
    const send = createSender('natural-dithering:levels=3,norm=max', 5);
    const seen = Array.from({ length: 5 }, () => new Set<number>());
    for (let draw = 0; draw < 500; draw++) {
      send(Float32Array.of(-8, 4, 5, 3, 1)).out.forEach((value, i) => void seen[i]!.add(value));
    }
    expect(seen.map((values) => [...values].sort((a, b) => a - b))).toEqual([
      [-8],
      [4],
      [4, 8],
      [2, 4],
      [0, 2],
    ]);
  });

  it('takes 4 ceil(d / bucket) + ceil(d (1 + ceil(log2(s + 1))) / 8) bytes', () => {
    expect(bodyBytes('natural-dithering', 1000)).toBe(4 + 625);
    expect(bodyBytes('natural-dithering:levels=7,bucket=100', 1000)).toBe(40 + 500);
    expect(bodyBytes('natural-dithering:levels=127', 1000)).toBe(4 + 1000);
  });

  it('has U = 1/8 + q min(1, q), q = sqrt(n) 2^(1-s)', () => {
    const shape = { name: 'x', rows: 1, cols: 256 };
    expect(ditheringVariance(shape, { levels: 5, bucket: 0 })).toBe(1 / 8 + 1);
    expect(ditheringVariance(shape, { levels: 7, bucket: 0 })).toBe(1 / 8 + 1 / 16);
    expect(ditheringVariance(shape, { levels: 1, bucket: 0 })).toBe(1 / 8 + 16);
  });
});
