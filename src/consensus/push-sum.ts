/**
 * Push-sum, and with training stochastic gradient push (Kempe, Dobra and Gehrke 2003, "Gossip-based computation of
 * aggregate information"; Nedic and Olshevsky 2016; Assran, Loizou, Ballas and Rabbat 2019, "Stochastic gradient push for
 * distributed deep learning", Algorithm 1): averaging where an edge may carry only in one direction, and over graphs
 * that change from round to round.
 *
 * A peer pushes equal shares of what it has to some neighbors and keeps one, so the matrix P of a round is column
 * stochastic and need not be row stochastic: x <- P x keeps the sum, but tends to n times P's stationary vector times the
 * mean. A weight that travels in the same way says by how much each peer is off:
 *
 *     x_i <- x_i - u_i                          u = eta g, taken at z_i; x_i = z_i and w_i = 1 at first
 *     x_i <- sum_j p_ij x_j,   w_i <- sum_j p_ij w_j
 *     z_i  = x_i / w_i                          what is trained, reported and compared
 *
 * Here links go both ways and an exchange is a pair of messages, each with the shares p x and p w of its sender, or with
 * nothing. Applying it, both ends move by (what came - what went), which is the same number at both with opposite
 * signs: sum of x and sum of w = n are kept, to the bit as for all algorithms, whatever is lost, doubled or late.
 * Shares that wait for a silent neighbor are counted as gone when new ones are cut, so w_i stays above 0.
 */
import { assert } from '../base/assert.js';
import { GrapevineError } from '../base/errors.js';
import type { MatrixBlock } from '../compression/compressor.js';
import { sumOfSquares } from '../linalg/pairs.js';
import { bothWays, orient } from '../topology/orientation.js';
import type { DeltaPart } from '../wire/frame.js';
import type { Algorithm, AlgorithmContext, EdgeView } from './algorithm.js';
import { densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, isPlausible, ordered } from './mixing-step.js';

export interface PushSumOptions {
  /** Neighbors that a peer pushes to in a round, in turn; or all of them. */
  readonly peers: number | 'all';
  /** Whether edges carry both ways, or in one direction, with as many in as out (orientation.ts). */
  readonly links: 'both' | 'one-way';
}

interface NodeMemory {
  /** x of this round: before its exchanges, then after them. */
  readonly numerator: Float32Array;
  /** w. */
  weight: number;
  /** Out-neighbors of this peer and of its neighbors, ascending. */
  readonly outOf: ReadonlyMap<number, Uint32Array>;
  /** Neighbors that this round pushes to, and those that push to this peer. */
  pushes: ReadonlySet<number>;
  pulls: ReadonlySet<number>;
  /** p x and p w of this round, as they travel. */
  share: readonly DeltaPart[];
}

interface EdgeMemory {
  /** Shares of x and of w, as both ends have sent them. */
  readonly shares: SentPair;
  readonly weights: SentPair;
}

const WEIGHT_STREAM = 1;
const weightBlocks: readonly MatrixBlock[] = [{ name: 'push-sum weight', offset: 0, rows: 1, cols: 1 }];

const pairOf = (length: number): SentPair => ({
  own: new Float32Array(length),
  theirs: new Float32Array(length),
});

function outNeighbors({ swarm, node }: AlgorithmContext, links: PushSumOptions['links']) {
  assert(swarm !== null, 'push-sum knows the graph of the swarm');
  const { graph } = swarm;
  const out = links === 'both' ? bothWays(graph) : orient(graph);
  const neighbors = bothWays(graph)[node]!;
  return new Map([node, ...neighbors].map((peer) => [peer, out[peer]!]));
}

/** Of `out`, in ascending order, those whose turn it is in `round`. */
export function inTurn(out: Uint32Array, peers: number | 'all', round: number): Set<number> {
  if (peers === 'all' || peers >= out.length) return new Set(out);
  return new Set(Array.from({ length: peers }, (_, k) => out[((round - 1) * peers + k) % out.length]!));
}

const weightPart = (context: AlgorithmContext, weight: number): DeltaPart =>
  densePart({ ...context, blocks: weightBlocks }, Float32Array.of(weight), WEIGHT_STREAM);

