/**
 * Diameter by breadth-first search from every node: O(nodes * edges) at worst. A search ends once it has seen every
 * node, which makes dense graphs cheap.
 */
import { assert } from '../base/assert.js';
import type { Graph } from './graph.js';

/** Longest shortest path of a connected graph, in edges; 0 for a single node. */
export function diameterOf(graph: Graph): number {
  const scratch = { distance: new Int32Array(graph.nodes), queue: new Uint32Array(graph.nodes) };
  let longest = 0;
  for (let node = 0; node < graph.nodes; node++)
    longest = Math.max(longest, eccentricityOf(graph, node, scratch));
  return longest;
}

interface Scratch {
  readonly distance: Int32Array;
  readonly queue: Uint32Array;
}

/** Distance from `start` to the node farthest from it. */
function eccentricityOf(
  { nodes, offsets, targets }: Graph,
  start: number,
  { distance, queue }: Scratch,
): number {
  distance.fill(-1);
  distance[start] = 0;
  queue[0] = start;
  let found = 1;
  for (let head = 0; found < nodes; head++) {
    assert(head < found, 'a topology is connected');
    const node = queue[head]!;
    for (let k = offsets[node]!; k < offsets[node + 1]!; k++) {
      const next = targets[k]!;
      if (distance[next]! >= 0) continue;
      distance[next] = distance[node]! + 1;
      queue[found++] = next;
    }
  }
  return distance[queue[found - 1]!]!; // found in order of distance
}
