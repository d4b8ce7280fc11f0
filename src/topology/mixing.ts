/**
 * Mixing matrices. Metropolis-Hastings weights (Xiao, Boyd and Lall 2006, "Distributed average consensus with
 * time-varying Metropolis weights", equation 2):
 *
 *     w_ij = 1 / (1 + max(d_i, d_j)) on an edge,   w_ii = 1 - sum over j of w_ij
 *
 * W is symmetric with rows summing to 1, hence doubly stochastic, so gossip keeps the mean. Two neighbors need to
 * know only each other's degree, and w_ii >= 1 / (1 + d_i) > 0, so |lambda_2|, |lambda_n| < 1 on a connected graph.
 */
import { degreeOf, type Graph, graphFromEdges, neighborsOf } from './graph.js';
import type { MixingMatrix } from './topology.js';

/** Metropolis-Hastings weights on `graph`. */
export function metropolisHastings(graph: Graph): MixingMatrix {
  const weights = new Float64Array(graph.targets.length);
  const selfWeights = new Float64Array(graph.nodes);
  for (let i = 0; i < graph.nodes; i++) {
    const degree = degreeOf(graph, i);
    let given = 0;
    for (let k = graph.offsets[i]!; k < graph.offsets[i + 1]!; k++) {
      const weight = 1 / (1 + Math.max(degree, degreeOf(graph, graph.targets[k]!)));
      weights[k] = weight;
      given += weight;
    }
    selfWeights[i] = 1 - given;
  }
  return { graph, weights, selfWeights };
}

/** An edge {i, j} with its w_ij. */
export type WeightedEdge = readonly [i: number, j: number, weight: number];

/**
 * W from its entries beside the diagonal, each edge in either direction; the weights of an edge given twice add up, and
 * w_ii = 1 - sum over j of w_ij.
 */
export function mixingFromEdges(nodes: number, edges: readonly WeightedEdge[]): MixingMatrix {
  const graph = graphFromEdges(
    nodes,
    edges.map(([i, j]) => [i, j] as const),
  );
  const weights = new Float64Array(graph.targets.length);
  for (const [i, j, weight] of edges) {
    weights[positionOf(graph, i, j)]! += weight;
    weights[positionOf(graph, j, i)]! += weight;
  }
  return { graph, weights, selfWeights: complementsOf(graph, weights) };
}

/** Where j stands among the neighbors of i in graph.targets. Binary search. */
function positionOf({ offsets, targets }: Graph, i: number, j: number): number {
  let low = offsets[i]!;
  let high = offsets[i + 1]! - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (targets[middle]! < j) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** 1 minus the sum of each row of `weights`, which are aligned with graph.targets: w_ii. */
export function complementsOf({ nodes, offsets }: Graph, weights: Float64Array): Float64Array {
  const rest = new Float64Array(nodes);
  for (let i = 0; i < nodes; i++) {
    let given = 0;
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) given += weights[k]!;
    rest[i] = 1 - given;
  }
  return rest;
}

/** out = W x, for one number a node. */
export function mixInto(out: Float64Array, mixing: MixingMatrix, x: Float64Array): void {
  const { offsets, targets, nodes } = mixing.graph;
  for (let i = 0; i < nodes; i++) {
    let sum = mixing.selfWeights[i]! * x[i]!;
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) sum += mixing.weights[k]! * x[targets[k]!]!;
    out[i] = sum;
  }
}

/** W as nodes x nodes numbers, row-major; 8 nodes^2 bytes, so for small graphs. */
export function toDense(mixing: MixingMatrix): Float64Array {
  const { graph, weights, selfWeights } = mixing;
  const dense = new Float64Array(graph.nodes * graph.nodes);
  for (let i = 0; i < graph.nodes; i++) {
    dense[i * graph.nodes + i] = selfWeights[i]!;
    neighborsOf(graph, i).forEach((j, k) => {
      dense[i * graph.nodes + j] = weights[graph.offsets[i]! + k]!;
    });
  }
  return dense;
}
