import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { fromHalfBits, halfScaleFor, MAX_HALF, toHalfBits } from '../../../src/compression/half.js';

/** Every finite half from 0 up: bit pattern k is the k-th of them, by the definition of the format. */
const halves = Array.from({ length: 0x7c00 }, (_, bits) => {
  const [exponent, fraction] = [Math.floor(bits / 1024), bits % 1024];
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
});

/** The nearest half by search, ties to the even pattern. */
function naiveHalfBits(magnitude: number): number {
  let low = 0;
  let high = halves.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (halves[middle] <= magnitude) low = middle;
    else high = middle;
  }
  const [down, up] = [magnitude - halves[low], halves[high] - magnitude];
  if (down !== up) return down < up ? low : high;
  return low % 2 === 0 ? low : high;
}

describe('half precision', () => {
  it('reads every bit pattern as IEEE 754 defines it, and writes it back', () => {
    const wrong = halves.filter(
      (half, bits) =>
        fromHalfBits(bits) !== half || toHalfBits(half) !== bits || toHalfBits(-half) !== (bits | 0x8000),
    );
    expect(wrong).toEqual([]);
    expect(fromHalfBits(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalfBits(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(fromHalfBits(0x7e00)).toBeNaN();
  });

  it('rounds to the nearest, ties to even, at every boundary between two neighbors and just beside it', () => {
    const wrong = halves.slice(1).filter((next, bits) => {
      const middle = (halves[bits] + next) / 2;
      const [below, at, above] = [1 - 2 ** -52, 1, 1 + 2 ** -52].map((factor) => toHalfBits(factor * middle));
      return below !== bits || at !== bits + (bits % 2) || above !== bits + 1;
    });
    expect(wrong).toEqual([]);
  });

  it('agrees with a search among all halves on random numbers of any size, and overflows at 65520', () => {
    const random = createRandom('half');
    for (let k = 0; k < 5000; k++) {
      const value = Math.abs(gaussian(random)) * 2 ** ((k % 41) - 28);
      expect(toHalfBits(value)).toBe(naiveHalfBits(value));
    }
    expect(toHalfBits(65519.99)).toBe(toHalfBits(MAX_HALF));
    expect(toHalfBits(65520)).toBe(0x7c00);
    expect(toHalfBits(-1e9)).toBe(0xfc00);
  });

  it('scales by powers of two, to where halves are finest', () => {
    expect(halfScaleFor(1)).toBe(2 ** -14);
    expect(halfScaleFor(1.999)).toBe(2 ** -14);
    expect(halfScaleFor(3e38)).toBe(2 ** 113);
    expect(halfScaleFor(1e-45)).toBe(2 ** -149);
    expect(halfScaleFor(0)).toBe(0);
  });
});
