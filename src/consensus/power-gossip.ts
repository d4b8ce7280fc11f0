/**
 * PowerGossip (Vogels, Karimireddy and Jaggi 2020, "PowerGossip: practical low-rank communication compression in
 * decentralized deep learning", Algorithm 1): the two ends of an edge find a low-rank approximation of the difference of
 * their parameters *together*, one half of a power iteration an exchange, and both move by it.
 *
 *     s_i = X_i^T P or X_i Q, sent to j; s_j likewise                  (edge-factors.ts)
 *     U   = P (s_j - s_i)^T or (s_j - s_i) Q^T;   X_i += w_ij U;   X_j -= w_ij U
 *
 * No replicas, and no step size but the paper's diffusion, a factor eta_d of w_ij: 1 as published, or automatic,
 *
 *     eta_d = 2 / (delta + ||I - W||)
 *
 * the best constant step of uncompressed gossip where the slowest mode is lambda_2 (Xiao and Boyd 2004, section 4.1, for
 * the Laplacian I - W): 1.308 on a ring of eight, nearly 2 on a star, and 1 where lambda_n is what slows it. U is a
 * projection of X_j - X_i, so whatever P is, no exchange takes peers further apart while eta_d ||I - W|| <= 2, which
 * both are on every graph, and stay where edges are missing.
 * `iterations` exchanges a round, each on the parameters that the last one left; p and q go on from round to round (the
 * warm start). Vectors (biases, norms) are sent as they are, in every iterations-th exchange of an edge. The published
 * code skips the first gossip step, where all models are equal; here it does no harm.
 *
 * PGQ (ours) is the same with quantized messages of what differs from a reference R that both ends share,
 *
 *     s_i = round((X_i - R)^T P);   R += P ((s_i + s_j) / 2)^T;   U as above
 *
 * where R follows the mean of the two, so that rounding is relative to how far the ends are from each other and not to
 * how large parameters are. R's error costs precision, never the fixed point. At 32 bits and diffusion 1 it is PowerGossip.
 * Its diffusion is automatic: an edge sends the same few directions again until they have been mixed away, w_ij at a time.
 */

import { createRandom } from '../base/random.js';
import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import { addSignedInto } from '../linalg/pairs.js';
import type { Delta } from '../wire/frame.js';
import type { Algorithm, AlgorithmContext, ReplicaPair } from './algorithm.js';
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
import {
  addProductInto,
  basisOf,
  createEdgeFactors,
  type EdgeFactors,
  keepStart,
  multiplyInto,
  type Side,
  sentLength,
  sideOf,
} from './edge-factors.js';
import { advanceReplica } from './replica.js';

export interface PowerGossipOptions {
  /** r; clipped to the sides of each matrix. */
  readonly rank: number;
  /** Exchanges a round. */
  readonly iterations: number;
  /** Bits a number of s: 32 for float32, else codes with one scale a vector. */
  readonly bits: number;
  /** eta_d of X_i += eta_d w_ij U. */
  readonly diffusion: number | 'auto';
  /** Send differences to a shared reference (PGQ). */
  readonly reference: boolean;
  /** Bounds U to tau_ij, exchange by exchange (clipping.ts). @default null */
  readonly clipping?: Clipping | null;
}

/** The compressor that sends `length` numbers with one scale, or as they are. */
export type MessageCompressor = (bits: number, length: number) => Compressor;

interface EdgeMemory {
  /** One for each matrix; null for vectors. */
  factors: readonly (EdgeFactors | null)[];
  /** R; null without one. */
  readonly reference: Float32Array | null;
  /** Exchanges applied. */
  count: number;
}

/** One piece of the message of exchange k. */
interface Piece {
  readonly block: MatrixBlock;
  /** Where it lies in the message's vector, and its shape there. */
  readonly sent: MatrixBlock;
  /** Absent for a vector, which is sent as it is. */
  readonly product?: { readonly factors: EdgeFactors; readonly side: Side; readonly basis: Float64Array };
}

function isVector({ rows, cols }: MatrixBlock): boolean {
  return Math.min(rows, cols) === 1;
}

/** What is sent in exchange k of an edge, the same at both ends. */
function piecesOf(context: AlgorithmContext, memory: EdgeMemory, iterations: number): Piece[] {
  const pieces: Piece[] = [];
  let offset = 0;
  const add = (block: MatrixBlock, rows: number, cols: number, product?: Piece['product']): void => {
    const sent = { name: block.name, offset, rows, cols };
    pieces.push(product === undefined ? { block, sent } : { block, sent, product });
    offset += rows * cols;
  };
  context.blocks.forEach((block, b) => {
    const factors = memory.factors[b] ?? null;
    if (factors !== null) {
      const side = sideOf(factors, memory.count);
      const product = { factors, side, basis: basisOf(factors, side) };
      add(block, factors.rank, sentLength(factors, side), product);
    } else if (memory.count % iterations === 0) add(block, block.rows, block.cols);
  });
  return pieces;
}

function partOf(vector: Float32Array, { offset, rows, cols }: MatrixBlock): Float32Array {
  return vector.subarray(offset, offset + rows * cols);
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { sent }) => sum + sent.rows * sent.cols, 0);
}

/** s of this end: products with x - R, and vectors as they are. */
function messageOf(
  pieces: readonly Piece[],
  parameters: Float32Array,
  reference: Float32Array | null,
): Float32Array {
  const values = new Float32Array(lengthOf(pieces));
  for (const { block, sent, product } of pieces) {
    const own = partOf(parameters, block);
    if (product === undefined) values.set(own, sent.offset);
    else {
      const matrix = reference === null ? own : own.slice();
      if (reference !== null) addSignedInto(matrix, partOf(reference, block), -1);
      multiplyInto({ values, at: sent.offset }, matrix, product);
    }
  }
  return values;
}

