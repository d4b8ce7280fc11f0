/**
 * Push-sum, and with training stochastic gradient push (Kempe, Dobra and Gehrke 2003, "Gossip-based computation of
 * aggregate information"; Nedic and Olshevsky 2016; Assran, Loizou, Ballas and Rabbat 2019, "Stochastic gradient push for
 * distributed deep learning", Algorithm 1): averaging where an edge may carry only in one direction, and over graphs
 * that change from round to round.
 *
 * A peer pushes equal shares of what it has to some neighbors and keeps one, or the shares that the one-way form of a topology
 * names (`links=directed`: exponential, EquiTopo), so the matrix P of a round is column stochastic and need not be row stochastic: x <- P x keeps the sum, but tends to n times P's stationary vector times the
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
import { rebuilt } from '../base/snapshot.js';
import type { MatrixBlock } from '../compression/compressor.js';
import { sumOfSquares } from '../linalg/pairs.js';
import { outNeighborsOf } from '../topology/directed.js';
import { neighborsOf } from '../topology/graph.js';
import { bothWays, orient } from '../topology/orientation.js';
import type { Topology } from '../topology/topology.js';
import type { DeltaPart } from '../wire/frame.js';
import type { Algorithm, AlgorithmContext, EdgeView } from './algorithm.js';
import { densePart, readPair, type SentPair } from './dense-exchange.js';
import { correctionInto, isPlausible, ordered } from './mixing-step.js';

export interface PushSumOptions {
  /** Neighbors that a peer pushes to in a round, in turn; or all of them. */
  readonly peers: number | 'all';
  /**
   * Whether edges carry both ways; in one direction, with as many in as out (orientation.ts); or as the topology's one-way
   * form says, each with its own share.
   */
  readonly links: 'both' | 'one-way' | 'directed';
}

/** Whom a peer gives to in a round, and the share of each, with 1 in all with what it keeps; null: all as much as it keeps. */
interface Gifts {
  readonly to: Uint32Array;
  readonly shares: Float64Array | null;
}

type GiftsOf = (peer: number, round: number) => Gifts;

