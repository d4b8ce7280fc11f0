/**
 * How the edges of a graph are weighed, an option of every family whose graph stays the same: `ring:weights=fdla`.
 *
 *     metropolis-hastings   1 / (1 + max(d_i, d_j)): local knowledge only (mixing.ts); the default
 *     max-degree            1 / (1 + d_max) on every edge (constant-weights.ts)
 *     best-constant         the one weight for all edges with the largest gap (constant-weights.ts)
 *     lazy                  (I + W) / 2 of Metropolis-Hastings: no eigenvalue below 0, half the gap near 1
 *     fdla                  the fastest symmetric W of all, by convex optimization (fdla.ts); small graphs
 *
 * All are symmetric with rows summing to 1, so gossip keeps the mean. With best-constant and fdla a weight, even w_ii,
 * may be negative: they average fastest, and are no chances of a random walk.
 */
import { bestConstantWeights, maxDegreeWeights } from './constant-weights.js';
import { fdlaWeights } from './fdla.js';
import type { Graph } from './graph.js';
import { complementsOf, metropolisHastings } from './mixing.js';
import type { MixingMatrix } from './topology.js';

export const weightings = ['metropolis-hastings', 'max-degree', 'best-constant', 'lazy', 'fdla'] as const;

export type Weighting = (typeof weightings)[number];

/**
 * @param graph connected
 * @throws GrapevineError BAD_SPEC where the graph is too large for fdla, NOT_CONVERGED for best-constant
 */
export function weigh(graph: Graph, weighting: Weighting): MixingMatrix {
  switch (weighting) {
    case 'metropolis-hastings':
      return metropolisHastings(graph);
    case 'max-degree':
      return maxDegreeWeights(graph);
    case 'best-constant':
      return bestConstantWeights(graph);
    case 'lazy':
      return lazy(metropolisHastings(graph));
    case 'fdla':
      return fdlaWeights(graph);
    default:
      return weighting satisfies never;
  }
}

/** (I + W) / 2. */
export function lazy({ graph, weights }: MixingMatrix): MixingMatrix {
  const halves = weights.map((weight) => weight / 2);
  return { graph, weights: halves, selfWeights: complementsOf(graph, halves) };
}
