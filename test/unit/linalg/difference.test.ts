import { describe, expect, it } from 'vitest';
import {
  addBytesInto,
  differenceInto,
  largestInBytes,
  largestMagnitude,
} from '../../../src/linalg/difference.js';
import { TILE_LENGTH } from '../../../src/linalg/tiles.js';
import { gaussianMatrix } from '../../reference/naive-linalg.js';
import { withTwins } from '../../reference/with-twins.js';

const gaussian = (length: number, seed: string) => gaussianMatrix(1, length, seed).values;
const lengths = [1, 3, 4, 7, 8, 9, 31, 1025, TILE_LENGTH, TILE_LENGTH + 5];
const bothWays = [<T>(run: () => T) => run(), withTwins];

/** The bytes of `x` at an odd offset. */
function bytesOf(x: Float32Array): Uint8Array {
  const bytes = new Uint8Array(x.byteLength + 1).subarray(1);
  bytes.set(new Uint8Array(x.slice().buffer));
  return bytes;
}

describe.each(bothWays)('differences (kernels, then twins)', (through) => {
  it('are float32 x - y, and their largest magnitude is found, in numbers as in bytes', () => {
    for (const length of lengths) {
      const [x, y] = [gaussian(length, 'x'), gaussian(length, 'y')];
      const out = new Float32Array(length);
      expect(through(() => differenceInto(out, x, y))).toBe(true);
      expect(out).toEqual(x.map((value, i) => Math.fround(value - y[i])));
      const largest = out.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      expect(through(() => largestMagnitude(out))).toBe(largest);
      expect(through(() => largestInBytes(bytesOf(out)))).toBe(largest);
    }
  });

  it('say when a number is not finite, wherever it is', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const length of [1, 9, TILE_LENGTH + 5]) {
        for (const at of [0, length >> 1, length - 1]) {
          const x = gaussian(length, 'x');
          x[at] = bad;
          const zero = new Float32Array(length);
          expect(Number.isFinite(through(() => largestMagnitude(x)))).toBe(false);
          expect(Number.isFinite(through(() => largestInBytes(bytesOf(x))))).toBe(false);
          expect(through(() => differenceInto(zero.slice(), zero, x))).toBe(false);
        }
      }
    }
  });

  it('do not take a finite number for an infinite one because its square is', () => {
    for (const length of lengths) {
      const x = new Float32Array(length).fill(3.4028234663852886e38);
      const zero = new Float32Array(length);
      expect(through(() => differenceInto(zero.slice(), x, zero))).toBe(true);
      expect(through(() => largestMagnitude(x))).toBe(x[0]);
    }
  });

  it('and bytes are added as the numbers that they are', () => {
    for (const length of lengths) {
      const [x, y] = [gaussian(length, 'x'), gaussian(length, 'y')];
      const out = x.slice();
      through(() => addBytesInto(out, bytesOf(y)));
      expect(out).toEqual(x.map((value, i) => Math.fround(value + y[i])));
    }
  });
});
