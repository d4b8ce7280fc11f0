import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowSamples, type Samples, valueSamples } from '../../../../src/training/data/dataset.js';
import { holdBack, subsetOf, withValidation } from '../../../../src/training/data/subset.js';

const ten = rowSamples({
  rows: Float32Array.from({ length: 20 }, (_, k) => k),
  features: 2,
  labels: Uint8Array.from({ length: 10 }, (_, k) => k % 3),
  origins: Uint32Array.from({ length: 10 }, (_, k) => 100 + k),
});

function inputs(samples: Samples, indices: readonly number[]): number[] {
  const out = new Float32Array(2 * indices.length);
  samples.inputsInto(out, Uint32Array.from(indices));
  return [...out];
}

describe('a subset', () => {
  it('is the chosen samples in the chosen order', () => {
    const part = subsetOf(ten, Uint32Array.of(7, 2, 4));
    expect(part.count).toBe(3);
    expect(inputs(part, [0, 2])).toEqual([14, 15, 8, 9]);
    expect([...part.labels!]).toEqual([1, 2, 1]);
    expect([...part.origins!]).toEqual([107, 102, 104]);
    const targets = new Float32Array(2);
    part.targetsInto(targets, Uint32Array.of(1, 0));
    expect([...targets]).toEqual([2, 1]);
  });

  it('of samples without classes and origins has none either', () => {
    const values = valueSamples({ rows: new Float32Array(4), features: 2, values: Float32Array.of(0.5, -3) });
    const part = subsetOf(values, Uint32Array.of(1));
    expect([part.labels, part.origins]).toEqual([null, null]);
    const targets = new Float32Array(1);
    part.targetsInto(targets, Uint32Array.of(0));
    expect(targets[0]).toBe(-3);
  });
});

describe('what is held back', () => {
  it('and what is kept are all samples once, neither of them nothing, the same each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 500 }), fc.double({ min: 0.001, max: 0.999 }), (count, share) => {
        const { kept, held } = holdBack(count, share);
        expect([...kept, ...held].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, k) => k));
        expect(kept.length).toBeGreaterThan(0);
        expect(held.length).toBeGreaterThan(0);
        expect(Math.abs(held.length - share * count)).toBeLessThanOrEqual(1);
        expect(holdBack(count, share)).toEqual({ kept, held });
      }),
      { seed: 77, numRuns: 60 },
    );
  });

  it('is no run of neighbors: a sorted file is held back from evenly', () => {
    const { held } = holdBack(1000, 0.1);
    const tenths = new Array<number>(10).fill(0);
    for (const index of held) tenths[Math.floor(index / 100)]!++;
    expect(Math.max(...tenths)).toBeLessThan(25);
  });

  it('replaces the test samples, which nobody sees then', () => {
    const data = {
      name: 'x',
      inputShape: [2],
      targets: { kind: 'classes', classes: 3, perSample: 1 },
      train: ten,
      test: subsetOf(ten, Uint32Array.of(0)),
    } as const;
    const { train, test } = withValidation(data, 0.3);
    expect([train.count, test.count]).toEqual([7, 3]);
    expect(new Set([...train.origins!, ...test.origins!]).size).toBe(10);
    expect(withValidation(data, 0)).toBe(data);
  });
});
