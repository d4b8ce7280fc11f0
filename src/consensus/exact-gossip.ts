/**
 * Exact gossip: every peer sends its parameters as they are and moves by W (Xiao and Boyd 2004). With local training
 * in between it is D-PSGD (Lian et al. 2017), in either order:
 *
 *     adapt-then-combine   x_i <- sum_j w_ij (x_j - u_j)     what training made is sent and mixed (the default)
 *     combine-then-adapt   x_i <- sum_j w_ij x_j - u_i       what training started from is sent and mixed, as published
 *
 * with u = x_start - x_trained for eta g. Combine-then-adapt could send while it trains; here it sends afterwards, so
 * only the arithmetic differs. Adapt-then-combine mixes this round's steps as well and is the better one with momentum.
 *
 * The upper baseline in accuracy, and the unit in which bytes are counted: 4 bytes a parameter, edge and round.
 *
 * `all-reduce` is the same on a complete graph, and refuses any other: with w_ij = 1 / n every peer moves to the exact
 * average each round, up to float32 rounding. Its bytes are those of sending to everybody, 4 d (n - 1) a peer and round;
 * a ring all-reduce would send 8 d (n - 1) / n.
 */
import { GrapevineError } from '../base/errors.js';
import type { Algorithm } from './algorithm.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';

export type MixingOrder = 'adapt-then-combine' | 'combine-then-adapt';

interface NodeMemory {
  /** What is sent, where that is not the trained parameters. */
  readonly start: Float32Array | null;
}

export function createExactGossip(
  spec: string,
  order: MixingOrder = 'adapt-then-combine',
): Algorithm<NodeMemory, SentPair> {
  return {
    name: 'exact',
    spec,
    compresses: 'nothing',
    toleratesChurn: true,
    asynchronous: order === 'adapt-then-combine', // the other order sends what a round began with
    createNode: ({ initialReplica }) => ({
      start: order === 'combine-then-adapt' ? new Float32Array(initialReplica.length) : null,
    }),
    createEdge: createSentPair,
    beginRound(_context, node, { start }) {
      node.start?.set(start);
    },
    compose: (context, node, { parameters }) => ({
      gamma: 1,
      parts: [densePart(context, node.start ?? parameters)],
    }),
    apply(context, _memory, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      readPair(context, memory, { own, theirs });
      correctionInto(context.scratch, ordered(context.node, neighbor, memory.own, memory.theirs), weight);
      return memory;
    },
  };
}

/** @throws GrapevineError BAD_CONFIG from checkTopology, where the graph is not complete */
export function createAllReduce(spec: string): Algorithm<NodeMemory, SentPair> {
  return {
    ...createExactGossip(spec),
    name: 'all-reduce',
    asynchronous: false, // no average of all is exact without a common round
    oneMatrix: 'averages over all peers in each round',
    checkTopology({ spec, graph }) {
      const { nodes, targets } = graph;
      if (targets.length === nodes * (nodes - 1)) return;
      throw new GrapevineError(
        'BAD_CONFIG',
        `algorithm all-reduce averages over all peers at once, and on topology ${spec} a peer does not reach all ` +
          'others: choose topology complete, or algorithm exact.',
        { nodes, topology: spec },
      );
    },
  };
}
