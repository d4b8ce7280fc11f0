/**
 * From a topology and the choices of a run to the state of one peer. Both drivers and every test build peers
 * here, so that the same seed gives the same peer everywhere.
 */
import { createRandom } from '../base/random.js';
import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import { neighborsOf } from '../topology/graph.js';
import type { Topology } from '../topology/topology.js';
import type { AnyAlgorithm, SwarmFacts } from './algorithm.js';
import { createPeerState, type PeerOptions, type PeerState } from './peer-state.js';
import { requireFit } from './topology-fit.js';

export interface PeerSetup {
  readonly topology: Topology;
  /** ||I - W||_2 of the topology. */
  readonly beta: number;
  /** Its spectral gap, which accelerated gossip needs. @default null */
  readonly gap?: number | null;
  /** Longest way between two peers, in edges, which the asynchronous pace needs. @default nodes - 1 */
  readonly diameter?: number;
  readonly algorithm: AnyAlgorithm;
  readonly compressor: Compressor;
  readonly blocks: readonly MatrixBlock[];
  /** What all peers agree on before the first exchange: the common initial model, or zeros. */
  readonly initialReplica: Float32Array;
  readonly seed: number;
  readonly options: PeerOptions;
  /** Above 0: the peer joins a swarm that runs (PeerInit.incarnation). @default 0 */
  readonly incarnation?: number;
}

function swarmFactsOf({ graph, schedule, directed }: Topology, seed: number): SwarmFacts {
  return {
    graph,
    seed,
    ...(schedule === undefined ? {} : { schedule }),
    ...(directed === undefined ? {} : { directed }),
  };
}

/**
 * The state of peer `node`, starting from `parameters`.
 * @throws GrapevineError BAD_CONFIG where the algorithm cannot run on the topology
 */
export function setUpPeer(setup: PeerSetup, node: number, parameters: Float32Array): PeerState {
  const { topology, seed, options, algorithm } = setup;
  requireFit(algorithm, topology, options);
  const { graph, mixing } = topology;
  const first = graph.offsets[node]!;
  const neighbors = Array.from(neighborsOf(graph, node), (neighbor, k) => ({
    neighbor,
    weight: mixing.weights[first + k]!,
  }));
  return createPeerState({
    node,
    neighbors,
    parameters,
    initialReplica: setup.initialReplica,
    blocks: setup.blocks,
    compressor: setup.compressor,
    beta: setup.beta,
    gap: setup.gap ?? null,
    swarm: swarmFactsOf(topology, seed),
    algorithm: setup.algorithm,
    incarnation: setup.incarnation ?? 0,
    run: { peers: graph.offsets.length - 1, seed, topology: topology.name },
    options,
    diameter: setup.diameter ?? graph.nodes - 1,
    randomFor(purpose, neighbor) {
      if (purpose === 'node') return createRandom(seed, 'node', node);
      const ends = [Math.min(node, neighbor), Math.max(node, neighbor)];
      return purpose === 'edge'
        ? createRandom(seed, 'edge', ...ends, node)
        : createRandom(seed, 'both ends', ...ends);
    },
  });
}
