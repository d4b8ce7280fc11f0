/**
 * ClippedGossip with symmetric radii (He, Karimireddy and Jaggi 2022, "Byzantine-robust decentralized learning via
 * ClippedGossip"): exact gossip in which no neighbor moves a peer by more than w_ij tau_ij.
 *
 *     x_i <- x_i + sum_j w_ij CLIP(x_j - x_i, tau_ij),    tau_ij = min(tau_i, tau_j)
 *
 * after the local steps. What the radii are and where they come from: clipping.ts. With an honest neighborhood it comes
 * to the same mean as exact gossip, more slowly, since the f longest differences of each peer are cut as well. A liar adds
 * w tau a round at most: the smaller the honest peers' distances the better, and data that differ between peers pay for
 * it (the paper's bound is of order delta zeta^2 / gap^2, with delta the liars' weight and zeta^2 how far the peers'
 * gradients differ; its rule clips with tau_i, without the minimum). It sends float32; edge-CHOCO and PGQ
 * clip what they compress by `clip=auto`.
 */
import type { Algorithm } from './algorithm.js';
import {
  type Clipping,
  checkClipping,
  clipInto,
  createDistances,
  type Distances,
  radiusParts,
  streamsOf,
} from './clipping.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';

export function createClippedGossip(clipping: Clipping, spec: string): Algorithm<Distances, SentPair> {
  return {
    name: 'clipped-gossip',
    spec,
    compresses: 'nothing',
    toleratesChurn: true,
    streams: streamsOf(clipping),
    checkEdges: ({ length }) => checkClipping('clipped-gossip', clipping, length),
    createNode: () => createDistances(),
    createEdge: createSentPair,
    beginRound(_context, distances, { round }) {
      distances.round = round;
    },
    compose: (context, distances, { parameters }) => ({
      gamma: 1,
      parts: [densePart(context, parameters), ...radiusParts(clipping, distances)],
    }),
    apply(context, distances, { edge, own, theirs, parameters }) {
      const { memory, neighbor, weight } = edge;
      const { scratch } = context;
      readPair(context, memory, { own, theirs });
      correctionInto(scratch, ordered(context.node, neighbor, memory.own, memory.theirs), weight);
      clipInto(scratch, { clipping, distances, neighbor, own, theirs, factor: weight, parameters });
      return memory;
    },
  };
}
