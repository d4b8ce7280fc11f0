/**
 * Connects a graph without changing any degree. Two edges a-b and c-d of different components are switched to a-d
 * and c-b: if a-b lies on a cycle, its component stays in one piece without it, and both halves of the other hang
 * on it afterwards. New edges join different components, so they double none. (Switchings: McKay and Wormald 1990.)
 */
import { assert } from '../base/assert.js';
import { type Random, uniformInt } from '../base/random.js';

/**
 * Merges every component into the largest, in place; edge k is ends[2k], ends[2k + 1]. Each component needs a
 * cycle, which it has when every degree is at least 2. O(edges) and one switch a component.
 */
export function mergeComponents(nodes: number, ends: Uint32Array, random: Random): void {
  const components = componentsOf(nodes, ends);
  if (components.size <= 1) return;
  const [main, ...others] = [...components.values()].sort((p, q) => q.edges.length - p.edges.length);
  for (const { cycleEdge } of others) {
    assert(cycleEdge >= 0, 'a component of minimum degree 2 has a cycle');
    const anchor = main!.edges[uniformInt(random, main!.edges.length)]!;
    const held = ends[2 * cycleEdge + 1]!;
    ends[2 * cycleEdge + 1] = ends[2 * anchor + 1]!;
    ends[2 * anchor + 1] = held;
  }
}

interface Component {
  readonly edges: number[];
  /** An edge on a cycle, -1 if there is none. */
  cycleEdge: number;
}

/** Components by root node, none listed where there is but one; found by union-find; an edge between nodes already joined closes a cycle. */
function componentsOf(nodes: number, ends: Uint32Array): Map<number, Component> {
  const parent = Uint32Array.from({ length: nodes }, (_, i) => i);
  const rootOf = (node: number): number => {
    let at = node;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!; // path halving
      at = parent[at]!;
    }
    return at;
  };
  let pieces = nodes;
  const closesCycle = new Uint8Array(ends.length / 2);
  for (let edge = 0; edge < closesCycle.length; edge++) {
    const a = rootOf(ends[2 * edge]!);
    const b = rootOf(ends[2 * edge + 1]!);
    if (a === b) closesCycle[edge] = 1;
    else {
      parent[a] = b;
      pieces -= 1;
    }
  }
  if (pieces === 1) return new Map(); // the usual case, and nothing more to know
  const components = new Map<number, Component>();
  for (let node = 0; node < nodes; node++)
    if (parent[node] === node) components.set(node, { edges: [], cycleEdge: -1 });
  for (let edge = 0; edge < closesCycle.length; edge++) {
    const component = components.get(rootOf(ends[2 * edge]!))!;
    component.edges.push(edge);
    if (closesCycle[edge] === 1) component.cycleEdge = edge;
  }
  return components;
}
