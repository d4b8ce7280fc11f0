import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import {
  addSignedInto,
  mirrorDifferenceInto,
  scaledDifferenceInto,
  squaredDistance,
  sumOfSquares,
} from '../../../src/linalg/pairs.js';
import { createVectorSource, kernelsHolding } from '../../../src/linalg/vectors.js';

const LENGTH = 20_003; // long enough for a memory of its own, and no whole number of vectors

function fill(vector: Float32Array, seed: string): Float32Array {
  const random = createRandom(seed);
  return vector.map((_, k) => gaussian(random) * 10 ** ((k % 9) - 4));
}

describe('pairs of vectors', () => {
  const source = createVectorSource(3, LENGTH);
  const place = (values: Float32Array) => {
    const vector = source();
    vector.set(values);
    return vector;
  };
  const [a, b] = [fill(new Float32Array(LENGTH), 'a'), fill(new Float32Array(LENGTH), 'b')];
  const [x, y, out] = [place(a), place(b), place(a)];

  it('lie in the memory of a kernel here, so that both ways are compared', () => {
    expect(kernelsHolding(x)).not.toBeNull();
    expect(kernelsHolding(x)).toBe(kernelsHolding(out));
    expect(kernelsHolding(a)).toBeNull();
  });

  it.each([1 / 3, -1e-7, 0, 2])(
    'scaled differences are the same bits with and without kernels: %d',
    (factor) => {
      const wanted = new Float32Array(LENGTH);
      scaledDifferenceInto(wanted, { x: a, y: b }, factor);
      scaledDifferenceInto(out, { x, y }, factor);
      expect(Buffer.compare(bytesOf(out), bytesOf(wanted))).toBe(0);
      expect(wanted[5]).toBe(Math.fround(factor * (a[5]! - b[5]!)));
    },
  );

  it.each([1, -1] as const)('sums are the same bits with and without kernels: sign %d', (sign) => {
    const [here, there] = [a.slice(), out];
    there.set(a);
    addSignedInto(here, b, sign);
    addSignedInto(there, y, sign);
    expect(Buffer.compare(bytesOf(there), bytesOf(here))).toBe(0);
    expect(here[7]).toBe(Math.fround(a[7]! + sign * b[7]!));
  });

  it.each([1 / 3, -1e-7, 1])(
    'what an exchange moves is the same bits with and without kernels, and as three steps: %d',
    (factor) => {
      const [low, high, moved] = [a.slice(), b.slice(), new Float32Array(LENGTH)];
      mirrorDifferenceInto(moved, { low, high }, factor);
      x.set(a);
      y.set(b);
      mirrorDifferenceInto(out, { low: x, high: y }, factor);
      for (const [here, there] of [
        [moved, out],
        [low, x],
        [high, y],
      ] as const)
        expect(Buffer.compare(bytesOf(there), bytesOf(here))).toBe(0);
      const last = LENGTH - 1;
      const c = Math.fround(factor * (b[last]! - a[last]!));
      expect([moved[last], low[last], high[last]]).toEqual([
        c,
        Math.fround(a[last]! + c),
        Math.fround(b[last]! - c),
      ]);
    },
  );

  it('squared distances are those of one number after another', () => {
    const naive = a.reduce((sum, value, k) => sum + (value - b[k]!) ** 2, 0);
    expect(Math.abs(squaredDistance(a, b) / naive - 1)).toBeLessThan(1e-12);
    x.set(a);
    y.set(b);
    expect(Math.abs(squaredDistance(x, y) / naive - 1)).toBeLessThan(1e-6); // each difference is a float32
    x[LENGTH - 1] = Number.NaN;
    expect(squaredDistance(x, y)).toBeNaN();
  });

  it('sums of squares are those of one number after another', () => {
    const naive = a.reduce((sum, value) => sum + value * value, 0);
    expect(Math.abs(sumOfSquares(a) / naive - 1)).toBeLessThan(1e-12);
    x.set(a);
    expect(Math.abs(sumOfSquares(x) / naive - 1)).toBeLessThan(1e-6);
    x[11] = Number.POSITIVE_INFINITY;
    expect(sumOfSquares(x)).toBe(Number.POSITIVE_INFINITY);
    x[11] = Number.NaN;
    expect(sumOfSquares(x)).toBeNaN();
    expect(sumOfSquares(Float32Array.of(1, 2, 3, 4, 5))).toBe(55);
    expect(sumOfSquares(Float32Array.of(1, Number.NaN))).toBeNaN();
  });
});

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
