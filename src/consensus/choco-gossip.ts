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
 * of 1.5 of the best grid value for low-rank and sparse compressors; do not use it for sign compression.
 *
 * When an edge has been silent, its neighbor's copy of xHat_i is old: the differences missed travel together in
 * the next exchange (or, beyond MAX_DELTA_PARTS, xHat_i itself), and until then the exchange under way uses
 * xHat_i as it was when its difference was sent.
 */

import { createRandom } from '../base/random.js';
import type { Compressor, CompressorState, MatrixBlock } from '../compression/compressor.js';
import { contractionOf, squaresOf } from '../compression/contraction.js';
import { decodeAddInto } from '../compression/message.js';
import { addSignedInto } from '../linalg/pairs.js';
import { type DeltaPart, MAX_DELTA_PARTS } from '../wire/frame.js';
import type { Algorithm, AlgorithmContext } from './algorithm.js';
import { correctionInto, ordered } from './mixing-step.js';
import { advanceReplica, encodeDifference } from './replica.js';

export interface ChocoOptions {
  /** Consensus step in (0, 1], or 'auto'. */
  readonly gamma: number | 'auto';
}

/** Weight of the past in the running average of omega: an average over about 20 rounds. */
export const OMEGA_MEMORY = 0.95;

export interface ChocoNodeMemory {
  /** xHat_i, equal to the bit to every up-to-date neighbor's copy. */
  readonly replica: Float32Array;
  readonly compressorState: CompressorState;
  /** Running average of the measured contraction; null before the first difference. */
  omega: number | null;
  /** omega-hat of each block in the latest difference. */
  blockOmegas: readonly number[];
}

export interface ChocoEdgeMemory {
  /** xHat_j. */
  readonly theirs: Float32Array;
  /** xHat_i as of the exchange under way, where this node's has moved on since; else null. */
  behind: Float32Array | null;
  /** Differences of this node not yet sent on this edge; null: too many, send the replica itself. */
  unsent: Uint8Array[] | null;
}

/** gamma = min(1, (1/sqrt(1 - omega) - 1) / beta); 0 while nothing has been measured. */
export function automaticGamma(omega: number | null, beta: number): number {
  if (omega === null || omega <= 0) return 0;
  return omega >= 1 ? 1 : Math.min(1, (1 / Math.sqrt(1 - omega) - 1) / beta);
}

function advanceOwnReplica(context: AlgorithmContext, node: ChocoNodeMemory, bytes: Uint8Array): void {
  const { blocks, scratch } = context;
  const difference = new Float32Array(scratch.length);
  decodeAddInto(difference, bytes, blocks);
  addSignedInto(node.replica, difference, 1);
  const squares = blocks.map((block) => squaresOf(scratch, difference, block));
  node.blockOmegas = squares.map(contractionOf);
  const energy = squares.reduce((sum, block) => sum + block.energy, 0);
  if (energy === 0) return;
  const error = squares.reduce((sum, block) => sum + block.error, 0);
  const omega = Math.max(0, contractionOf({ energy, error }));
  node.omega = node.omega === null ? omega : OMEGA_MEMORY * node.omega + (1 - OMEGA_MEMORY) * omega;
}

/** One more difference for an edge that has not sent it yet. */
function keepForLater(memory: ChocoEdgeMemory, bytes: Uint8Array): void {
  if (memory.unsent === null) return;
  if (memory.unsent.length === MAX_DELTA_PARTS) memory.unsent = null;
  else memory.unsent.push(bytes);
}

function takeUnsent(memory: ChocoEdgeMemory, replica: Float32Array, dense: DenseEncoder): DeltaPart[] {
  const parts: DeltaPart[] =
    memory.unsent === null
      ? [{ kind: 'replace', bytes: dense(replica) }]
      : memory.unsent.map((bytes) => ({ kind: 'add', bytes }));
  memory.unsent = [];
  return parts;
}

type DenseEncoder = (values: Float32Array) => Uint8Array;

function denseEncoder(identity: Compressor, blocks: readonly MatrixBlock[]): DenseEncoder {
  return (values) => identity.encode(values, blocks, identity.createState(blocks, createRandom('dense')));
}

/** @param identity the compressor that sends float32 as they are, for a replica that is sent whole. */
export function createChocoGossip(
  options: ChocoOptions,
  spec: string,
  identity: Compressor,
): Algorithm<ChocoNodeMemory, ChocoEdgeMemory> {
  return {
    name: 'choco',
    spec,
    createNode: (context) => ({
      replica: context.createReplica(),
      compressorState: context.compressor.createState(
        context.blocks,
        context.randomFor('node', context.node),
      ),
      omega: null,
      blockOmegas: [],
    }),
    createEdge: (context) => ({ theirs: context.createReplica(), behind: null, unsent: [] }),
    beginRound(context, node, { parameters, openEdges }) {
      const { compressor, blocks, scratch } = context;
      const encoder = { compressor, blocks, state: node.compressorState };
      const bytes = encodeDifference(encoder, { parameters, replica: node.replica, scratch });
      for (const edge of openEdges) {
        if (edge.own !== null && edge.memory.behind === null) edge.memory.behind = node.replica.slice();
        keepForLater(edge.memory, bytes);
      }
      advanceOwnReplica(context, node, bytes);
    },
    compose({ blocks, beta }, node, { edge }) {
      const gamma = options.gamma === 'auto' ? automaticGamma(node.omega, beta) : options.gamma;
      return {
        gamma: Math.fround(gamma),
        parts: takeUnsent(edge.memory, node.replica, denseEncoder(identity, blocks)),
      };
    },
    contraction: (_context, node) => node.blockOmegas,
    apply({ node: self, blocks, scratch }, node, { edge, own, theirs }) {
      const { memory, neighbor, weight } = edge;
      advanceReplica(memory.theirs, theirs, blocks);
      const mine = memory.behind ?? node.replica;
      memory.behind = null;
      const gamma = Math.min(own.gamma, theirs.gamma);
      correctionInto(scratch, ordered(self, neighbor, mine, memory.theirs), gamma * weight);
      return { own: mine, theirs: memory.theirs };
    },
  };
}
