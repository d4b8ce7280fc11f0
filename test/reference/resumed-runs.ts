/**
 * A run of every algorithm of the registry, on a topology that it runs on and with a compressor that remembers something. A
 * new algorithm that does not run on a ring has its place here.
 */
import { algorithms } from '../../src/consensus/registry.js';
import type { ResumedRun } from './resumed-run.js';

export const ROUNDS = 8;

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

export const resumedRuns: readonly ResumedRun[] = cases.map(withMemory);

export const titleOf = ({ algorithm, topology, compressor = 'its compressor' }: ResumedRun): string =>
  `${algorithm} with ${compressor} on ${topology}`;
