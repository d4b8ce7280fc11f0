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

/** Room for this many pairs at first; doubled when full. */
const FIRST_PAIRS = 1024;

/** Both directions of each pair, side by side: entry k goes from from[k] to to[k]. */
interface Arcs {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

function arcsOf(nodes: number, pairs: Iterable<readonly [number, number]>): Arcs {
  let from = new Uint32Array(2 * FIRST_PAIRS);
  let to = new Uint32Array(2 * FIRST_PAIRS);
  let count = 0;
  for (const [a, b] of pairs) {
    assert(
      a !== b && a >= 0 && b >= 0 && a < nodes && b < nodes,
      `edge ${a}-${b} joins two of ${nodes} nodes`,
    );
    if (count === from.length) {
      from = doubled(from);
      to = doubled(to);
    }
    from[count] = a;
    to[count++] = b;
    from[count] = b;
    to[count++] = a;
  }
  return { from: from.subarray(0, count), to: to.subarray(0, count) };
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(2 * array.length);
  longer.set(array);
  return longer;
}

/** The arcs in ascending order of `keys`, which are below `nodes`; what was in order otherwise stays so. */
function sortedBy(keys: Uint32Array, values: Uint32Array, nodes: number): Arcs {
  const next = new Uint32Array(nodes + 1);
  for (let k = 0; k < keys.length; k++) next[keys[k]! + 1]! += 1;
  for (let i = 0; i < nodes; i++) next[i + 1]! += next[i]!;
  const from = new Uint32Array(keys.length);
  const to = new Uint32Array(keys.length);
  for (let k = 0; k < keys.length; k++) {
    const at = next[keys[k]!]!++;
    from[at] = keys[k]!;
    to[at] = values[k]!;
  }
  return { from, to };
}

/**
 * Builds a graph from pairs of nodes in any order; a pair given twice counts once. O(nodes + pairs): two counting sorts,
 * first by the far end, then by the near one, leave every row ascending.
 */
export function graphFromEdges(nodes: number, pairs: Iterable<readonly [number, number]>): Graph {
  const arcs = arcsOf(nodes, pairs);
  const byFarEnd = sortedBy(arcs.to, arcs.from, nodes);
  const { from, to } = sortedBy(byFarEnd.to, byFarEnd.from, nodes);
  const offsets = new Uint32Array(nodes + 1);
  let kept = 0;
  for (let k = 0; k < from.length; k++) {
    if (k > 0 && from[k] === from[k - 1] && to[k] === to[k - 1]) continue;
    to[kept++] = to[k]!;
    offsets[from[k]! + 1]! += 1;
  }
  for (let i = 0; i < nodes; i++) offsets[i + 1]! += offsets[i]!;
  return { nodes, offsets, targets: to.slice(0, kept) };
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
    for (let k = graph.offsets[node]!; k < graph.offsets[node + 1]!; k++) {
      const next = graph.targets[k]!;
      if (seen[next] === 1) continue;
      seen[next] = 1;
      reached++;
      stack.push(next);
    }
  }
  return reached === graph.nodes;
}
