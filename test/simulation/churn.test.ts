import { describe, expect, it } from 'vitest';
import type { Pace } from '../../src/consensus/algorithm.js';
import { type ChaosOutcome, planChurnRun, runChaos } from './chaos.js';

/** `npm run test:chaos` runs 1,000 of each pace; this many are for everyday. */
const SEEDS = Number(process.env.CHAOS_SEEDS ?? 80);
const BATCH = 50;
/** Where one frame in four is lost, eight answers in a row are once in some hundred edges: no peer waits for ever. */
const MOST_GIVEN_UP = 3;
/** Virtual time that a run may take after its last fault is over: a hundred times what its rounds need without any. */
const DEADLINE_MS = 120_000;

const only = process.env.CHAOS_SEED;
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, k) => k + 1) : [Number(only)];

const replay = (seed: number): string =>
  `replay: CHAOS_SEED=${seed} npx vitest run --project simulation test/simulation/churn.test.ts`;

const run = (seed: number, pace: Pace): Promise<ChaosOutcome> =>
  runChaos(seed, undefined, pace, planChurnRun(seed, pace));

function healedMs({ plan }: ChaosOutcome): number {
  const ends = plan.faults.map((fault) => {
    const lastsMs = 'forMs' in fault ? fault.forMs : 'afterMs' in fault ? fault.afterMs : 0;
    return fault.atMs + (Number.isFinite(lastsMs) ? lastsMs : 0);
  });
  return Math.max(0, ...ends);
}

function problems(outcome: ChaosOutcome): string[] {
  const { plan, violations, halfApplied, differences, gaveUp, finishedMs } = outcome;
  const found = violations.map(({ invariant, message }) => `seed ${plan.seed}: ${invariant}: ${message}`);
  found.push(...differences.map((alarm) => `seed ${plan.seed}: false alarm of ${alarm}`));
  if (halfApplied > gaveUp)
    found.push(`seed ${plan.seed}: ${halfApplied} exchanges between the living are half applied`);
  if (finishedMs > healedMs(outcome) + DEADLINE_MS)
    found.push(`seed ${plan.seed}: finished at ${finishedMs} ms`);
  return found.length === 0 ? [] : [...found.slice(0, 3), JSON.stringify(plan), replay(plan.seed)];
}

describe.each<Pace>(['lockstep', 'asynchronous'])('members that change, %s', (pace) => {
  for (let first = 0; first < seeds.length; first += BATCH) {
    const batch = seeds.slice(first, first + BATCH);
    it(`break no invariant, and everybody goes on: seeds ${batch[0]} to ${batch.at(-1)}`, async () => {
      const found: string[] = [];
      let gaveUp = 0;
      for (const seed of batch) {
        const outcome = await run(seed, pace);
        gaveUp += outcome.gaveUp;
        found.push(...problems(outcome));
      }
      expect(gaveUp).toBeLessThanOrEqual(MOST_GIVEN_UP);
      expect(found.slice(0, 15)).toEqual([]);
    });
  }
});
