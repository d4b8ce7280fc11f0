import { describe, expect, it } from 'vitest';
import type { Pace } from '../../src/consensus/algorithm.js';
import { planMembersRun, runChaos } from './chaos.js';

const SEEDS = Number(process.env.CHAOS_SEEDS ?? 40);
const only = process.env.CHAOS_SEED;
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, k) => k + 1) : [Number(only)];

describe.each<Pace>(['lockstep', 'asynchronous'])('a topology that follows its members, %s', (pace) => {
  it('breaks no invariant, and everybody goes on', async () => {
    const found: string[] = [];
    for (const seed of seeds) {
      const plan = planMembersRun(seed, pace);
      const { violations, halfApplied, gaveUp, differences, finishedMs } = await runChaos(
        seed,
        undefined,
        pace,
        plan,
      );
      const mine = violations.map(({ invariant, message }) => `seed ${seed}: ${invariant}: ${message}`);
      mine.push(...differences);
      if (halfApplied > gaveUp) mine.push(`seed ${seed}: half applied ${halfApplied}`);
      if (finishedMs > 120_000) mine.push(`seed ${seed}: finished at ${finishedMs}`);
      if (mine.length > 0) found.push(...mine.slice(0, 2), JSON.stringify(plan));
    }
    expect(found.slice(0, 12)).toEqual([]);
  });
});
