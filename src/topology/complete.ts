/**
 * The complete graph: every pair of nodes is joined, w_ij = 1/n, and one gossip step gives every node the exact mean
 * (gap 1). The yardstick that all-reduce is, at n (n - 1) / 2 edges.
 */
import { defineTopology, type NoOptions, type SettledOptions } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

export function completeGraph(nodes: number): Graph {
  return graphFromEdges(nodes, allPairs(nodes));
}

function* allPairs(nodes: number): Generator<readonly [number, number]> {
  for (let i = 0; i < nodes; i++) for (let j = i + 1; j < nodes; j++) yield [i, j];
}

export const complete = defineTopology<NoOptions, SettledOptions>({
  name: 'complete',
  summary: 'every pair of nodes is joined',
  seeded: false,
  fields: {},
  settle: () => ({}),
  expectedEdges: (nodes) => (nodes * (nodes - 1)) / 2,
  layOut: (nodes) => ({ graph: completeGraph(nodes) }),
});
