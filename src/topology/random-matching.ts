/**
 * A random part of a graph for one round, so that a peer talks to one or two neighbors instead of all: a maximal
 * matching, in which no node has more than one edge, or with `most` = 2, 3, ... a maximal b-matching.
 *
 * All edges in random order; each is taken while both its ends have room. What is left out has a full end, so nothing
 * could be added. On a complete graph of an even number of nodes one edge a node is a uniformly drawn perfect matching:
 * pairs of a random permutation, as in NoLoCo (Kolehmainen et al. 2025).
 */
import { createRandom, type Random, shuffleInPlace } from '../base/random.js';
import { type Graph, neighborsOf } from './graph.js';

export interface RandomMatching {
  /** Edges of each node, 0 to `most`. */
  readonly degrees: Uint8Array;
  /** `most` entries a node: its partners, in the order in which they were found. */
  readonly partners: Uint32Array;
  readonly most: number;
}

/** O(edges), and the same for all who give the same generator. `most` is 1 to 255. */
export function drawMatching(graph: Graph, most: number, random: Random): RandomMatching {
  const count = graph.targets.length / 2;
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  let edge = 0;
  for (let i = 0; i < graph.nodes; i++) {
    for (const j of neighborsOf(graph, i)) {
      if (j < i) continue;
      low[edge] = i;
      high[edge++] = j;
    }
  }
  const order = Uint32Array.from({ length: count }, (_, k) => k);
  shuffleInPlace(random, order);
  const degrees = new Uint8Array(graph.nodes);
  const partners = new Uint32Array(graph.nodes * most);
  for (const k of order) {
    const [i, j] = [low[k]!, high[k]!];
    if (degrees[i]! >= most || degrees[j]! >= most) continue;
    partners[i * most + degrees[i]!++] = j;
    partners[j * most + degrees[j]!++] = i;
  }
  return { degrees, partners, most };
}

/** The matching of `round` in the run of `seed`. */
export function matchingOf(
  graph: Graph,
  most: number,
  at: { readonly seed: number; readonly round: number },
): RandomMatching {
  return drawMatching(graph, most, createRandom(at.seed, 'matching', at.round));
}

export function partnersOf({ degrees, partners, most }: RandomMatching, node: number): Uint32Array {
  return partners.subarray(node * most, node * most + degrees[node]!);
}

/** Metropolis-Hastings weight (mixing.ts) of the edge between two partners: 1/2 in a matching. */
export function partnerWeight({ degrees }: RandomMatching, i: number, j: number): number {
  return 1 / (1 + Math.max(degrees[i]!, degrees[j]!));
}
