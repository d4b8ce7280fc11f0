/** What adaptive local steps are for, on a task that learns, in virtual time. */
import { describe, expect, it } from 'vitest';
import { simulatePlan } from '../../src/cli/simulate-command.js';
import { planRun } from '../../src/config/run-plan.js';
import {
  type RunConfigInput,
  type SimulationConfig,
  simulationConfigSchema,
} from '../../src/config/schema.js';
import { verifyRunConfig } from '../../src/config/verify.js';
import type { EvaluationEvent, MetricsEvent, RoundEvent } from '../../src/metrics/events.js';

const ROUNDS = 40;

async function run(choices: RunConfigInput, network: Partial<SimulationConfig> = {}) {
  const config = verifyRunConfig({
    peers: 8,
    task: 'logistic',
    rounds: ROUNDS,
    evaluateEvery: 2,
    ...choices,
  });
  const plan = planRun(config, { cacheDirectory: 'unused: the task makes its data' });
  const events: MetricsEvent[] = [];
  const evaluator = await plan.createModel(null);
  const { endMs } = await simulatePlan(
    plan,
    { simulation: simulationConfigSchema.parse(network) },
    { monitor: { record: (event) => void events.push(event) }, evaluator, interrupted: () => false },
  );
  const of = <K extends MetricsEvent['event']>(kind: K) =>
    events.filter((event): event is Extract<MetricsEvent, { event: K }> => event.event === kind);
  const evaluations: EvaluationEvent[] = of('evaluation');
  const rounds: RoundEvent[] = of('round');
  return { endMs, evaluations, rounds, last: evaluations.at(-1)!, config };
}

const straggler = { faults: ['slow:peer=3,factor=10'] };

describe('a swarm of eight with one peer ten times slower', () => {
  it('is done in a third of the time with adaptive steps, as good, and counts what the straggler has taken', async () => {
    const fixed = await run({}, straggler);
    const adaptive = await run({ stepping: 'adaptive' }, straggler);
    // Five rounds at the straggler's pace, then one of its steps takes as long as two rounds of the others: 12.5 + 7 of 40.
    expect(adaptive.endMs).toBeLessThan(0.33 * fixed.endMs);
    expect(adaptive.last.meanModel.accuracy).toBeGreaterThan(fixed.last.meanModel.accuracy! - 0.01);
    expect(adaptive.last.local.worst).toBeGreaterThan(fixed.last.local.worst! - 0.02);
    const [own, other] = [3, 0].map((peer) => adaptive.rounds.filter((event) => event.peer === peer));
    const { batch, localSteps } = adaptive.config;
    expect(own!.map(({ steps }) => steps)).toEqual([
      ...Array(4).fill(localSteps),
      ...Array(ROUNDS - 4).fill(1),
    ]);
    expect(own!.at(-1)!.samples).toBe(batch * (4 * localSteps + ROUNDS - 4));
    expect(other!.at(-1)!.samples).toBe(batch * localSteps * ROUNDS);
  });
});

describe('a swarm whose peers are equally quick', () => {
  it('does to the bit what it does with fixed steps, and at the same times', async () => {
    for (const algorithm of ['edge-choco', 'choco', 'gradient-tracking']) {
      const [fixed, adaptive] = [
        await run({ algorithm }),
        await run({ algorithm, stepping: 'adaptive:stretch=100' }),
      ];
      expect(adaptive.evaluations).toEqual(fixed.evaluations);
      expect(adaptive.rounds.map(({ steps: _steps, ...rest }) => rest)).toEqual(fixed.rounds);
      expect(fixed.rounds.every((event) => !('steps' in event))).toBe(true);
    }
  });
});

describe('a straggler on skewed data', () => {
  it('keeps the weight of its data by longer steps; with steps of one size the swarm forgets it', async () => {
    const far = {
      task: 'quadratic:heterogeneity=1',
      topology: 'complete',
      optimizer: 'sgd',
      learningRate: 0.02,
      rounds: 300,
    };
    const [stretched, plain] = [
      await run({ ...far, stepping: 'adaptive:stretch=100' }, straggler),
      await run({ ...far, stepping: 'adaptive' }, straggler),
    ];
    // The loss is the distance to the optimum of all peers' sum, in the norm of the curvature.
    expect(stretched.last.meanModel.loss).toBeLessThan(0.1 * plain.last.meanModel.loss);
  });
});
