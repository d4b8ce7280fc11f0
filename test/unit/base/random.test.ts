import { describe, expect, it } from 'vitest';
import {
  createRandom,
  gaussian,
  nextUint32,
  type Random,
  shuffleInPlace,
  uniform,
  uniformInt,
} from '../../../src/base/random.js';

function draw<T>(count: number, next: () => T): T[] {
  return Array.from({ length: count }, next);
}

/** sum (observed - expected)^2 / expected over equally likely cells. */
function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Chi-square with k degrees of freedom has mean k and variance 2 k; six standard deviations above. */
function chiSquareLimit(degrees: number): number {
  return degrees + 6 * Math.sqrt(2 * degrees);
}

describe('xoshiro128** (Blackman and Vigna 2021)', () => {
  it('gives the outputs of its definition from a known state', () => {
    // Worked out by hand: the output is rotl(5 s1, 7) 9, and the state moves by shifts and exclusive ors.
    const random: Random = Uint32Array.of(1, 2, 3, 4);
    expect(nextUint32(random)).toBe(11520); // 5 x 2 = 10; 10 x 128 = 1280; x 9
    expect(Array.from(random)).toEqual([7, 0, 1026, 12288]);
    expect(nextUint32(random)).toBe(0);
  });

  it('goes on from a copied state as if nothing had happened', () => {
    const random = createRandom('resume', 7);
    draw(100, () => nextUint32(random));
    const resumed: Random = Uint32Array.from(Array.from(random)); // through plain numbers, as in a checkpoint
    expect(draw(50, () => gaussian(resumed))).toEqual(draw(50, () => gaussian(random)));
  });
});

describe('seeds are tuples', () => {
  it.each([
    [
      ['edge', 1, 12],
      ['edge', 11, 2],
    ],
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['1'], [1]],
    [
      [1, 2],
      [2, 1],
    ],
    [['a'], ['a', '']],
    [[''], []],
    [[0], [-0.5]],
  ])('%j and %j start different sequences', (a, b) => {
    expect(createRandom(...a)).not.toEqual(createRandom(...b));
  });

  it('equal tuples start equal sequences', () => {
    expect(createRandom(1, 'edge', 3)).toEqual(createRandom(1, 'edge', 3));
  });

  it('many tuples start at different states, and their first numbers are uniform', () => {
    const states = new Set<string>();
    const counts = new Array<number>(16).fill(0);
    for (let a = 0; a < 64; a++) {
      for (let b = 0; b < 64; b++) {
        const random = createRandom(1, 'edge', a, b);
        states.add(random.join());
        counts[nextUint32(random) >>> 28]! += 1;
      }
    }
    expect(states.size).toBe(4096);
    expect(chiSquare(counts, 256)).toBeLessThan(chiSquareLimit(15));
  });
});

describe('distributions', () => {
  const COUNT = 100_000;

  it('uniform lies in [0, 1) with mean 1/2 and variance 1/12', () => {
    const random = createRandom('uniform');
    const values = draw(COUNT, () => uniform(random));
    const mean = values.reduce((sum, value) => sum + value, 0) / COUNT;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT;
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * COUNT));
    expect(variance).toBeCloseTo(1 / 12, 2);
  });

  it('gaussian has the moments of N(0, 1) and its share beyond 1.96', () => {
    const random = createRandom('gaussian');
    const values = draw(COUNT, () => gaussian(random));
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / COUNT;
    // Standard errors: sqrt(1, 2, 15, 96) / sqrt(COUNT); five of them.
    const bounds = [1, 2, 15, 96].map((variance) => 5 * Math.sqrt(variance / COUNT));
    [0, 1, 0, 3].forEach((wanted, k) => expect(Math.abs(moment(k + 1) - wanted)).toBeLessThan(bounds[k]!));
    const tail = values.filter((value) => Math.abs(value) > 1.959964).length / COUNT;
    expect(Math.abs(tail - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / COUNT));
  });

  it.each([2, 3, 7, 10, 100])('uniformInt below %i is uniform', (bound) => {
    const random = createRandom('uniformInt', bound);
    const counts = new Array<number>(bound).fill(0);
    for (let k = 0; k < COUNT; k++) counts[uniformInt(random, bound)]! += 1;
    expect(chiSquare(counts, COUNT / bound)).toBeLessThan(chiSquareLimit(bound - 1));
  });

  it('uniformInt has no modulo bias where it would be largest: a bound of 3/4 of 2^32', () => {
    // By modulo alone the lowest third would come up twice as often as the others.
    const random = createRandom('bias');
    const bound = 3 * 2 ** 30;
    const counts = [0, 0, 0];
    for (let k = 0; k < 30_000; k++) counts[Math.floor(uniformInt(random, bound) / 2 ** 30)]! += 1;
    expect(chiSquare(counts, 10_000)).toBeLessThan(chiSquareLimit(2));
  });

  it('uniformInt knows its ends: bound 1 is always 0, bound 2^32 is every word', () => {
    const random = createRandom('ends');
    expect(draw(10, () => uniformInt(random, 1))).toEqual(new Array(10).fill(0));
    const copy = random.slice();
    expect(uniformInt(random, 2 ** 32)).toBe(nextUint32(copy));
  });
});

describe('shuffleInPlace', () => {
  it('makes every order of four equally often', () => {
    const random = createRandom('shuffle');
    const counts = new Map<string, number>();
    for (let k = 0; k < 24_000; k++) {
      const items = [0, 1, 2, 3];
      shuffleInPlace(random, items);
      counts.set(items.join(''), (counts.get(items.join('')) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()], 1000)).toBeLessThan(chiSquareLimit(23));
  });

  it('keeps the items, in typed arrays too, and leaves empty ones alone', () => {
    const items = Uint32Array.from({ length: 50 }, (_, k) => k);
    shuffleInPlace(createRandom('typed'), items);
    expect(items).not.toEqual(items.slice().sort());
    expect(Array.from(items.slice().sort())).toEqual(Array.from({ length: 50 }, (_, k) => k));
    const none: number[] = [];
    shuffleInPlace(createRandom('none'), none);
    expect(none).toEqual([]);
  });
});
