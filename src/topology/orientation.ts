/**
 * One-way streets: a graph whose edges carry in one direction only where that is possible with as many of them leading
 * to each node as away from it.
 *
 * A connected graph that is balanced in this way is strongly connected, since it has an Euler circuit: everybody reaches
 * everybody. And the weights of push-sum stay within bounds: they tend to 1 + (out-degree), up to a factor, where an
 * orientation that is merely strongly connected can leave a node weights that fall exponentially with n.
 *
 * Nodes of odd degree are joined in pairs along a spanning tree, and edges that an odd number of joins use carry both
 * ways (a T-join; bridges are always among them). The others leave even degrees, and fall into closed walks.
 */
import { degreeOf, type Graph, neighborsOf } from './graph.js';

interface SpanningTree {
  /** Nodes, parents before their children. */
  readonly order: readonly number[];
  /** -1 for the root. */
  readonly parent: Int32Array;
}

function spanningTree(graph: Graph): SpanningTree {
  const parent = new Int32Array(graph.nodes).fill(-1);
  const order = graph.nodes === 0 ? [] : [0];
  for (const node of order) {
    for (const next of neighborsOf(graph, node)) {
      if (next === 0 || parent[next]! >= 0) continue;
      parent[next] = node;
      order.push(next);
    }
  }
  return { order, parent };
}

/** Nodes whose edge to their parent carries both ways. */
function joined(graph: Graph, { order, parent }: SpanningTree): Uint8Array {
  const odd = Uint8Array.from({ length: graph.nodes }, (_, node) => degreeOf(graph, node) & 1);
  const both = new Uint8Array(graph.nodes);
  for (const node of [...order].reverse()) {
    const above = parent[node]!;
    if (above < 0 || odd[node] === 0) continue;
    both[node] = 1;
    odd[above]! ^= 1;
  }
  return both;
}

/** Out-neighbors of each node of a connected graph, ascending. A function of the graph alone. */
export function orient(graph: Graph): Uint32Array[] {
  const tree = spanningTree(graph);
  const both = joined(graph, tree);
  const out: number[][] = Array.from({ length: graph.nodes }, () => []);
  const rest = Array.from({ length: graph.nodes }, (_, node) => new Set(neighborsOf(graph, node)));
  const use = (from: number, to: number): void => {
    out[from]!.push(to);
    rest[from]!.delete(to);
    rest[to]!.delete(from);
  };
  for (const node of tree.order) {
    if (both[node] === 0) continue;
    use(node, tree.parent[node]!);
    out[tree.parent[node]!]!.push(node);
  }
  // All degrees are even now, so a walk along edges not yet used ends where it began.
  for (const start of tree.order)
    for (let from = start; rest[from]!.size > 0; ) {
      const [to] = rest[from]!;
      use(from, to!);
      from = to!;
    }
  return out.map((list) => Uint32Array.from(list).sort());
}

/** Out-neighbors where every edge carries both ways. */
export function bothWays(graph: Graph): Uint32Array[] {
  return Array.from({ length: graph.nodes }, (_, node) => neighborsOf(graph, node));
}
