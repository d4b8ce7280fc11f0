/**
 * Chebyshev-accelerated exact gossip (Arioli and Scott 2014, "Chebyshev acceleration of iterative refinement"; for
 * gossip Scaman, Bach, Bubeck, Lee and Massoulie 2017, algorithm 2): K exchanges a round whose product is a polynomial of
 * W that is as small as one of degree K can be on [-lambda, lambda], lambda = 1 - gap:
 *
 *     x^1 = W x^0;    x^(k+1) = omega_(k+1) W x^k + (1 - omega_(k+1)) x^(k-1)
 *     omega_2 = 1 / (1 - lambda^2 / 2),    omega_(k+1) = 1 / (1 - lambda^2 omega_k / 4)
 *
 * The distance to the mean falls by 1 / T_K(1 / lambda) a round: O(1 / sqrt(gap)) exchanges where plain gossip needs
 * O(1 / gap).
 *
 * Here each edge has its own momentum. Since x^k - x^(k-1) is the sum of the last corrections c^(k-1) of a peer's edges,
 *
 *     c^k = omega_(k+1) w_ij (x_j^k - x_i^k) + (omega_(k+1) - 1) c^(k-1)
 *
 * is the same sequence, and being antisymmetric it keeps the mean when frames are late and neighbors die. Which k an
 * exchange has is its number on the edge modulo K, so both ends agree.
 */
import { GrapevineError } from '../base/errors.js';
import type { Algorithm, AlgorithmContext } from './algorithm.js';
import { createSentPair, densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, ordered } from './mixing-step.js';

export interface ChebyshevOptions {
  /** K: exchanges a round. */
  readonly exchanges: number;
}

interface EdgeMemory extends SentPair {
  /** c^(k-1), from the lower node's side. */
  readonly last: Float32Array;
}

/** omega_1 = 1, omega_2, ..., omega_K. */
export function chebyshevWeights(lambda: number, exchanges: number): number[] {
  const squared = lambda * lambda;
  const weights = [1];
  for (let k = 2; k <= exchanges; k++) {
    const before = weights[k - 2]!;
    weights.push(k === 2 ? 1 / (1 - squared / 2) : 1 / (1 - (squared * before) / 4));
  }
  return weights;
}

function weightsOf({ gap }: AlgorithmContext, exchanges: number): number[] {
  if (gap === null) {
    throw new GrapevineError('BAD_CONFIG', 'algorithm chebyshev needs the spectral gap of the topology.');
  }
  return chebyshevWeights(1 - gap, exchanges);
}

export function createChebyshevGossip(
  { exchanges }: ChebyshevOptions,
  spec: string,
): Algorithm<readonly number[], EdgeMemory> {
  return {
    name: 'chebyshev',
    spec,
    compresses: 'nothing',
    exchanges,
    oneMatrix: 'accelerates the powers of one W, by its gap',
    createNode: (context) => weightsOf(context, exchanges),
    createEdge: (context) => ({
      ...createSentPair(context),
      last: new Float32Array(context.initialReplica.length),
    }),
    beginRound() {},
    compose: (context, _node, { parameters }) => ({ gamma: 1, parts: [densePart(context, parameters)] }),
    apply(context, weights, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      const { scratch } = context;
      const omega = weights[(own.sequence - 1) % exchanges]!;
      readPair(context, memory, { own, theirs });
      correctionInto(scratch, ordered(context.node, neighbor, memory.own, memory.theirs), omega * weight);
      if (omega !== 1) for (let k = 0; k < scratch.length; k++) scratch[k]! += (omega - 1) * memory.last[k]!;
      memory.last.set(scratch);
      return { own: memory.own, theirs: memory.theirs, others: [memory.last] };
    },
    resetEdge(_context, _weights, { edge }) {
      edge.memory.last.fill(0); // the correction of this exchange
    },
  };
}
