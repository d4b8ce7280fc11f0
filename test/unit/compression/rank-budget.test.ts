import { describe, expect, it } from 'vitest';
import { rankForEnergy, spreadBudget } from '../../../src/compression/rank-budget.js';

const offer = (energies: number[], bytesPerVector: number) => ({
  energies,
  bytesAt: (rank: number) => bytesPerVector * rank,
});

describe('a byte budget', () => {
  it('buys the vector with the largest gain per byte next, in whatever layer', () => {
    // Gains per byte: layer a 0.5, 0.4, 0.1; layer b 0.45, 0.3.
    const offers = [offer([5, 4, 1], 10), offer([9, 6], 20)];
    expect(spreadBudget(offers, 30)).toEqual([1, 1]);
    expect(spreadBudget(offers, 40)).toEqual([2, 1]);
    expect(spreadBudget(offers, 59)).toEqual([3, 1]); // b's second does not fit any more
    expect(spreadBudget(offers, 60)).toEqual([2, 2]);
    expect(spreadBudget(offers, 1000)).toEqual([3, 2]);
  });

  it('gives every layer rank 1, and captures as much as the best of all affordable ranks but for one vector', () => {
    const offers = [offer([8, 4, 2, 1], 7), offer([9, 3, 1], 5), offer([2, 2, 2], 3)];
    const energyOf = (ranks: number[]) =>
      ranks.reduce((sum, rank, k) => sum + offers[k].energies.slice(0, rank).reduce((a, b) => a + b, 0), 0);
    const bytesOf = (ranks: number[]) => ranks.reduce((sum, rank, k) => sum + offers[k].bytesAt(rank), 0);
    for (let bytes = 15; bytes < 60; bytes++) {
      const ranks = spreadBudget(offers, bytes);
      expect(bytesOf(ranks)).toBeLessThanOrEqual(bytes);
      let best = 0;
      for (let a = 1; a <= 4; a++)
        for (let b = 1; b <= 3; b++)
          for (let c = 1; c <= 3; c++)
            if (bytesOf([a, b, c]) <= bytes) best = Math.max(best, energyOf([a, b, c]));
      expect(energyOf(ranks)).toBeGreaterThanOrEqual(best - 4); // the largest vector that can be bought is 4
    }
  });
});

describe('a share of energy', () => {
  it('is reached with the smallest rank, at least 1, and at most all', () => {
    expect(rankForEnergy([5, 3, 2], 0.5, 10)).toBe(1);
    expect(rankForEnergy([5, 3, 2], 0.51, 10)).toBe(2);
    expect(rankForEnergy([5, 3, 2], 1, 10)).toBe(3);
    expect(rankForEnergy([5, 3], 1, 10)).toBe(2);
    expect(rankForEnergy([0, 0], 0.7, 0)).toBe(1);
  });
});
