/**
 * The complete k-ary tree in breadth-first order: node i > 0 hangs on node floor((i - 1) / k). As few edges as there can be,
 * n - 1, and a short diameter, 2 log_k n; all that passes from one half to the other passes through the root, so the gap
 * falls as 1 / n.
 */
import { integerField } from '../base/registry.js';
import { defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

type Options = { readonly arity: number };

export function treeGraph(nodes: number, arity: number): Graph {
  return graphFromEdges(
    nodes,
    Array.from({ length: nodes - 1 }, (_, k) => [Math.floor(k / arity), k + 1] as const),
  );
}

export const tree = defineTopology<Options, Options>({
  name: 'tree',
  summary: 'the complete tree in which a node has at most `arity` children; 2: binary',
  seeded: false,
  fields: { arity: integerField('children of a node', 2, 1, MAX_NODES) },
  settle: (_nodes, options) => ({ arity: options.arity }),
  expectedEdges: (nodes) => nodes - 1,
  layOut: (nodes, { arity }) => ({ graph: treeGraph(nodes, arity) }),
});
