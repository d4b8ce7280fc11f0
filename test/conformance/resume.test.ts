/**
 * Whatever can be chosen, a run that goes on from its checkpoints is the run that was never stopped, to the bit: every
 * message and all parameters, and in a simulation every moment. Over all of the registries, so that a new algorithm whose
 * state cannot be saved fails here.
 */
import { describe, expect, it } from 'vitest';
import { algorithms } from '../../src/consensus/registry.js';
import {
  type ResumedRun,
  runFromCheckpoints,
  runThrough,
  runWithBreak,
  withoutTimes,
} from '../reference/resumed-run.js';

const ROUNDS = 12;

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

const cases = algorithms.entries.map(({ name }) => name).filter((name) => !notInSwarms.includes(name)).flatMap(casesOf);

describe('a run that was stopped', () => {
  for (const run of cases) {
    it(`goes on as if it had not been: ${run.algorithm} on ${run.topology}`, async () => {
      const whole = await runThrough(run);
      const moment = Math.floor(whole.diary.length * 0.8);
      const broken = await runWithBreak(run, moment);
      expect(broken.diary).toEqual(whole.diary);
      expect(broken.result).toEqual(whole.result);
      const resumed = await runFromCheckpoints(run, ROUNDS / 2);
      expect(withoutTimes(resumed)).toEqual(withoutTimes(whole.diary));
    });
  }
});
