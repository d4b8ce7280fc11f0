/** Random matchings: pairs of neighbors in which no node stands twice. */
import { type Random, shuffleInPlace } from '../base/random.js';
import { edgesOf, type Graph } from './graph.js';

/**
 * A random maximal matching: edges are taken in random order, each whose ends are both free, so that no two neighbors
 * are left without a partner. O(E).
 * @returns the partner of each node, -1 for none
 */
export function randomMaximalMatching(graph: Graph, random: Random): Int32Array {
  const edges = [...edgesOf(graph)];
  shuffleInPlace(random, edges);
  const partners = new Int32Array(graph.nodes).fill(-1);
  for (const [a, b] of edges) {
    if (partners[a]! >= 0 || partners[b]! >= 0) continue;
    partners[a] = b;
    partners[b] = a;
  }
  return partners;
}
