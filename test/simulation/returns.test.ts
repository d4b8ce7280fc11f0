/** Peers that are killed and go on from checkpoints, one by one among the living or all at once, under bad links. */
import { describe, expect, it } from 'vitest';
import { createRandom, uniform, uniformInt } from '../../src/base/random.js';
import type { Pace } from '../../src/consensus/algorithm.js';
import { algorithms } from '../../src/consensus/registry.js';
import type { Fault } from '../../src/simulation/fault.js';
import { type ChaosOutcome, runChaos } from './chaos.js';
import { type ChurnPlan, planChurn } from './churn-plan.js';

const SEEDS = Number(process.env.CHAOS_SEEDS ?? 12);
/** Milliseconds: a seed takes up to one second of a busy core. */
const TEST_MS = Math.max(300_000, 5_000 * SEEDS);
const only = process.env.CHAOS_SEED;
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, k) => k + 1) : [Number(only)];
/** Virtual time that a run may take: a hundred times what its rounds need without faults. */
const DEADLINE_MS = 150_000;

/** A planned run whose algorithm bears new processes. */
function planRestarts(seed: number, pace: Pace): ChurnPlan {
  const plan = planChurn(seed, pace);
  const bears = algorithms.resolve(plan.algorithm).toleratesChurn === true;
  return bears ? plan : { ...plan, algorithm: 'exact', compressor: 'none' };
}

/** Who is started again has checkpoints; few rounds are recent, so that models of both kinds are gone on from. */
function planReturns(seed: number, pace: Pace): ChurnPlan {
  const random = createRandom(seed, 'returns');
  const plan = planRestarts(seed, pace);
  const faults = plan.faults.map(
    (fault): Fault =>
      fault.type === 'restart' ? { ...fault, checkpointEvery: 1 + uniformInt(random, 6) } : fault,
  );
  return { ...plan, faults, recentRounds: uniformInt(random, 12) };
}

/** The whole swarm loses its power, and its peers start again at times of their own. */
function planPowerCut(seed: number, pace: Pace): ChurnPlan {
  const random = createRandom(seed, 'power cut');
  const plan = planRestarts(seed, pace);
  const atMs = 200 + uniform(random) * 1500;
  const checkpointEvery = 1 + uniformInt(random, 4);
  const faults = Array.from({ length: plan.nodes }, (_, node): Fault => {
    const afterMs = 100 + uniform(random) * 3000;
    return { type: 'restart', node, atMs, afterMs, checkpointEvery };
  });
  return { ...plan, faults };
}

function problems({ plan, violations, differences, finishedMs }: ChaosOutcome): string[] {
  const found = violations.map(({ invariant, message }) => `${invariant}: ${message}`);
  found.push(...differences.map((alarm) => `false alarm of ${alarm}`));
  if (finishedMs > DEADLINE_MS) found.push(`finished at ${finishedMs} ms`);
  if (found.length === 0) return [];
  const replay = `CHAOS_SEED=${plan.seed} npx vitest run --project simulation test/simulation/returns.test.ts`;
  return [`seed ${plan.seed}`, ...found.slice(0, 3), JSON.stringify(plan), replay];
}

describe.each<Pace>(['lockstep', 'asynchronous'])('peers that go on from checkpoints, %s', (pace) => {
  for (const [title, planOf] of [
    ['one by one', planReturns],
    ['all at once', planPowerCut],
  ] as const) {
    it(
      `break no invariant, and everybody goes on: ${title}`,
      async () => {
        const found: string[] = [];
        for (const seed of seeds) found.push(...problems(await runChaos(planOf(seed, pace))));
        expect(found.slice(0, 15)).toEqual([]);
      },
      TEST_MS,
    );
  }
});
