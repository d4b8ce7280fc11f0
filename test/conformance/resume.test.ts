/**
 * Whatever can be chosen, a run that goes on from its checkpoints is the run that was never stopped, to the bit: every
 * message and all parameters, and in a simulation every moment. Over all of the registries, so that a new algorithm whose
 * state cannot be saved fails here.
 */
import { describe, expect, it } from 'vitest';
import { compressors } from '../../src/compression/registry.js';
import { algorithms } from '../../src/consensus/registry.js';
import {
  type ResumedRun,
  runFromCheckpoints,
  runThrough,
  runWithBreak,
  withoutTimes,
} from '../reference/resumed-run.js';

const ROUNDS = 8;

/** Where an algorithm does not run on a ring by its name alone, or has states of other kinds too. */
const others: Readonly<Record<string, readonly Partial<ResumedRun>[]>> = {
  'all-reduce': [{ topology: 'complete' }],
  artemis: [{ topology: 'star' }],
  'push-sum': [{}, { algorithm: 'push-sum:peers=1,links=one-way', topology: 'torus' }],
  'edge-choco': [
    {},
    { algorithm: 'edge-choco:clip=auto', topology: 'torus' },
    { edgeActivity: 0.5, topology: 'torus' },
    { topology: 'star', optimizer: 'sgd:momentum=0.9' },
  ],
  'clipped-gossip': [{ topology: 'torus' }],
  'nearest-neighbor': [{ topology: 'torus' }],
};

/** Hub algorithms; a name that this lacks is looked for on a ring. */
const hubs = ['ef', 'ef21', 'diana', 'power-sgd'];
/** They want more than a swarm has (hub/registry.ts). */
const notInSwarms = ['marina', 'olga', 'ef-olga'];

function casesOf(name: string): ResumedRun[] {
  const plain = { topology: 'ring', algorithm: name, rounds: ROUNDS };
  if (hubs.includes(name)) return ['star', 'complete'].map((topology) => ({ ...plain, topology }));
  return (others[name] ?? [{}]).map((other) => ({ ...plain, ...other }));
}

const cases = algorithms.entries
  .map(({ name }) => name)
  .filter((name) => !notInSwarms.includes(name))
  .flatMap(casesOf);

/** A warm start and, in another place of the state, a generator; for those who bear no bias a generator. */
function withMemory(run: ResumedRun): ResumedRun {
  const { compresses, needsUnbiased } = algorithms.resolve(run.algorithm);
  if (compresses === 'nothing') return run;
  return { ...run, compressor: needsUnbiased === true ? 'qsgd' : 'low-rank:rank=1++qsgd' };
}

/** They add noise that edge-CHOCO does not bear (check-contraction.ts), or want options. */
const notAlone = ['NONE'];
const everyCompressor = compressors.entries
  .map(({ name }) => name)
  .filter((name) => !notAlone.includes(name))
  .map(
    (compressor): ResumedRun => ({ topology: 'ring', algorithm: 'edge-choco', compressor, rounds: ROUNDS }),
  );

const titleOf = ({ algorithm, topology, compressor = 'its compressor' }: ResumedRun): string =>
  `${algorithm} with ${compressor} on ${topology}`;

describe('a run that was stopped', () => {
  for (const run of [...cases.map(withMemory), ...everyCompressor]) {
    it(`goes on as if it had not been: ${titleOf(run)}`, async () => {
      const whole = await runThrough(run);
      const broken = await runWithBreak(run, Math.floor(whole.diary.length * 0.8));
      expect(broken.diary).toEqual(whole.diary);
      expect(broken.result).toEqual(whole.result);
      const resumed = await runFromCheckpoints(run, ROUNDS / 2);
      expect(withoutTimes(resumed)).toEqual(withoutTimes(whole.diary));
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
  const plain = { topology: 'ring', algorithm: 'edge-choco', compressor: 'low-rank:rank=1', rounds: ROUNDS };
  const runs: readonly (readonly [title: string, ResumedRun])[] = [
    ['on links that lose, double and corrupt frames', { ...plain, link: lossy }],
    ['in which peers die, sleep and lag', { ...plain, faults }],
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
