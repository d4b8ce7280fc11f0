/**
 * A run of every algorithm of the registry, on a topology that it runs on and with a compressor that remembers something. A
 * new algorithm that does not run on a ring has its place here.
 */
import { isGrapevineError } from '../../src/base/errors.js';
import { hubAlgorithms } from '../../src/consensus/hub/registry.js';
import { algorithms } from '../../src/consensus/registry.js';
import type { ResumedRun } from './resumed-run.js';

export const ROUNDS = 8;

/** Where an algorithm does not run on a ring by its name alone, or has states of other kinds too. */
const others: Readonly<Record<string, readonly Partial<ResumedRun>[]>> = {
  'all-reduce': [{ topology: 'complete' }],
  exact: [{}, { topology: 'one-peer-exponential' }],
  'push-sum': [{}, { algorithm: 'push-sum:peers=1,links=one-way', topology: 'torus' }],
  'edge-choco': [
    {},
    { algorithm: 'edge-choco:clip=auto', topology: 'torus' },
    { edgeActivity: 0.5, topology: 'torus' },
    { topology: 'star', optimizer: 'sgd:momentum=0.9' },
    { topology: 'random-matching' },
  ],
  'clipped-gossip': [{ topology: 'torus' }],
  'nearest-neighbor': [{ topology: 'torus' }],
};

/** Those with a hub run on a star, and, where all peers can be the hub, without one. */
function hubTopologies(name: string): readonly string[] | null {
  if (hubAlgorithms.entries.every((entry) => entry.name !== name)) return null;
  return hubAlgorithms.resolve(name).serverless ? ['star', 'complete'] : ['star'];
}

/** Not a few protocols that want more than a swarm has; they say so (hub/peer-algorithm.ts). */
export function runsInSwarms(name: string): boolean {
  try {
    return algorithms.resolve(name) !== undefined;
  } catch (error) {
    if (isGrapevineError(error, 'BAD_CONFIG') && error.message.includes('does not run in a swarm'))
      return false;
    throw error;
  }
}

function casesOf(name: string): ResumedRun[] {
  const plain = { topology: 'ring', algorithm: name, rounds: ROUNDS };
  const topologies = hubTopologies(name);
  if (topologies !== null) return topologies.map((topology) => ({ ...plain, topology }));
  return (others[name] ?? [{}]).map((other) => ({ ...plain, ...other }));
}

const cases = algorithms.entries
  .map(({ name }) => name)
  .filter(runsInSwarms)
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
