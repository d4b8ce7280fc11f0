/**
 * Seeded swarms whose members change, held to every invariant after every step (checkers.ts) and to deadlines after the last
 * fault has healed (liveness.ts). `npm run test:chaos` runs 1,000 of each pace and says what they held; these are for everyday.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Pace } from '../../src/consensus/algorithm.js';
import { chaosKinds, churnAlgorithms, churnTopologies, fixedAlgorithms, planChurn } from './churn-plan.js';
import { problemsOf, runChurn } from './churn-run.js';
import { ChurnTally } from './churn-tally.js';

const EVERYDAY_SEEDS = 60;
const SEEDS = Number(process.env.CHAOS_SEEDS ?? EVERYDAY_SEEDS);
const BATCH = 50;
/** Where one frame in four is lost, eight answers in a row are once in some hundred edges: no peer waits for ever. */
const MOST_UNHEARD = 3;

const only = process.env.CHAOS_SEED;
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, k) => k + 1) : [Number(only)];
const paces: readonly Pace[] = ['lockstep', 'asynchronous'];
const chosen = paces.filter((pace) => (process.env.CHAOS_PACE ?? pace) === pace);

describe.each(chosen)('members that change, %s', (pace) => {
  const tally = new ChurnTally();
  for (let first = 0; first < seeds.length; first += BATCH) {
    const batch = seeds.slice(first, first + BATCH);
    it(`break no invariant, and everybody goes on: seeds ${batch[0]} to ${batch.at(-1)}`, async () => {
      const found: string[] = [];
      let unheard = 0;
      for (const seed of batch) {
        const outcome = await runChurn(planChurn(seed, pace));
        tally.add(outcome);
        found.push(...problemsOf(outcome));
        unheard += outcome.excused.unheard;
      }
      expect(found.slice(0, 15)).toEqual([]);
      expect(unheard).toBeLessThanOrEqual(MOST_UNHEARD);
    });
  }

  it.runIf(seeds.length >= EVERYDAY_SEEDS)(
    'hold every kind of fault, and what each is to bring about',
    () => {
      for (const kind of chaosKinds)
        expect(tally.kinds.get(kind), kind).toBeGreaterThanOrEqual(seeds.length / 40);
      const { framesLost, framesRepeated, framesOvertaking, framesRefused } = tally.frames;
      for (const count of [framesLost, framesRepeated, framesOvertaking, framesRefused])
        expect(count).toBeGreaterThan(seeds.length);
      expect([...tally.notices]).toEqual(expect.arrayContaining(['JOINED', 'PEER_RESTARTED']));
      expect(tally.reactivated).toBeGreaterThan(seeds.length);
      expect(tally.compared).toBeGreaterThan(100 * seeds.length);
    },
  );

  afterAll(() => {
    if (process.env.CHAOS_TALLY !== undefined) console.log(tally.textOf(pace));
  });
});

it.skipIf(only !== undefined)('are of every algorithm, topology and size, over 1,000 seeds', () => {
  const plans = paces.flatMap((pace) => Array.from({ length: 1000 }, (_, seed) => planChurn(seed + 1, pace)));
  const drawn = (of: (plan: (typeof plans)[number]) => unknown) => [...new Set(plans.map(of))].sort();
  const algorithms = [...churnAlgorithms.lockstep, ...churnAlgorithms.asynchronous, ...fixedAlgorithms];
  expect(drawn(({ algorithm }) => algorithm)).toEqual([...new Set(algorithms)].sort());
  expect(drawn(({ topology }) => topology)).toEqual([...churnTopologies].sort());
  expect(drawn(({ nodes }) => nodes)).toEqual([2, 4, 6, 8, 9]);
  expect(drawn(({ compressor }) => compressor).length).toBeGreaterThanOrEqual(9);
});
