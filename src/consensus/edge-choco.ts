/**
 * Edge-CHOCO: CHOCO-Gossip (Koloskova, Stich, Jaggi 2019, "Decentralized stochastic optimization and gossip
 * algorithms with compressed communication") with the public replicas kept per edge instead of per node, and
 * the consensus correction mirrored into them.
 *
 * Edge {i, j} holds S_i and S_j at both ends, equal to the bit. One exchange:
 *
 *     q_i = C(x_i - S_i), sent to j;  q_j likewise
 *     S_i += q_i;  S_j += q_j
 *     c    = gamma w_ij (S_j - S_i)
 *     x_i += c;    x_j -= c
 *     S_i += c;    S_j -= c          (the mirror: what the edge itself has moved is not sent again)
 *
 * In CHOCO-Gossip a node's own move is invisible to its replica until it has been compressed and sent, so stale
 * differences are applied over and over and gamma must be small. Here x_i - S_i is untouched by the correction:
 * for two nodes ||x - S||^2 falls by 1 - omega each exchange whatever gamma is, and gamma = 1 needs no tuning for
 * low-rank compressors (measured; no proof is known for general graphs). Very sparse compressors on graphs of
 * degree 4 and more want a small gamma: 0.1 for one entry in a hundred (docs/consensus.md). `clip` bounds what a
 * neighbor can move (clipping.ts): c is then at most gamma w_ij tau_ij long. Memory: 2 d floats an edge and end, and d a node.
 */
import { createRandom } from '../base/random.js';
import type { Compressor, CompressorState } from '../compression/compressor.js';
import { contractionByBlock } from '../compression/contraction.js';
import { addSignedInto, mirrorDifferenceInto, squaredDistance } from '../linalg/pairs.js';
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
import { partsOf } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';
import { advanceReplica, encodeDifference } from './replica.js';

export interface EdgeChocoOptions {
  /** Consensus step gamma, 0 to 2. */
  readonly gamma: number;
  /** @default null: a neighbor is believed */
  readonly clipping?: Clipping | null;
}

interface NodeMemory {
  /** How far neighbors are away, for the radius. */
  readonly distances: Distances;
}

interface EdgeMemory {
  readonly own: Float32Array;
  readonly theirs: Float32Array;
  readonly compressorState: CompressorState;
  /** The next message is x itself: the ends' replicas were found to differ, or belong to an epoch that is over. */
  whole: boolean;
}

/** @param identity the compressor that sends float32 as they are, for a replica that is sent whole. */
export function createEdgeChoco(
  options: EdgeChocoOptions,
  spec: string,
  identity: Compressor,
): Algorithm<NodeMemory, EdgeMemory> {
  const { gamma, clipping = null } = options;
  return {
    name: 'edge-choco',
    spec,
    compresses: 'differences',
    streams: streamsOf(clipping),
    guarded: true,
    asynchronous: true,
    toleratesChurn: true,
    checkEdges: ({ length }) => checkClipping('edge-choco', clipping, length),
    createNode: () => ({ distances: createDistances() }),
    createEdge: (context, neighbor) => ({
      own: context.createReplica(),
      theirs: context.createReplica(),
      compressorState: context.compressor.createState(context.blocks, context.randomFor('edge', neighbor)),
      whole: false,
    }),
    beginRound(_context, { distances }, { round }) {
      distances.round = round;
    },
    compose({ compressor, blocks }, { distances }, { parameters, edge }) {
      const { own, compressorState, whole } = edge.memory;
      edge.memory.whole = false;
      const radius = clipping === null ? [] : radiusParts(clipping, distances);
      if (whole) {
        const bytes = identity.encode(
          parameters,
          blocks,
          identity.createState(blocks, createRandom('dense')),
        );
        return { gamma, parts: [{ kind: 'replace', bytes }, ...radius] };
      }
      const encoder = { compressor, blocks, state: compressorState };
      const bytes = encodeDifference(encoder, { parameters, replica: own });
      return { gamma, parts: [{ kind: 'add', bytes }, ...radius] };
    },
    contraction({ blocks, scratch }, _node, { parameters, edge }) {
      if (edge.own!.parts[0]!.kind === 'replace') return blocks.map(() => 1);
      const decoded = new Float32Array(scratch.length);
      advanceReplica(decoded, partsOf(edge.own!, 0), blocks);
      for (let i = 0; i < scratch.length; i++) scratch[i] = parameters[i]! - edge.memory.own[i]!;
      return contractionByBlock(scratch, decoded, blocks);
    },
    residual(_context, _node, { parameters, edge }) {
      const { own } = edge.memory;
      return squaredDistance(parameters, own);
    },
    apply({ node, blocks, scratch }, { distances }, { edge, own, theirs, parameters }) {
      const { memory, neighbor, weight } = edge;
      advanceReplica(memory.own, partsOf(own, 0), blocks);
      advanceReplica(memory.theirs, partsOf(theirs, 0), blocks);
      const replicas = ordered(node, neighbor, memory.own, memory.theirs);
      const factor = Math.min(own.gamma, theirs.gamma) * weight;
      if (clipping === null) {
        mirrorDifferenceInto(scratch, replicas, factor);
        return memory;
      }
      correctionInto(scratch, replicas, factor);
      clipInto(scratch, { clipping, distances, neighbor, own, theirs, factor, parameters });
      addSignedInto(replicas.low, scratch, 1);
      addSignedInto(replicas.high, scratch, -1);
      return memory;
    },
    resetEdge(_context, _node, { edge }) {
      edge.memory.whole = true; // both ends do this, so both replicas are replaced in the next exchange
    },
  };
}
