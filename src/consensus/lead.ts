/**
 * LEAD (Liu, Li, Wang, Tang and Yan 2021, "Linear convergent decentralized optimization with compression", Algorithm 1):
 * a primal-dual method with one compressed vector a round, exact for data that differ.
 *
 *     Y_i = X_i - u_i - D_i;   q_i = C(Y_i - H_i);   Yhat_i = H_i + q_i;   H_i <- (1 - alpha) H_i + alpha Yhat_i
 *     D_i <- D_i + (gamma / 2) sum_j w_ij (Yhat_i - Yhat_j)
 *     X_i <- X_i - u_i - D_i
 *
 * D here is eta times the paper's, so eta appears nowhere; where the learning rate changes, D must find its new size.
 * sum_i D_i = 0 is the invariant, so the mean moves as in plain descent. Linear convergence is proved for strongly convex
 * functions, full gradients and an unbiased compressor; the paper uses alpha = 0.5 and gamma = 1 with 2 bits a number. With
 * a biased one (low rank, top-k, sign) the sum that D is never forgets, and runs diverge whatever gamma is (measured;
 * docs/consensus.md): they are refused.
 */
import type { Compressor } from '../compression/compressor.js';
import { addSignedInto } from '../linalg/pairs.js';
import type { Algorithm } from './algorithm.js';
import { automaticGamma } from './consensus-step.js';
import { correctionInto, ordered, requirePlausible } from './mixing-step.js';
import {
  createPublicEdge,
  createPublicVector,
  type PublicEdge,
  type PublicRule,
  type PublicVector,
  publish,
  receive,
  resendWhole,
  takeOwn,
  takeUnsent,
} from './public-vector.js';

/** As in the paper, integers rounded at random; with more bits, which the first rounds are glad of. */
const DEFAULT_COMPRESSOR = 'quantize:bits=4,rounding=stochastic';

export interface LeadOptions {
  /** Consensus step in (0, 1], or 'auto'. */
  readonly gamma: number | 'auto';
  /** alpha in (0, 1]: how far H follows Yhat. */
  readonly alpha: number;
}

interface NodeMemory {
  /** Yhat, with H as its base. */
  readonly public: PublicVector;
  /** D. */
  readonly dual: Float32Array;
}

function leadRule(alpha: number): PublicRule {
  return {
    stream: 0,
    streams: 1,
    ownBase: true,
    plain: false,
    advance({ value, base }, message) {
      for (let k = 0; k < value.length; k++) {
        value[k] = base[k]! + message[k]!;
        base[k]! += alpha * message[k]!;
      }
    },
  };
}

/** @param identity the compressor that sends float32 as they are, for vectors that are sent whole. */
export function createLead(
  options: LeadOptions,
  spec: string,
  identity: Compressor,
): Algorithm<NodeMemory, PublicEdge> {
  const rule = leadRule(options.alpha);
  return {
    name: 'lead',
    spec,
    compresses: 'differences',
    guarded: true,
    needsUnbiased: true,
    oneMatrix: 'sums (I - W) X over all rounds, and converges for one W',
    defaultCompressor: DEFAULT_COMPRESSOR,
    createNode: (context) => ({
      public: createPublicVector(context, rule),
      dual: new Float32Array(context.initialReplica.length),
    }),
    createEdge: (context) => createPublicEdge(context, rule),
    beginRound(context, node, { parameters, round, openEdges }) {
      addSignedInto(parameters, node.dual, -1);
      const edges = openEdges.map((edge) => ({ edge, memory: edge.memory }));
      publish(context, node.public, { rule, values: parameters, round, edges });
    },
    compose({ blocks, beta }, node, { edge }) {
      const gamma = options.gamma === 'auto' ? automaticGamma(node.public.omega, beta) : options.gamma;
      return { gamma, parts: takeUnsent(edge.memory, node.public, { rule, identity, blocks }) };
    },
    contraction: (_context, node) => node.public.blockOmegas,
    residual: (_context, node) => node.public.residual,
    apply({ node: self, blocks, scratch }, node, { edge, own, theirs, parameters }) {
      const { memory, neighbor, weight } = edge;
      receive(memory, theirs, { rule, blocks });
      const mine = takeOwn(memory, node.public);
      const factor = (Math.min(own.gamma, theirs.gamma) / 2) * weight;
      correctionInto(scratch, ordered(self, neighbor, mine, memory.theirs.value), factor);
      requirePlausible(scratch, parameters, `the difference to peer ${neighbor}`);
      addSignedInto(node.dual, scratch, self < neighbor ? -1 : 1);
      return { own: mine, theirs: memory.theirs.value };
    },
    resetEdge(_context, node, { edge }) {
      resendWhole(edge.memory, node.public);
    },
  };
}
