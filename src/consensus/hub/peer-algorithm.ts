/**
 * Hub protocols as algorithms of a swarm: `--topology star` with a hub that is a peer (star-peer.ts), `--topology complete`
 * with none (serverless-peer.ts). The message bytes, and their order, are those of run-hub.ts.
 *
 * These algorithms set parameters, where gossip adds corrections that cancel: every peer holds the hub's model, so the mean
 * over peers is that model, and moves by what the protocol does.
 */
import { GrapevineError } from '../../base/errors.js';
import type { AnyAlgorithm, RunFacts } from '../algorithm.js';
import type { AnyHubAlgorithm, SwarmUse } from './hub-algorithm.js';
import { createServerlessAlgorithm } from './serverless-peer.js';
import { createStarAlgorithm } from './star-peer.js';

function useOf(name: string, { swarm, spec }: AnyHubAlgorithm): SwarmUse {
  if (typeof swarm !== 'string') return swarm;
  throw new GrapevineError(
    'BAD_CONFIG',
    `algorithm ${name} does not run in a swarm: ${swarm}. In the repository "npm run study -- hub '${spec}'" runs it on ` +
      'ridge and logistic regression.',
    { algorithm: name },
  );
}

/** @throws GrapevineError BAD_CONFIG where the protocol cannot be run by peers that train */
export function createPeerAlgorithm(name: string, algorithm: AnyHubAlgorithm): AnyAlgorithm {
  const use = useOf(name, algorithm);
  const topologies = algorithm.serverless ? ['star', 'complete'] : ['star'];
  const forRun = ({ peers, seed, topology }: RunFacts): AnyAlgorithm => {
    if (!topologies.includes(topology)) throw wrongTopology(name, topologies, topology);
    const run = { use, peers, seed };
    return topology === 'star'
      ? createStarAlgorithm(name, algorithm, run)
      : createServerlessAlgorithm(name, algorithm, run);
  };
  return { ...createStarAlgorithm(name, algorithm, { use, peers: 1, seed: 0 }), topologies, forRun };
}

const means: Readonly<Record<string, string>> = {
  star: 'star (peer 0 is the hub)',
  complete: 'complete (every peer runs the code of the hub)',
};

/** An algorithm that names its topologies, on another. */
export function wrongTopology(name: string, wanted: readonly string[], got: string): GrapevineError {
  const choices = wanted.map((topology) => means[topology] ?? topology).join(' or ');
  const text = `algorithm ${name} does not run on topology "${got}": choose --topology ${choices}.`;
  return new GrapevineError('BAD_CONFIG', text, { algorithm: name, topology: got });
}
