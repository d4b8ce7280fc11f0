import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { planRun } from '../../../src/config/run-plan.js';
import { verifyRunConfig } from '../../../src/config/verify.js';
import type { MetricsEvent } from '../../../src/metrics/events.js';
import { createAttack } from '../../../src/simulation/attacks.js';
import { readFaults } from '../../../src/simulation/faults.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { simulate } from '../../../src/simulation/simulate.js';
import { gaussianStart, runAlgorithm } from '../../reference/algorithm-run.js';
import { oneBlock } from '../../reference/gossip-run.js';

const vectors = (...rows: number[][]): Float32Array[] => rows.map((row) => Float32Array.from(row));
/** Means (2, 1) before and (3, 1) after; standard deviations 1 and 4 after. */
const honest = { starts: vectors([1, 0], [3, 2]), trained: vectors([2, -3], [4, 5]) };
const random = () => createRandom('attack');

describe('what a liar claims', () => {
  it('sign-flip: the mean of the starts, moved back by strength times what training moved it', () => {
    expect(createAttack({ attack: 'sign-flip', strength: 10 })(honest, random())).toEqual(
      Float32Array.of(2 - 10, 1),
    );
  });

  it('a-little-is-enough: the mean less strength standard deviations, entry by entry', () => {
    expect(createAttack({ attack: 'a-little-is-enough', strength: 1.5 })(honest, random())).toEqual(
      Float32Array.of(3 - 1.5, 1 - 6),
    );
  });

  it('noise: the mean and Gaussian noise of the strength, the same for the same seed', () => {
    const many = { starts: [new Float32Array(10_000)], trained: [new Float32Array(10_000).fill(5)] };
    const claimed = createAttack({ attack: 'noise', strength: 2 })(many, random());
    const mean = claimed.reduce((sum, value) => sum + value, 0) / claimed.length;
    const variance = claimed.reduce((sum, value) => sum + (value - mean) ** 2, 0) / claimed.length;
    expect(Math.abs(mean - 5)).toBeLessThan(0.1); // five standard errors
    expect(Math.abs(Math.sqrt(variance) - 2)).toBeLessThan(0.08); // likewise
    expect(createAttack({ attack: 'noise', strength: 2 })(many, random())).toEqual(claimed);
  });
});

describe('a peer that lies', () => {
  const start = gaussianStart(1, 2)[0]!;
  /** Honest peers step by (1, 0); three of them on a complete graph with a liar. */
  const run = (fault: string, rounds = 1) =>
    runAlgorithm({
      ...{ topology: 'complete', algorithm: 'exact', compressor: 'none', blocks: oneBlock(1, 2) },
      start: Array.from({ length: 4 }, () => start),
      rounds,
      step: () => [-1, 0],
      faults: readFaults([fault], { peers: 4, seed: 1 }),
    });

  it('is believed by plain gossip: three steps of 1 and one of -10 move the mean back by 7 / 4', async () => {
    const { models, violations } = await run('lie:peer=2,attack=sign-flip,strength=10');
    expect(models[1]![0]![0]).toBeCloseTo(start[0]! - 7 / 4, 5);
    expect(models[1]![0]![1]).toBeCloseTo(start[1]!, 5);
    expect(violations.filter(({ invariant }) => invariant !== 'mean')).toEqual([]);
  });

  it('is honest until its fault strikes', async () => {
    const { models } = await run('lie:peer=2,at=2.5', 3);
    expect(models[2]![0]![0]).toBeCloseTo(start[0]! + 2, 5);
    expect(models[3]![0]![0]).toBeLessThan(start[0]! + 1);
  });

  it('is named like any fault, and a strength or attack that makes no sense is refused', () => {
    const scope = { peers: 4, seed: 1 };
    expect(readFaults(['lie:peer=3,attack=noise'], scope)).toMatchObject([{ type: 'lie', node: 3, atMs: 0 }]);
    for (const spec of ['lie:attack=flip', 'lie:strength=-1', 'lie:peer=x'])
      expect(() => readFaults([spec], scope)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
  });

  it('counts no more: what it reports is left out of evaluations and of the summary', async () => {
    const config = verifyRunConfig({ task: 'quadratic:dimension=8', rounds: 4, evaluateEvery: 2, seed: 3 });
    const plan = planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
    const models = await Promise.all(Array.from({ length: 8 }, (_, node) => plan.createModel(node)));
    const events: MetricsEvent[] = [];
    await simulate({
      peers: models.map((model, node) => plan.createPeer(node, model, { retransmitMs: null, audit: false })),
      trainers: models.map((model, node) => plan.createTrainer(node, model)),
      evaluator: models[0]!,
      evaluateEvery: 2,
      link: perfectLink,
      faults: readFaults(['lie:peer=0,attack=noise,strength=100'], { peers: 8, seed: 3 }),
      trainingMs: 1,
      seed: 3,
      maxFrameBytes: 1 << 16,
      horizonMs: Number.POSITIVE_INFINITY,
      record: (event) => events.push(event),
    });
    expect(events.filter(({ event }) => event === 'peer-lost')).toEqual([
      { event: 'peer-lost', atMs: 0, peer: 0, round: 1, reason: 'lying' },
    ]);
    const evaluations = events.filter((event) => event.event === 'evaluation');
    expect(evaluations.map(({ round, peers }) => [round, peers])).toEqual([
      [2, 7],
      [4, 7],
    ]);
    const reporting = events.flatMap((event) => (event.event === 'round' ? [event.peer] : []));
    expect([...new Set(reporting)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});
