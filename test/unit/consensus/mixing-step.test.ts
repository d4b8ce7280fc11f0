import { describe, expect, test } from 'vitest';
import { isPlausible, MAX_CORRECTION_RATIO } from '../../../src/consensus/mixing-step.js';
import { sumOfSquares } from '../../../src/linalg/pairs.js';

/** ||values||^2 of a correction. */
const energy = (...values: number[]): number => sumOfSquares(vector(...values));
const vector = (...values: number[]): Float32Array => Float32Array.from(values);

describe('a correction is believed', () => {
  test('up to ten thousand times the length of the parameters', () => {
    const parameters = vector(3, 4, 0, 0); // length 5
    expect(isPlausible(energy(0, 5 * MAX_CORRECTION_RATIO, 0, 0), parameters)).toBe(true);
    expect(isPlausible(energy(0, 5.001 * MAX_CORRECTION_RATIO, 0, 0), parameters)).toBe(false);
  });

  test('where the parameters are still zero, as if each of them were 1', () => {
    const parameters = vector(0, 0, 0, 0);
    expect(isPlausible(energy(2 * MAX_CORRECTION_RATIO, 0, 0, 0), parameters)).toBe(true);
    expect(isPlausible(energy(2.001 * MAX_CORRECTION_RATIO, 0, 0, 0), parameters)).toBe(false);
  });

  test('not when an entry is no finite number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(isPlausible(energy(1, value), vector(1, 1))).toBe(false);
    }
    expect(isPlausible(energy(3.4e38, -3.4e38), vector(1, 1))).toBe(false);
  });
});