interface NodeMemory {
  /** x of this round: before its exchanges, then after them. */
  readonly numerator: Float32Array;
  /** w. */
  weight: number;
  /** Who pushes to whom, and the neighbors, of whom some push to this peer: functions of the topology. */
  readonly routes: { readonly giftsOf: GiftsOf; readonly neighbors: Uint32Array };
  /** Neighbors that push to this peer in this round. */
  pulls: ReadonlySet<number>;
  /** p x and p w of this round, as they travel, by the neighbor that they are for. */
  pushes: ReadonlyMap<number, readonly DeltaPart[]>;
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

/** @throws GrapevineError BAD_CONFIG where the topology has no such links */
function checkLinks({ spec, schedule, directed }: Topology, links: PushSumOptions['links']): void {
  const problem =
    links === 'directed' && directed === undefined
      ? `wants a topology with a one-way form, and ${spec} has none: choose exponential, one-peer-exponential, equitopo or equitopo-dynamic`
      : links === 'one-way' && schedule !== undefined
        ? `gives edges that stay the same a direction, and those of ${spec} take turns: choose links=both or, where there is a one-way form, links=directed`
        : null;
  if (problem === null) return;
  throw new GrapevineError('BAD_CONFIG', `algorithm push-sum with links=${links} ${problem}.`, {
    topology: spec,
  });
}

function giftsFor({ swarm, node }: AlgorithmContext, { links, peers }: PushSumOptions): GiftsOf {
  assert(swarm !== null, 'push-sum knows the graph of the swarm');
  const { graph, schedule, directed } = swarm;
  if (links === 'directed') {
    assert(directed !== undefined, 'checkLinks has seen the one-way form');
    return (peer, round) => {
      const matrix = directed.matrixAt(round);
      const shares = matrix.shares.subarray(matrix.offsets[peer]!, matrix.offsets[peer + 1]!);
      return { to: outNeighborsOf(matrix, peer), shares };
    };
  }
  // Only who is near is asked for: the orientation of the whole graph is not kept.
  const all = links === 'one-way' ? orient(graph) : bothWays(graph);
  const near = new Map(
    Array.from([node, ...neighborsOf(graph, node)], (peer) => [peer, all[peer]!] as const),
  );
  const outOf = (peer: number, round: number): Uint32Array =>
    schedule === undefined ? near.get(peer)! : neighborsOf(schedule.mixingAt(round).graph, peer);
  return (peer, round) => ({
    to: Uint32Array.from(inTurn(outOf(peer, round), peers, round)),
    shares: null,
  });
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

/** Cuts shares of what is neither promised to a silent neighbor nor gone; one message for all of the same size. */
function cutShares(
  context: AlgorithmContext,
  node: NodeMemory,
  { to, shares, openEdges }: Gifts & { readonly openEdges: readonly EdgeView<EdgeMemory>[] },
): ReadonlyMap<number, readonly DeltaPart[]> {
  const free = context.scratch;
  free.set(node.numerator);
  let freeWeight = node.weight;
  const fresh = new Set<number>();
  for (const { own, neighbor, memory } of openEdges) {
    if (own === null) {
      fresh.add(neighbor);
      continue;
    }
    readShares(context, memory, { own, theirs: own });
    for (let k = 0; k < free.length; k++) free[k]! -= memory.shares.own[k]!;
    freeWeight -= memory.weights.own[0]!;
  }
  const takers = to.filter((neighbor) => fresh.has(neighbor));
  const cut = new Map<number, readonly DeltaPart[]>();
  const messageOf = (divisor: number): readonly DeltaPart[] => {
    const known = cut.get(divisor);
    if (known !== undefined) return known;
    const part = Float32Array.from(free, (value) => value / divisor);
    const message = [densePart(context, part), weightPart(context, freeWeight / divisor)];
    cut.set(divisor, message);
    return message;
  };
  const divisorOf = (neighbor: number): number =>
    shares === null ? takers.length + 1 : 1 / shares[to.indexOf(neighbor)]!;
  return new Map(Array.from(takers, (neighbor) => [neighbor, messageOf(divisorOf(neighbor))]));
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
  if (links === 'directed' && peers !== 'all') {
    throw new GrapevineError(
      'BAD_SPEC',
      `algorithm push-sum: peers=${peers} with links=directed, whose topology says whom a peer pushes to: leave peers out.`,
    );
  }
  return {
    name: 'push-sum',
    spec,
    compresses: 'nothing',
    streams: 2,
    checkTopology: (topology) => checkLinks(topology, links),
    createNode: (context) => ({
      numerator: new Float32Array(context.initialReplica.length),
      weight: 1,
      routes: rebuilt({
        giftsOf: giftsFor(context, options),
        neighbors: neighborsOf(context.swarm!.graph, context.node),
      }),
      pulls: new Set(),
      pushes: new Map(),
    }),
    createEdge: ({ initialReplica }) => ({ shares: pairOf(initialReplica.length), weights: pairOf(1) }),
    beginRound(context, node, { round, start, parameters, openEdges }) {
      const { numerator } = node;
      const { giftsOf, neighbors } = node.routes;
      if (round === 1) numerator.set(start);
      for (let k = 0; k < numerator.length; k++) numerator[k]! -= start[k]! - parameters[k]!;
      parameters.set(numerator);
      node.pulls = new Set(neighbors.filter((peer) => giftsOf(peer, round).to.includes(context.node)));
      node.pushes = cutShares(context, node, { ...giftsOf(context.node, round), openEdges });
    },
    partners: (_context, { pushes, pulls }, { openEdges }) =>
      openEdges.map(({ neighbor }) => neighbor).filter((peer) => pushes.has(peer) || pulls.has(peer)),
    compose: (context, { pushes }, { edge }) => ({
      gamma: 1,
      parts: pushes.get(edge.neighbor) ?? [weightPart(context, 0)],
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
