/**
 * Base-(k + 1) graphs (Takezawa, Sato, Bao, Niwa and Yamada 2023, "Beyond exponential graph: communication-efficient
 * topologies for decentralized learning via finite-time convergence"): for every n a short sequence of symmetric matrices in
 * which a node has at most k neighbors, and whose product is J, the exact average.
 *
 *     hyper-hypercube   n = n_1 ... n_L, all n_l <= k + 1: round l averages over the n_l nodes whose numbers, written with
 *                       these factors for digits, differ in digit l alone (algorithm 1)
 *     simple            n = a_1 (k + 1)^p_1 + ... + a_L (k + 1)^p_L with p_1 > p_2 > ...: blocks of these sizes, in five
 *                       steps below (algorithm 2); at most 2 log_(k + 1) n + 2 rounds
 *     base              n = p q, p all the factors up to k + 1: `simple` within each of p parts of q nodes, then
 *                       hyper-hypercubes across them; or `simple` on all nodes where that is shorter (algorithm 3)
 *
 * Steps of `simple`: (1) each block V_l averages within itself, to y_l. Then, for l = 1, 2, ..., L - 1 in turn: (2) each node
 * of the rest V_(l+1), ..., V_L is joined to one node of each of the a_l parts of V_l, with weight |V_l| / (a_l |rest and V_l|),
 * after which (3) every part of V_l has the mean of all within it, and so has the rest; (4) the parts average within
 * themselves while (5) the rest goes on with the next l.
 *
 * The product is J for a period from its first round on; from the middle of one, only that of the next whole one is.
 */
import type { WeightedEdge } from './mixing.js';

/** The edges of one round. */
export type BaseRound = readonly WeightedEdge[];

/** Fewest factors of `count`, each from 2 to `most`, descending; undefined where a prime factor is larger. [] for 1. */
export function factorsUpTo(count: number, most: number): readonly number[] | undefined {
  const known = new Map<number, readonly number[] | undefined>([[1, []]]);
  const search = (rest: number): readonly number[] | undefined => {
    if (known.has(rest)) return known.get(rest);
    let best: readonly number[] | undefined;
    for (let factor = Math.min(most, rest); factor >= 2; factor--) {
      if (rest % factor !== 0) continue;
      const others = search(rest / factor);
      if (others !== undefined && (best === undefined || others.length + 1 < best.length))
        best = [factor, ...others];
    }
    known.set(rest, best);
    return best;
  };
  return search(count)
    ?.slice()
    .sort((a, b) => b - a);
}

/** Rounds over `nodes`, whose number has no prime factor above k + 1; undefined where it has. */
export function hyperHypercube(nodes: readonly number[], k: number): BaseRound[] | undefined {
  const factors = factorsUpTo(nodes.length, k + 1);
  if (factors === undefined) return undefined;
  let stride = 1;
  return factors.map((factor) => {
    const round: WeightedEdge[] = [];
    for (let at = 0; at < nodes.length; at++) {
      const digit = Math.floor(at / stride) % factor;
      for (let other = digit + 1; other < factor; other++)
        round.push([nodes[at]!, nodes[at + (other - digit) * stride]!, 1 / factor]);
    }
    stride *= factor;
    return round;
  });
}

interface Block {
  readonly nodes: readonly number[];
  /** a_l parts of (k + 1)^p_l nodes. */
  readonly parts: readonly (readonly number[])[];
}

/** V_1, V_2, ...: `nodes` cut by the digits of their number in base k + 1, from the highest. */
function blocksOf(nodes: readonly number[], k: number): Block[] {
  const blocks: Block[] = [];
  let size = 1;
  while (size * (k + 1) <= nodes.length) size *= k + 1;
  for (let at = 0; at < nodes.length; size /= k + 1) {
    const parts: (readonly number[])[] = [];
    for (; at + size <= nodes.length; at += size) parts.push(nodes.slice(at, at + size));
    if (parts.length > 0) blocks.push({ nodes: parts.flat(), parts });
  }
  return blocks;
}

/** Step (2): each node of `rest` beside one node of each part; a part has more nodes than all of `rest`. */
function balance({ nodes, parts }: Block, rest: readonly number[]): BaseRound {
  const weight = nodes.length / (parts.length * (nodes.length + rest.length));
  return rest.flatMap((node, at) => parts.map((part): WeightedEdge => [part[at]!, node, weight]));
}

/** Algorithm 2. */
export function simpleBaseGraph(nodes: readonly number[], k: number): BaseRound[] {
  const smooth = hyperHypercube(nodes, k);
  if (smooth !== undefined) return smooth;
  const blocks = blocksOf(nodes, k);
  const rounds: WeightedEdge[][] = [];
  const add = (at: number, edges: BaseRound): void => {
    while (rounds.length <= at) rounds.push([]);
    rounds[at]!.push(...edges);
  };
  let within = 0;
  for (const { nodes: own } of blocks) {
    const averaging = hyperHypercube(own, k)!; // a (k + 1)^p has no factor above k + 1
    averaging.forEach((edges, at) => add(at, edges));
    within = Math.max(within, averaging.length);
  }
  blocks.slice(0, -1).forEach((block, l) => {
    const rest = blocks.slice(l + 1).flatMap((other) => other.nodes);
    add(within + l, balance(block, rest));
    for (const part of block.parts)
      hyperHypercube(part, k)!.forEach((edges, at) => add(within + l + 1 + at, edges));
  });
  return rounds;
}

/** The product of all prime factors of `count` up to `most`. */
function smoothPart(count: number, most: number): number {
  let rest = count;
  for (let factor = 2; factor <= most; factor++) while (rest % factor === 0) rest /= factor;
  return count / rest;
}

/** Algorithm 3. */
export function baseGraph(nodes: readonly number[], k: number): BaseRound[] {
  const simple = simpleBaseGraph(nodes, k);
  const parts = smoothPart(nodes.length, k + 1);
  const size = nodes.length / parts;
  const part = (l: number): readonly number[] => nodes.slice(l * size, (l + 1) * size);
  const inside = Array.from({ length: parts }, (_, l) => simpleBaseGraph(part(l), k));
  const across = Array.from(
    { length: size },
    (_, at) =>
      hyperHypercube(
        Array.from({ length: parts }, (_, l) => nodes[l * size + at]!),
        k,
      )!,
  );
  const composed = [...sideBySide(inside), ...sideBySide(across)];
  return composed.length < simple.length ? composed : simple;
}

/** Sequences of one length on different nodes, as one sequence. */
function sideBySide(sequences: readonly (readonly BaseRound[])[]): BaseRound[] {
  const [first = []] = sequences;
  return first.map((_, at) => sequences.flatMap((sequence) => sequence[at]!));
}