/** Messages of pieces, one after another, are the message of all. */
function encodePieces(
  pieces: readonly Piece[],
  values: Float32Array,
  compressorFor: (piece: Piece) => Compressor,
): Uint8Array {
  const messages = pieces.map((piece) => {
    const compressor = compressorFor(piece);
    const blocks = [piece.sent];
    return compressor.encode(values, blocks, compressor.createState(blocks, createRandom('power gossip')));
  });
  const bytes = new Uint8Array(messages.reduce((sum, message) => sum + message.length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return bytes;
}

/** s of one end as it travelled. */
function readMessage(pieces: readonly Piece[], delta: Delta): Float32Array {
  const values = new Float32Array(lengthOf(pieces));
  const blocks = pieces.map(({ sent }) => sent);
  advanceReplica(values, partsOf(delta, 0), blocks);
  return values;
}

/** alpha a + beta b. */
function combined(a: Float32Array, b: Float32Array, alpha: number, beta: number): Float32Array {
  const out = new Float32Array(a.length);
  for (let k = 0; k < out.length; k++) out[k] = alpha * a[k]! + beta * b[k]!;
  return out;
}

function applyPiece(
  scratch: Float32Array,
  memory: EdgeMemory,
  { piece, low, high, weight }: { piece: Piece; low: Float32Array; high: Float32Array; weight: number },
): void {
  const { block, sent, product } = piece;
  const correction = partOf(scratch, block);
  const [a, b] = [partOf(low, sent), partOf(high, sent)];
  if (product === undefined) {
    for (let k = 0; k < a.length; k++) correction[k] = weight * (b[k]! - a[k]!);
    return;
  }
  addProductInto(correction, combined(b, a, weight, -weight), product);
  if (memory.reference !== null) {
    addProductInto(partOf(memory.reference, block), combined(a, b, 0.5, 0.5), product);
  }
  keepStart(product.factors, product.side, combined(b, a, 1, -1));
}

/** p and q of each matrix as they are before the first exchange, and after each reset. */
function drawFactors(
  { blocks, randomFor }: AlgorithmContext,
  neighbor: number,
  from: { readonly rank: number; readonly resets: number },
): (EdgeFactors | null)[] {
  const random = [...randomFor('both-ends', neighbor), ...(from.resets === 0 ? [] : [from.resets])];
  return blocks.map((block, b) =>
    isVector(block) ? null : createEdgeFactors(block, from.rank, createRandom(b, ...random)),
  );
}

/** eta_d; 1 where the gap is not known. */
function diffusionOf(diffusion: number | 'auto', { gap, beta }: AlgorithmContext): number {
  if (diffusion !== 'auto') return diffusion;
  return gap === null ? 1 : 2 / (gap + beta);
}

const nothing = new Float32Array(0);

/** What both ends hold alike. */
function sharedOf({ factors, reference }: EdgeMemory): ReplicaPair {
  const replica = reference ?? nothing;
  const others = factors.flatMap((each) => (each === null ? [] : [each.p, each.q, each.random]));
  return { own: replica, theirs: replica, others };
}

/** @param messages the compressor of a message's numbers. */
export function createPowerGossip(
  options: PowerGossipOptions,
  spec: string,
  messages: MessageCompressor,
): Algorithm<Distances, EdgeMemory> {
  const { rank, iterations, bits, diffusion, reference, clipping = null } = options;
  const name = reference ? 'pgq' : 'power-gossip';
  const compressorFor = ({ product, sent }: Piece): Compressor =>
    messages(product === undefined ? 32 : bits, sent.cols);
  return {
    name,
    spec,
    compresses: 'nothing',
    streams: streamsOf(clipping),
    exchanges: iterations,
    asynchronous: true,
    toleratesChurn: true,
    checkEdges: ({ length }) => checkClipping(name, clipping, length),
    createNode: () => createDistances(iterations),
    createEdge(context, neighbor) {
      const factors = drawFactors(context, neighbor, { rank, resets: 0 });
      return { factors, reference: reference ? context.createReplica() : null, count: 0 };
    },
    beginRound(_context, distances, { round }) {
      distances.round = round;
    },
    compose(context, distances, { parameters, edge }) {
      const { memory } = edge;
      const pieces = piecesOf(context, memory, iterations);
      const values = messageOf(pieces, parameters, memory.reference);
      const bytes = encodePieces(pieces, values, compressorFor);
      const exchange = memory.count % iterations;
      const radius = clipping === null ? [] : radiusParts(clipping, distances, exchange);
      return { gamma: 1, parts: [{ kind: 'replace', bytes }, ...radius] };
    },
    apply(context, distances, { edge, own, theirs, parameters }) {
      const { memory, neighbor } = edge;
      const weight = diffusionOf(diffusion, context) * edge.weight;
      const { scratch } = context;
      const pieces = piecesOf(context, memory, iterations);
      const [mine, other] = [readMessage(pieces, own), readMessage(pieces, theirs)];
      const [low, high] = context.node < neighbor ? [mine, other] : [other, mine];
      scratch.fill(0);
      for (const piece of pieces) applyPiece(scratch, memory, { piece, low, high, weight });
      if (clipping !== null) {
        const exchange = memory.count % iterations;
        const at = { neighbor, own, theirs, factor: weight, parameters, exchange };
        clipInto(scratch, { clipping, distances, ...at });
      }
      memory.count += 1;
      return sharedOf(memory);
    },
    resetEdge(context, _node, { edge, exchange, resets }) {
      const { memory, neighbor } = edge;
      memory.factors = drawFactors(context, neighbor, { rank, resets });
      memory.reference?.set(context.initialReplica);
      memory.count = exchange;
    },
  };
}
