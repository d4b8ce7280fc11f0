/**
 * The path: node i beside i - 1 and i + 1, and no way around. Sensors along a line, and the worst gap a connected graph of
 * so few edges has: with weights 1/3 its eigenvalues are 1/3 + 2/3 cos(pi k / n), k = 0, ..., n - 1, so n nodes mix as
 * slowly as a ring of 2 n.
 */
import { defineTopology, type NoOptions, type SettledOptions } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

/** `nodes` nodes in a line. */
export function pathGraph(nodes: number): Graph {
  return graphFromEdges(
    nodes,
    Array.from({ length: nodes - 1 }, (_, i) => [i, i + 1] as const),
  );
}

export const path = defineTopology<NoOptions, SettledOptions>({
  name: 'path',
  summary: 'nodes in a line, each joined to the next',
  seeded: false,
  fields: {},
  settle: () => ({}),
  expectedEdges: (nodes) => nodes - 1,
  layOut: (nodes) => ({ graph: pathGraph(nodes) }),
});
