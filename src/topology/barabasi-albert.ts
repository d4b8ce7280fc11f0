/**
 * Scale-free graphs by preferential attachment (Barabasi and Albert 1999, "Emergence of scaling in random networks"): node
 * after node arrives and joins `links` of those that are there, each chosen with probability proportional to its degree, which
 * is a draw from the ends of all edges so far (Batagelj and Brandes 2005, algorithm 5). Begins with a star of links + 1
 * nodes. Connected as it is; degrees fall off as d^-3, so a few hubs carry most of the traffic.
 */
import { type Random, uniformInt } from '../base/random.js';
import { integerField } from '../base/registry.js';
import { defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

type Options = { readonly links: number };

/** `links` is below `nodes`, or both are 1 at least. */
export function barabasiAlbertGraph(nodes: number, links: number, random: Random): Graph {
  const ends: number[] = [];
  for (let leaf = 1; leaf <= Math.min(links, nodes - 1); leaf++) ends.push(0, leaf);
  const chosen = new Set<number>();
  for (let node = links + 1; node < nodes; node++) {
    chosen.clear();
    while (chosen.size < links) chosen.add(ends[uniformInt(random, ends.length)]!);
    for (const other of chosen) ends.push(node, other);
  }
  return graphFromEdges(nodes, pairsOf(ends));
}

function* pairsOf(ends: readonly number[]): Generator<readonly [number, number]> {
  for (let k = 0; k < ends.length; k += 2) yield [ends[k]!, ends[k + 1]!];
}

export const barabasiAlbert = defineTopology<Options, Options>({
  name: 'barabasi-albert',
  summary: 'preferential attachment: newcomers join nodes that have many neighbors',
  seeded: true,
  fields: { links: integerField('neighbors that each newcomer joins', 2, 1, MAX_NODES) },
  settle: (nodes, { links }) => ({ links: Math.max(1, Math.min(links, nodes - 1)) }),
  expectedEdges: (nodes, { links }) => nodes * links,
  layOut: (nodes, { links }, { random }) => ({ graph: barabasiAlbertGraph(nodes, links, random) }),
});
