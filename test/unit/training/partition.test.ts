import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { logGamma } from '../../../src/training/dirichlet.js';
import { histogramOf, type PartitionedSamples, partitions } from '../../../src/training/partition.js';
import { quantitySizes } from '../../../src/training/quantity.js';

const SEED = 20210607;

/** `perClass` samples of each of ten classes, interleaved. */
function tenClasses(perClass: number): Uint8Array {
  return Uint8Array.from({ length: 10 * perClass }, (_, k) => k % 10);
}

/** Samples of which only the classes are known. */
function labeled(labels: Uint8Array): PartitionedSamples {
  return { count: labels.length, labels, origins: null };
}

/** Samples of which only the files are known. */
function filed(origins: readonly number[]): PartitionedSamples {
  return { count: origins.length, labels: null, origins: Uint32Array.from(origins) };
}

const anyPartition = fc.record({
  spec: fc.constantFrom(
    ...['iid', 'sorted', 'dirichlet:alpha=10', 'dirichlet:alpha=0.1', 'dirichlet:alpha=0.01'],
    ...['quantity', 'quantity:alpha=0.01', 'by-file'],
  ),
  labels: fc.uint8Array({ min: 0, max: 9, minLength: 40, maxLength: 300 }),
  peers: fc.integer({ min: 1, max: 25 }),
  seed: fc.nat(),
});

describe('every partition', () => {
  it('gives every sample to exactly one peer, leaves no peer empty, and repeats itself for a seed', () => {
    fc.assert(
      fc.property(anyPartition, ({ spec, labels, peers, seed }) => {
        const origins = Uint32Array.from(labels, (label, k) => (k < 25 ? k : 100 + 7 * label));
        const samples = { count: labels.length, labels, origins };
        const { shards } = partitions.resolve(spec).split(samples, peers, seed);
        expect(shards).toHaveLength(peers);
        const all = shards.flatMap((shard) => [...shard]).sort((a, b) => a - b);
        expect(all).toEqual(Array.from(labels, (_, index) => index));
        for (const shard of shards) expect(shard.length).toBeGreaterThan(0);
        expect(partitions.resolve(spec).split(samples, peers, seed).shards).toEqual(shards);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('refuses more peers than samples', () => {
    const three = labeled(new Uint8Array(3));
    expect(() => partitions.resolve('iid').split(three, 4, 1)).toThrow(/4 peers share 3 samples/);
  });

  it('that sorts by class refuses samples without classes, and says what to choose', () => {
    for (const spec of ['sorted', 'dirichlet']) {
      expect(() => partitions.resolve(spec).split(filed([0, 0, 1, 1]), 2, 1)).toThrow(
        new RegExp(`partition ${spec}: got data without classes.*--partition iid, quantity, or by-file`),
      );
    }
  });
});

describe('iid and sorted', () => {
  it('have shards whose sizes differ by at most 1', () => {
    fc.assert(
      fc.property(anyPartition, fc.constantFrom('iid', 'sorted'), ({ labels, peers, seed }, spec) => {
        const sizes = partitions
          .resolve(spec)
          .split(labeled(labels), peers, seed)
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
        .split(labeled(labels), 5, 1)
        .shards.map((shard) => histogramOf(labels, shard).filter((c) => c > 0).length);
    expect(classesOf('sorted')).toEqual([2, 2, 2, 2, 2]);
    expect(classesOf('iid')).toEqual([10, 10, 10, 10, 10]);
  });
});

describe('dirichlet (Hsu et al. 2019; balanced as in Lin et al. 2021)', () => {
  const labels = tenClasses(400);

  /** Mean over peers of the largest class share: 0.1 when all look alike, 1 when each sees one class. */
  function skew(spec: string): number {
    const { shards } = partitions.resolve(spec).split(labeled(labels), 10, 3);
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
      const { shards, note } = partitions.resolve('dirichlet').split(labeled(labels), peers, 5);
      expect(note).toBeNull();
      for (const shard of shards)
        expect(shard.length).toBeGreaterThanOrEqual(Math.floor((0.5 * 4000) / peers) - 1);
    }
  });

  it('says so where it had to settle for less: two classes cannot feed ten peers at alpha = 0.001', () => {
    const two = Uint8Array.from({ length: 200 }, (_, k) => k % 2);
    const { shards, note } = partitions.resolve('dirichlet:alpha=0.001').split(labeled(two), 10, 1);
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

describe('by-file (as LEAF deals out writers, Caldas et al. 2018)', () => {
  const filesOf = (shards: readonly Uint32Array[], origins: readonly number[]) =>
    shards.map((shard) => [...new Set(Array.from(shard, (index) => origins[index]!))].sort());

  it('divides no file, and gives as many peers as there are files one each', () => {
    const origins = [5, 9, 5, 7, 9, 9, 7, 5];
    const { shards } = partitions.resolve('by-file').split(filed(origins), 3, 1);
    const files = filesOf(shards, origins);
    expect(files.flat().sort()).toEqual([5, 7, 9]);
    for (const own of files) expect(own).toHaveLength(1);
    const orders = [1, 2, 3, 4, 5, 6].map((seed) => {
      const split = partitions.resolve('by-file').split(filed(origins), 3, seed);
      return filesOf(split.shards, origins).join('|');
    });
    expect(new Set(orders).size).toBeGreaterThan(1);
  });

  it('evens sizes out: files of 6, 5, 4, 3, 2, 1 samples make 11 and 10', () => {
    const origins = [6, 5, 4, 3, 2, 1].flatMap((size) => new Array<number>(size).fill(size));
    const { shards } = partitions.resolve('by-file').split(filed(origins), 2, 4);
    expect(shards.map((shard) => shard.length).sort()).toEqual([10, 11]);
  });

  it('refuses more peers than files, and data that do not know their files', () => {
    expect(() => partitions.resolve('by-file').split(filed([1, 1, 2]), 3, 1)).toThrow(/2 files for 3 peers/);
    const unknown = labeled(new Uint8Array(9));
    expect(() => partitions.resolve('by-file').split(unknown, 3, 1)).toThrow(
      /do not say which file.*origin=/,
    );
  });
});

describe('quantity (Li et al. 2022, section IV-C)', () => {
  it('draws sizes that add up, none below 1, the more skewed the smaller alpha is', () => {
    const largest = [100, 1, 0.05].map((alpha) => {
      const sizes = quantitySizes(1000, 10, { alpha, random: createRandom('sizes', alpha) });
      expect(sizes.reduce((a, b) => a + b)).toBe(1000);
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1);
      return Math.max(...sizes);
    });
    expect(largest[0]).toBeLessThan(150);
    expect(largest[1]).toBeGreaterThan(largest[0]!);
    expect(largest[2]).toBeGreaterThan(500);
  });

  it('leaves the classes alike: a peer with a few hundred samples sees every class', () => {
    const labels = tenClasses(200);
    const { shards } = partitions.resolve('quantity').split(labeled(labels), 5, 2);
    const big = shards.filter((shard) => shard.length > 300);
    expect(big.length).toBeGreaterThan(0);
    for (const shard of big) {
      for (const count of histogramOf(labels, shard)) {
        expect(count / shard.length).toBeGreaterThan(0.05);
        expect(count / shard.length).toBeLessThan(0.15);
      }
    }
  });
});

it('histogramOf counts the labels of a shard', () => {
  expect(histogramOf(Uint8Array.of(2, 0, 2, 1), Uint32Array.of(0, 2, 3), 3)).toEqual([0, 1, 2]);
});
