import { describe, expect, it } from 'vitest';
import { orthonormalizeInPlace } from '../../../src/linalg/orthonormalize.js';
import type { Factor } from '../../../src/linalg/skinny-products.js';
import { gaussianFactor, naiveGram } from '../../reference/naive-linalg.js';

function copyOf(factor: Factor): Factor {
  return { ...factor, values: factor.values.slice() };
}

/** Largest entry of |G - I|. */
function distanceFromIdentity(factor: Factor): number {
  const gram = naiveGram(factor, factor);
  return gram.reduce(
    (max, value, k) => Math.max(max, Math.abs(value - (k % (factor.rank + 1) === 0 ? 1 : 0))),
    0,
  );
}

describe('orthonormalizeInPlace', () => {
  it('gives an orthonormal basis of the same span', () => {
    const given = gaussianFactor(40, 7);
    const basis = copyOf(given);
    orthonormalizeInPlace(basis);
    expect(distanceFromIdentity(basis)).toBeLessThan(1e-14);
    // Every given vector keeps its whole length in the span.
    const shares = naiveGram(given, basis);
    const norms = naiveGram(given, given);
    for (let c = 0; c < 7; c++) {
      const inSpan = shares.slice(c * 7, c * 7 + 7).reduce((sum, dot) => sum + dot * dot, 0);
      expect(inSpan).toBeCloseTo(norms[c * 7 + c], 10);
    }
  });

  it('stays orthogonal to 1e-13 when the vectors are nearly parallel (Daniel et al. 1976)', () => {
    const factor = gaussianFactor(30, 4, 'parallel');
    for (let c = 1; c < 4; c++) {
      for (let i = 0; i < 30; i++)
        factor.values[c * 30 + i] = factor.values[i] + 1e-9 * factor.values[c * 30 + i];
    }
    orthonormalizeInPlace(factor);
    expect(distanceFromIdentity(factor)).toBeLessThan(1e-13);
  });

  it('makes dependent and zero vectors zero', () => {
    const factor = gaussianFactor(10, 4, 'dependent');
    for (let i = 0; i < 10; i++) {
      factor.values[10 + i] = 0;
      factor.values[30 + i] = 2 * factor.values[i] - 3 * factor.values[20 + i];
    }
    orthonormalizeInPlace(factor);
    expect(factor.values.slice(10, 20).every((x) => x === 0)).toBe(true);
    expect(factor.values.slice(30, 40).every((x) => x === 0)).toBe(true);
    expect(naiveGram(factor, factor)[0]).toBeCloseTo(1, 14);
  });

  it('does not change a bit when all vectors are scaled by a power of two, from 2^-250 to 2^250', () => {
    const plain = gaussianFactor(12, 3, 'scaled');
    const expected = copyOf(plain);
    orthonormalizeInPlace(expected);
    for (const exponent of [-250, -1, 250]) {
      const scaled = copyOf(plain);
      scaled.values.forEach((x, i) => {
        scaled.values[i] = x * 2 ** exponent;
      });
      orthonormalizeInPlace(scaled);
      expect(scaled.values).toEqual(expected.values);
    }
  });
});
