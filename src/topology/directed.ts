/**
 * One-way mixing matrices for push-sum, and their symmetrized form for algorithms whose edges carry both ways.
 *
 * The families here are circulant: in a round everybody gives the same shares to the nodes at the same distances,
 *
 *     P = c_0 I + sum over s of c_s S^s,      S^s: node j gives to j + s mod n
 *
 * which is doubly stochastic, so (P + P^T) / 2 is a symmetric mixing matrix, with the real parts of P's eigenvalues.
 */
import { mixingFromEdges, type WeightedEdge } from './mixing.js';
import type { DirectedMatrix, MixingMatrix } from './topology.js';

/** c_s of each distance s, 0 < s < n; a distance given twice counts twice. What is left of 1 is kept. */
export type Shift = readonly [distance: number, share: number];

/** P on `nodes` nodes. */
export function circulant(nodes: number, shifts: readonly Shift[]): DirectedMatrix {
  const total = new Map<number, number>();
  for (const [distance, share] of shifts) total.set(distance, (total.get(distance) ?? 0) + share);
  const distances = [...total.keys()].sort((a, b) => a - b);
  const width = distances.length;
  const targets = new Uint32Array(nodes * width);
  const shares = new Float64Array(nodes * width);
  for (let j = 0; j < nodes; j++) {
    // The nodes that wrap around come first: ascending targets.
    const wrapped = distances.filter((distance) => j + distance >= nodes);
    const order = [...wrapped, ...distances.slice(0, width - wrapped.length)];
    order.forEach((distance, k) => {
      targets[j * width + k] = (j + distance) % nodes;
      shares[j * width + k] = total.get(distance)!;
    });
  }
  let given = 0;
  for (const share of total.values()) given += share;
  return {
    nodes,
    offsets: Uint32Array.from({ length: nodes + 1 }, (_, j) => j * width),
    targets,
    shares,
    selfShares: new Float64Array(nodes).fill(1 - given),
  };
}

/** (P + P^T) / 2, for a P that is doubly stochastic. */
export function symmetrized({ nodes, offsets, targets, shares }: DirectedMatrix): MixingMatrix {
  const edges: WeightedEdge[] = [];
  for (let j = 0; j < nodes; j++)
    for (let k = offsets[j]!; k < offsets[j + 1]!; k++) edges.push([j, targets[k]!, shares[k]! / 2]);
  return mixingFromEdges(nodes, edges);
}

/** The nodes that `node` gives to, ascending; a view. */
export function outNeighborsOf({ offsets, targets }: DirectedMatrix, node: number): Uint32Array {
  return targets.subarray(offsets[node]!, offsets[node + 1]!);
}
