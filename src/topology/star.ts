/**
 * The star: node 0 in the middle, joined to all others. A parameter server drawn as a graph, for comparison; with
 * Metropolis-Hastings weights every edge weighs 1/n and the gap is only 1/n.
 */
import { defineTopology, type NoOptions, type SettledOptions } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

/** Node 0 is the hub. */
export function starGraph(nodes: number): Graph {
  return graphFromEdges(
    nodes,
    Array.from({ length: nodes - 1 }, (_, leaf) => [0, leaf + 1] as const),
  );
}

export const star = defineTopology<NoOptions, SettledOptions>({
  name: 'star',
  summary: 'node 0 is joined to all others',
  seeded: false,
  fields: {},
  settle: () => ({}),
  expectedEdges: (nodes) => nodes - 1,
  layOut: (nodes) => ({ graph: starGraph(nodes) }),
});
