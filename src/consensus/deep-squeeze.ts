/**
 * DeepSqueeze (Tang, Lian, Qiu, Yuan, Zhang, Zhang and Liu 2019, "DeepSqueeze: decentralization meets error-compensated
 * compression", Algorithm 1): values are compressed, not differences, and what was lost is added the next time.
 *
 *     v_i = x_i + e_i   (after training);   c_i = C(v_i);   e_i = v_i - c_i
 *     x_i <- x_i + gamma sum_j w_ij (c_j - c_i)
 *
 * No replicas: one vector of memory whatever the degree, and an edge that was silent has missed nothing. Because C acts on
 * the parameters themselves its error never vanishes, and gamma must be small (0.01 with sign on CIFAR-10 in the
 * literature). The mean is kept for any C. The guard does not look at e: it grows to (1 - omega) / omega of ||x|| in a
 * healthy run, and would be taken for peers that drift apart.
 */
import type { CompressorState } from '../compression/compressor.js';
import { decodeAddInto } from '../compression/message.js';
import type { Algorithm } from './algorithm.js';
import { automaticValueGamma } from './consensus-step.js';
import { createSentPair, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';
import { type Measured, measure, notMeasured } from './public-vector.js';

/**
 * c grows while e fills up, from sqrt(omega) ||x|| to what a compressor of rank 1 or a hundredth of the entries sends of
 * x + e; the guard must not take that for peers that drift apart.
 */
const GUARD_SLACK = 32;

export interface DeepSqueezeOptions {
  /** Consensus step in (0, 1], or 'auto'. */
  readonly gamma: number | 'auto';
}

interface NodeMemory extends Measured {
  readonly compressorState: CompressorState;
  /** e. */
  readonly error: Float32Array;
  /** C(x + e) of this round, encoded. */
  bytes: Uint8Array;
}

export function createDeepSqueeze(
  options: DeepSqueezeOptions,
  spec: string,
): Algorithm<NodeMemory, SentPair> {
  return {
    name: 'deep-squeeze',
    spec,
    compresses: 'values',
    toleratesChurn: true,
    guarded: true,
    guardSlack: GUARD_SLACK,
    createNode: ({ compressor, blocks, initialReplica, node, randomFor }) => ({
      ...notMeasured(),
      compressorState: compressor.createState(blocks, randomFor('node', node)),
      error: new Float32Array(initialReplica.length),
      bytes: new Uint8Array(0),
    }),
    createEdge: createSentPair,
    beginRound({ compressor, blocks, scratch }, node, { parameters }) {
      const { error, compressorState } = node;
      for (let k = 0; k < error.length; k++) error[k]! += parameters[k]!;
      node.bytes = compressor.encode(error, blocks, compressorState);
      scratch.fill(0);
      decodeAddInto(scratch, node.bytes, blocks);
      measure(node, blocks, { z: error, message: scratch });
      for (let k = 0; k < error.length; k++) error[k]! -= scratch[k]!;
    },
    compose({ gap, beta }, { omega, bytes }) {
      const gamma =
        options.gamma === 'auto' ? automaticValueGamma(omega, { gap: gap ?? 1, beta }) : options.gamma;
      return { gamma, parts: [{ kind: 'replace', bytes }] };
    },
    contraction: (_context, { blockOmegas }) => blockOmegas,
    apply(context, _node, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      readPair(context, memory, { own, theirs });
      const factor = Math.min(own.gamma, theirs.gamma) * weight;
      correctionInto(context.scratch, ordered(context.node, neighbor, memory.own, memory.theirs), factor);
      return memory;
    },
  };
}
