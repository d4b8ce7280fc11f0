/**
 * Whatever can be chosen, a run that goes on from its checkpoints is the run that was never stopped, to the bit: every
 * message and all parameters, and in a simulation every moment. Over all of the registries, so that a new algorithm whose
 * state cannot be saved fails here.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/base/random.js';
import {
  copySnapshot,
  type NamedArray,
  restoreSnapshot,
  type Snapshot,
  takeSnapshot,
} from '../../src/base/snapshot.js';
import { compressors } from '../../src/compression/registry.js';
import { hubAlgorithms } from '../../src/consensus/hub/registry.js';
import { type HubRunView, runHub } from '../../src/consensus/hub/run-hub.js';
import { absenceAfter, type Fault } from '../../src/simulation/fault.js';
import { convexHub } from '../reference/convex-hub.js';
import {
  endsIn,
  type ResumedRun,
  runFromCheckpoints,
  runThrough,
  runWithBreak,
  runWithPowerCut,
  withoutTimes,
} from '../reference/resumed-run.js';
import { ROUNDS, resumedRuns, titleOf } from '../reference/resumed-runs.js';

const everyCompressor = compressors.entries.map(
  ({ name }): ResumedRun => ({ topology: 'ring', algorithm: 'edge-choco', compressor: name, rounds: ROUNDS }),
);

describe('a run that was stopped', () => {
  for (const run of [...resumedRuns, ...everyCompressor]) {
    it(`goes on as if it had not been: ${titleOf(run)}`, async () => {
      const whole = await runThrough(run);
      const broken = await runWithBreak(run, Math.floor(whole.diary.length * 0.8));
      expect(broken.diary).toEqual(whole.diary);
      expect(broken.result).toEqual(whole.result);
      const resumed = await runFromCheckpoints(run, ROUNDS / 2);
      expect(withoutTimes(resumed)).toEqual(withoutTimes(whole.diary));
      const cut = await runWithPowerCut(run, ROUNDS / 2, whole.diary);
      expect(endsIn(cut)).toEqual(endsIn(whole.diary));
    });
  }
});

describe('a hub and its workers in one process', () => {
  const { hub: problem } = convexHub('ridge', 4);
  /** Models of rounds 1 to `rounds`; `at` is shown the states after each. */
  const modelsOf = (name: string, rounds: number, at: (view: HubRunView) => void): Float64Array[] => {
    const models: Float64Array[] = [];
    runHub({
      algorithm: hubAlgorithms.resolve(name),
      problem,
      rounds,
      seed: 7,
      onRound(view) {
        at(view);
        models.push(view.model.slice());
      },
    });
    return models;
  };
  for (const { name } of hubAlgorithms.entries) {
    it(`go on from what was saved of them: ${name}`, () => {
      let saved: Snapshot | null = null;
      const whole = modelsOf(name, 2 * ROUNDS, ({ round, hubs, workers }) => {
        if (round === ROUNDS) saved = copySnapshot(takeSnapshot({ hubs, workers }, 'run'));
      });
      const { structure, arrays } = saved!;
      // Gradients are of all samples, so a round's number is of no account: round 1 of another run becomes round ROUNDS.
      const resumed = modelsOf(name, ROUNDS + 1, ({ round, hubs, workers }) => {
        if (round !== 1) return;
        const stored = new Map((arrays as NamedArray[]).map((array) => [array.name, array.values]));
        restoreSnapshot(structure, (array) => stored.get(array), { hubs, workers });
      });
      expect(resumed.slice(1)).toEqual(whole.slice(ROUNDS));
      expect(resumed[1]).not.toEqual(whole[1]);
    });
  }
});

describe('a simulation that was stopped', () => {
  const lossy = { latencyMs: 3, jitterMs: 8, loss: 0.1, duplication: 0.2, corruption: 0.03 };
  const faults: ResumedRun['faults'] = [
    { type: 'kill', node: 1, atMs: 25 },
    { type: 'freeze', node: 2, atMs: 15, forMs: 30 },
    { type: 'slow', node: 3, factor: 4, atMs: 0, forMs: 40 },
  ];
  const comings: readonly Fault[] = [
    { type: 'restart', node: 1, atMs: 20, afterMs: 10 },
    { type: 'join', node: 2, atMs: 12 },
    { type: 'partition', nodes: [0, 1], atMs: 45, forMs: 15, silent: false },
    absenceAfter(3, 10, { up: 20, down: 10, until: 80, random: createRandom('resume test') })!,
  ];
  const stragglers: readonly Fault[] = [
    { type: 'slow', node: 1, factor: 8, atMs: 0, forMs: 150 },
    { type: 'slow', node: 2, factor: 3, atMs: 0, forMs: Number.POSITIVE_INFINITY },
  ];
  const plain = { topology: 'ring', algorithm: 'edge-choco', compressor: 'low-rank:rank=1', rounds: ROUNDS };
  const runs: readonly (readonly [title: string, ResumedRun])[] = [
    ['on links that lose, double and corrupt frames', { ...plain, link: lossy }],
    ['in which peers die, sleep and lag', { ...plain, faults }],
    ['in which peers go and come back', { ...plain, faults: comings }],
    [
      'on uplinks and downlinks with losses in bursts',
      {
        ...plain,
        link: { loss: 0.1, lossBurst: 3, jitterMs: 5, jitterShape: 'lognormal' },
        access: { uplinkMbps: 1, downlinkMbps: 2 },
      },
    ],
    [
      'in which a slow peer takes fewer local steps',
      { ...plain, rounds: 2 * ROUNDS, localSteps: 6, stepping: 'adaptive:stretch=3', faults: stragglers },
    ],
    ['in the asynchronous pace', { ...plain, pace: 'asynchronous', faults }],
    [
      'of pairs that ask each other',
      { ...plain, algorithm: 'ad-psgd', compressor: 'none', pace: 'asynchronous', link: lossy },
    ],
  ];
  for (const [title, run] of runs) {
    it(`goes on as if it had not been, ${title}, from any moment`, async () => {
      const whole = await runThrough(run);
      for (const share of [0.1, 0.4, 0.9]) {
        const broken = await runWithBreak(run, Math.floor(whole.diary.length * share));
        expect(broken.diary).toEqual(whole.diary);
        expect(broken.result).toEqual(whole.result);
      }
    });
  }
});
