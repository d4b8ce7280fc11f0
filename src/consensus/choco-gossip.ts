/**
 * CHOCO-Gossip as published (Koloskova, Stich, Jaggi 2019, Algorithm 1; Koloskova et al. ICLR 2020 for its use
 * in training): one public replica a node, the same at all its neighbors.
 *
 *     q_i = C(x_i - xHat_i), the same bytes to every neighbor
 *     xHat_j += q_j                  for every neighbor j and for i itself
 *     x_i += gamma sum_j w_ij (xHat_j - xHat_i)
 *
 * gamma is given, or automatic: with the contraction omega measured on what was sent,
 * omega = 1 - ||z - C(z)||^2 / ||z||^2 as an exponential average, gamma_i = min(1, (1/sqrt(1 - omega) - 1) / beta)
 * and an edge uses the smaller of its two ends' (each end says its own in the frame). It falls within a factor
 * of 1.5 of the best grid value for low-rank and sparse compressors; do not use it for sign compression. gamma=theory is
 * the step that is proved to converge, far smaller (consensus-step.ts).
 *
 * The replicas, and what happens to them when an edge has been silent, are public-vector.ts's.
 */

import type { Compressor } from '../compression/compressor.js';
import type { Algorithm } from './algorithm.js';
import { automaticGamma, theoreticalGamma } from './consensus-step.js';
import { correctionInto, ordered } from './mixing-step.js';
import {
  additive,
  createPublicEdge,
  createPublicVector,
  type PublicEdge,
  type PublicVector,
  publish,
  receive,
  resendWhole,
  takeOwn,
  takeUnsent,
} from './public-vector.js';

export interface ChocoOptions {
  /** Consensus step in (0, 1], or how it comes from the measured contraction (consensus-step.ts). */
  readonly gamma: number | 'auto' | 'theory';
}

/** xHat_i += q_i. */
const rule = additive();

function gammaOf(
  chosen: ChocoOptions['gamma'],
  omega: number | null,
  constants: { readonly gap: number; readonly beta: number },
): number {
  if (chosen === 'theory') return theoreticalGamma(omega, constants);
  return chosen === 'auto' ? automaticGamma(omega, constants.beta) : chosen;
}

/** @param identity the compressor that sends float32 as they are, for a replica that is sent whole. */
export function createChocoGossip(
  options: ChocoOptions,
  spec: string,
  identity: Compressor,
): Algorithm<PublicVector, PublicEdge> {
  return {
    name: 'choco',
    spec,
    compresses: 'differences',
    guarded: true,
    toleratesChurn: true,
    createNode: (context) => createPublicVector(context, rule),
    createEdge: (context) => createPublicEdge(context, rule),
    adopt(_context, { value }, parameters) {
      value.set(parameters);
    },
    beginRound(context, node, { parameters, round, openEdges }) {
      const edges = openEdges.map((edge) => ({ edge, memory: edge.memory }));
      publish(context, node, { rule, values: parameters, round, edges });
    },
    compose({ blocks, beta, gap }, node, { edge }) {
      const gamma = gammaOf(options.gamma, node.omega, { gap: gap ?? 0, beta });
      return { gamma: Math.fround(gamma), parts: takeUnsent(edge.memory, node, { rule, identity, blocks }) };
    },
    contraction: (_context, node) => node.blockOmegas,
    residual: (_context, node) => node.residual,
    apply({ node: self, blocks, scratch }, node, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      receive(memory, theirs, { rule, blocks });
      const mine = takeOwn(memory, node);
      const gamma = Math.min(own.gamma, theirs.gamma);
      correctionInto(scratch, ordered(self, neighbor, mine, memory.theirs.value), gamma * weight);
      return { own: mine, theirs: memory.theirs.value };
    },
    resetEdge(_context, node, { edge }) {
      resendWhole(edge.memory, node);
    },
  };
}