/** Reads the shares of an exchange; what was not sent is 0. */
function readShares(
  context: AlgorithmContext,
  { shares, weights }: EdgeMemory,
  deltas: Parameters<typeof readPair>[2],
) {
  for (const pair of [shares, weights]) for (const vector of [pair.own, pair.theirs]) vector.fill(0);
  readPair(context, shares, deltas);
  readPair({ ...context, blocks: weightBlocks }, weights, { ...deltas, stream: WEIGHT_STREAM });
}

/** Cuts equal shares of what is neither promised to a silent neighbor nor gone. */
function cutShares(
  context: AlgorithmContext,
  node: NodeMemory,
  openEdges: readonly EdgeView<EdgeMemory>[],
): readonly DeltaPart[] {
  const free = context.scratch;
  free.set(node.numerator);
  let freeWeight = node.weight;
  let shares = 1;
  for (const { own, neighbor, memory } of openEdges) {
    if (own === null) {
      if (node.pushes.has(neighbor)) shares += 1;
      continue;
    }
    readShares(context, memory, { own, theirs: own });
    for (let k = 0; k < free.length; k++) free[k]! -= memory.shares.own[k]!;
    freeWeight -= memory.weights.own[0]!;
  }
  for (let k = 0; k < free.length; k++) free[k]! /= shares;
  return [densePart(context, free), weightPart(context, freeWeight / shares)];
}

/** @throws GrapevineError PAYLOAD_BAD_VALUE, before anything has moved */
function checkShares(context: AlgorithmContext, node: NodeMemory, { weights }: EdgeMemory): void {
  const [own, theirs] = [weights.own[0]!, weights.theirs[0]!];
  const most = context.swarm?.graph.nodes ?? 1;
  const inRange = Math.min(own, theirs) >= 0 && Math.max(own, theirs) <= most;
  if (inRange && isPlausible(sumOfSquares(context.scratch), node.numerator)) return;
  throw new GrapevineError('PAYLOAD_BAD_VALUE', `a share with weight ${theirs}, wanted 0 to ${most}`, {
    weight: theirs,
  });
}

export function createPushSum(options: PushSumOptions, spec: string): Algorithm<NodeMemory, EdgeMemory> {
  const { peers, links } = options;
  return {
    name: 'push-sum',
    spec,
    compresses: 'nothing',
    streams: 2,
    createNode: (context) => ({
      numerator: new Float32Array(context.initialReplica.length),
      weight: 1,
      outOf: outNeighbors(context, links),
      pushes: new Set(),
      pulls: new Set(),
      share: [],
    }),
    createEdge: ({ initialReplica }) => ({ shares: pairOf(initialReplica.length), weights: pairOf(1) }),
    beginRound(context, node, { round, start, parameters, openEdges }) {
      const { numerator, outOf } = node;
      if (round === 1) numerator.set(start);
      for (let k = 0; k < numerator.length; k++) numerator[k]! -= start[k]! - parameters[k]!;
      parameters.set(numerator);
      const turns = Array.from(outOf, ([peer, out]) => [peer, inTurn(out, peers, round)] as const);
      node.pushes = new Map(turns).get(context.node)!;
      node.pulls = new Set(turns.filter(([, pushed]) => pushed.has(context.node)).map(([peer]) => peer));
      node.share = cutShares(context, node, openEdges);
    },
    partners: (_context, { pushes, pulls }, { openEdges }) =>
      openEdges.map(({ neighbor }) => neighbor).filter((peer) => pushes.has(peer) || pulls.has(peer)),
    compose: (context, { pushes, share }, { edge }) => ({
      gamma: 1,
      parts: pushes.has(edge.neighbor) ? share : [weightPart(context, 0)],
    }),
    apply(context, node, { edge, own, theirs }) {
      const { memory, neighbor } = edge;
      const { shares, weights } = memory;
      readShares(context, memory, { own, theirs });
      correctionInto(context.scratch, ordered(context.node, neighbor, shares.own, shares.theirs), 1);
      checkShares(context, node, memory);
      node.weight += weights.theirs[0]! - weights.own[0]!;
      return shares;
    },
    endRound(_context, { numerator, weight }, { parameters }) {
      numerator.set(parameters);
      for (let k = 0; k < parameters.length; k++) parameters[k]! /= weight;
      return undefined;
    },
    reopen({ numerator }, parameters) {
      parameters.set(numerator);
    },
  };
}
