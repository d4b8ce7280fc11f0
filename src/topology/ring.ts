/**
 * The ring: node i beside i - 1 and i + 1, modulo n. The least connected topology in common use and the hardest
 * test of compressed gossip: with weights 1/3 its gap is (2 - 2 cos(2 pi / n)) / 3, about 13 / n^2.
 */
import { defineTopology, type NoOptions, type SettledOptions } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

/** A cycle of `nodes` nodes; two nodes share one edge, and one node has none. */
export function ringGraph(nodes: number): Graph {
  const pairs = Array.from({ length: nodes > 1 ? nodes : 0 }, (_, i) => [i, (i + 1) % nodes] as const);
  return graphFromEdges(nodes, pairs);
}

export const ring = defineTopology<NoOptions, SettledOptions>({
  name: 'ring',
  summary: 'each node has two neighbors, in a cycle',
  seeded: false,
  fields: {},
  settle: () => ({}),
  expectedEdges: (nodes) => nodes,
  layOut: (nodes) => ({ graph: ringGraph(nodes) }),
});
