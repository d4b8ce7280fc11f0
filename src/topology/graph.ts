/**
 * Undirected graphs in compressed sparse rows: the neighbors of node i are
 * targets[offsets[i]] .. targets[offsets[i + 1] - 1], ascending. No self loops, no doubled edges. The same
 * form serves 8 peers and 100,000.
 */
import { assert } from '../base/assert.js';

export interface Graph {
  readonly nodes: number;
  /** nodes + 1 entries. */
  readonly offsets: Uint32Array;
  /** Two entries an edge, one a direction. */
  readonly targets: Uint32Array;
}

/** Builds a graph from pairs of nodes in any order; a pair given twice counts once. O(E log E). */
export function graphFromEdges(nodes: number, pairs: Iterable<readonly [number, number]>): Graph {
  const adjacency: number[][] = Array.from({ length: nodes }, () => []);
  for (const [a, b] of pairs) {
    assert(
      a !== b && a >= 0 && b >= 0 && a < nodes && b < nodes,
      `edge ${a}-${b} joins two of ${nodes} nodes`,
    );
    adjacency[a]!.push(b);
    adjacency[b]!.push(a);
  }
  const offsets = new Uint32Array(nodes + 1);
  const targets: number[] = [];
  for (let i = 0; i < nodes; i++) {
    const sorted = adjacency[i]!.sort((p, q) => p - q);
    for (let k = 0; k < sorted.length; k++)
      if (k === 0 || sorted[k] !== sorted[k - 1]) targets.push(sorted[k]!);
    offsets[i + 1] = targets.length;
  }
  return { nodes, offsets, targets: Uint32Array.from(targets) };
}

/** The neighbors of `node`, ascending; a view, not a copy. */
export function neighborsOf(graph: Graph, node: number): Uint32Array {
  return graph.targets.subarray(graph.offsets[node]!, graph.offsets[node + 1]!);
}

export function degreeOf(graph: Graph, node: number): number {
  return graph.offsets[node + 1]! - graph.offsets[node]!;
}

export function edgeCount(graph: Graph): number {
  return graph.targets.length / 2;
}

/** Each edge once, as [lower, higher], in ascending order. */
export function* edgesOf(graph: Graph): Generator<readonly [number, number]> {
  for (let i = 0; i < graph.nodes; i++) for (const j of neighborsOf(graph, i)) if (i < j) yield [i, j];
}

/** True when every node can be reached from node 0. */
export function isConnected(graph: Graph): boolean {
  if (graph.nodes === 0) return false;
  const seen = new Uint8Array(graph.nodes);
  const stack = [0];
  seen[0] = 1;
  let reached = 1;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const next of neighborsOf(graph, node)) {
      if (seen[next] === 0) {
        seen[next] = 1;
        reached++;
        stack.push(next);
      }
    }
  }
  return reached === graph.nodes;
}
