/**
 * The Fiedler partition: nodes by the sign of their entry in the second eigenvector of W (Fiedler 1973, "Algebraic
 * connectivity of graphs"). Where a graph has a bottleneck, this finds it: models of one side agree with each other
 * long before they agree with the other side's.
 */
import { fiedlerVectorOf } from './spectrum.js';
import type { MixingMatrix } from './topology.js';

export interface Partition {
  /** By node, 0 or 1; node 0 is on side 0. */
  readonly sides: Uint8Array;
  readonly sizes: readonly [number, number];
  /** Edges between the sides, and the sum of their weights. */
  readonly cutEdges: number;
  readonly cutWeight: number;
}

/** Entries this small, against 1 / sqrt(n), are zero but for rounding: symmetry puts the node between the sides. */
const BETWEEN = 1e-5;

/** @throws GrapevineError NOT_CONVERGED */
export function fiedlerPartitionOf(mixing: MixingMatrix): Partition {
  const { nodes, offsets, targets } = mixing.graph;
  const sides = new Uint8Array(nodes);
  if (nodes > 1) {
    const vector = fiedlerVectorOf(mixing);
    const zero = BETWEEN / Math.sqrt(nodes);
    const sign = vector[0]! < -zero ? -1 : 1;
    vector.forEach((entry, i) => {
      sides[i] = sign * entry < -zero ? 1 : 0;
    });
  }
  const far = sides.reduce((sum, side) => sum + side, 0);
  let [cutEdges, cutWeight] = [0, 0];
  for (let i = 0; i < nodes; i++) {
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) {
      if (targets[k]! < i || sides[i] === sides[targets[k]!]) continue;
      cutEdges++;
      cutWeight += mixing.weights[k]!;
    }
  }
  return { sides, sizes: [nodes - far, far], cutEdges, cutWeight };
}
