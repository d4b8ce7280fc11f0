import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { logGamma } from '../../../src/training/dirichlet.js';
import { histogramOf, partitions } from '../../../src/training/partition.js';

const SEED = 20210607;

/** `perClass` samples of each of ten classes, interleaved. */
function tenClasses(perClass: number): Uint8Array {
  return Uint8Array.from({ length: 10 * perClass }, (_, k) => k % 10);
}

const anyPartition = fc.record({
  spec: fc.constantFrom('iid', 'sorted', 'dirichlet:alpha=10', 'dirichlet:alpha=0.1', 'dirichlet:alpha=0.01'),
  labels: fc.uint8Array({ min: 0, max: 9, minLength: 40, maxLength: 300 }),
  peers: fc.integer({ min: 1, max: 25 }),
  seed: fc.nat(),
});

describe('every partition', () => {
  it('gives every sample to exactly one peer, leaves no peer empty, and repeats itself for a seed', () => {
    fc.assert(
      fc.property(anyPartition, ({ spec, labels, peers, seed }) => {
        const { shards } = partitions.resolve(spec).split(labels, peers, seed);
        expect(shards).toHaveLength(peers);
        const all = shards.flatMap((shard) => [...shard]).sort((a, b) => a - b);
        expect(all).toEqual(Array.from(labels, (_, index) => index));
        for (const shard of shards) expect(shard.length).toBeGreaterThan(0);
        expect(partitions.resolve(spec).split(labels, peers, seed).shards).toEqual(shards);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('refuses more peers than samples', () => {
    expect(() => partitions.resolve('iid').split(new Uint8Array(3), 4, 1)).toThrow(/4 peers share 3 samples/);
  });
});

describe('iid and sorted', () => {
  it('have shards whose sizes differ by at most 1', () => {
    fc.assert(
      fc.property(anyPartition, fc.constantFrom('iid', 'sorted'), ({ labels, peers, seed }, spec) => {
        const sizes = partitions
          .resolve(spec)
          .split(labels, peers, seed)
          .shards.map((shard) => shard.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('sorted gives five peers two classes each; iid gives each of them all ten', () => {
    const labels = tenClasses(50);
    const classesOf = (spec: string) =>
      partitions
        .resolve(spec)
        .split(labels, 5, 1)
        .shards.map((shard) => histogramOf(labels, shard).filter((c) => c > 0).length);
    expect(classesOf('sorted')).toEqual([2, 2, 2, 2, 2]);
    expect(classesOf('iid')).toEqual([10, 10, 10, 10, 10]);
  });
});

describe('dirichlet (Hsu et al. 2019; balanced as in Lin et al. 2021)', () => {
  const labels = tenClasses(400);

  /** Mean over peers of the largest class share: 0.1 when all look alike, 1 when each sees one class. */
  function skew(spec: string): number {
    const { shards } = partitions.resolve(spec).split(labels, 10, 3);
    const tops = shards.map((shard) => Math.max(...histogramOf(labels, shard)) / shard.length);
    return tops.reduce((a, b) => a + b, 0) / tops.length;
  }

  it('skews more the smaller alpha is', () => {
    const skews = ['dirichlet:alpha=1000', 'dirichlet:alpha=1', 'dirichlet:alpha=0.01'].map(skew);
    expect(skews[0]).toBeLessThan(0.15);
    expect(skews[1]).toBeGreaterThan(skews[0]! + 0.1);
    expect(skews[2]).toBeGreaterThan(skews[1]! + 0.1);
  });

  it('gives every peer at least half of a fair share, without a note, for 8 to 32 peers', () => {
    for (const peers of [8, 10, 11, 32]) {
      const { shards, note } = partitions.resolve('dirichlet').split(labels, peers, 5);
      expect(note).toBeNull();
      for (const shard of shards)
        expect(shard.length).toBeGreaterThanOrEqual(Math.floor((0.5 * 4000) / peers) - 1);
    }
  });

  it('says so where it had to settle for less: two classes cannot feed ten peers at alpha = 0.001', () => {
    const two = Uint8Array.from({ length: 200 }, (_, k) => k % 2);
    const { shards, note } = partitions.resolve('dirichlet:alpha=0.001').split(two, 10, 1);
    expect(note).toMatch(/kept the best draw/);
    for (const shard of shards) expect(shard.length).toBeGreaterThan(0);
  });

  it('draws Gamma numbers of the right mean and variance (both equal the shape)', () => {
    for (const shape of [0.5, 3]) {
      const random = createRandom('gamma', shape);
      const draws = Array.from({ length: 20_000 }, () => Math.exp(logGamma(random, shape)));
      const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
      const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
      expect(mean / shape).toBeCloseTo(1, 1);
      expect(Math.abs(variance / shape - 1)).toBeLessThan(0.08);
    }
  });
});

it('histogramOf counts the labels of a shard', () => {
  expect(histogramOf(Uint8Array.of(2, 0, 2, 1), Uint32Array.of(0, 2, 3), 3)).toEqual([0, 1, 2]);
});
