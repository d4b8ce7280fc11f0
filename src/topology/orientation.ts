/**
 * One-way streets: a graph whose edges are used in one direction only, and in which everybody still reaches everybody.
 * Robbins 1939 ("A theorem on graphs, with an application to a problem of traffic control"): that is possible exactly
 * where no edge is a bridge. A depth-first search finds it: from parent to child along its tree, and from a descendant
 * back to its ancestor along all other edges. Bridges are used both ways.
 */
import { type Graph, neighborsOf } from './graph.js';

/** Out-neighbors of each node, ascending. A function of the graph alone; O(edges log edges). */
export function orient(graph: Graph): Uint32Array[] {
  const { nodes, offsets, targets } = graph;
  const out: number[][] = Array.from({ length: nodes }, () => []);
  const parent = new Int32Array(nodes).fill(-1);
  /** When a node was found; -1: not yet. */
  const found = new Int32Array(nodes).fill(-1);
  /** The earliest found that its subtree leads back to. */
  const low = new Int32Array(nodes);
  const next = offsets.slice(0, nodes);
  const path = nodes === 0 ? [] : [0];
  let count = 0;
  for (let u = path.at(-1); u !== undefined; u = path.at(-1)) {
    if (found[u]! < 0) {
      low[u] = count;
      found[u] = count++;
    }
    if (next[u]! < offsets[u + 1]!) {
      const v = targets[next[u]!++]!;
      if (found[v]! < 0) {
        parent[v] = u;
        out[u]!.push(v);
        path.push(v);
      } else if (v !== parent[u] && found[v]! < found[u]!) {
        out[u]!.push(v);
        low[u] = Math.min(low[u]!, found[v]!);
      }
      continue;
    }
    path.pop();
    const above = parent[u]!;
    if (above < 0) continue;
    low[above] = Math.min(low[above]!, low[u]!);
    if (low[u]! > found[above]!) out[u]!.push(above); // nothing below leads back: a bridge
  }
  return out.map((list) => Uint32Array.from(list).sort());
}

/** Out-neighbors where every edge is used both ways. */
export function bothWays(graph: Graph): Uint32Array[] {
  return Array.from({ length: graph.nodes }, (_, node) => neighborsOf(graph, node));
}
