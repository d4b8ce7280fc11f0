/**
 * x -> W x for one number a node, as fast as the matrix allows: what an eigenvalue iteration calls a thousand times.
 * What is exploited is found in the matrix, whatever made it: where all edges weigh the same, that weight is taken
 * out of the sum, and where all nodes have as many neighbors, too, the sum is a loop of known length.
 */
import type { MixingMatrix } from './topology.js';

/** out = W x; neither array overlaps the other. */
export type MixingOperator = (out: Float64Array, x: Float64Array) => void;

export function mixingOperator(mixing: MixingMatrix): MixingOperator {
  const weight = commonValue(mixing.weights);
  const self = commonValue(mixing.selfWeights);
  const degree = commonDegree(mixing.graph.offsets);
  if (weight === undefined) return weighted(mixing);
  if (degree === 4 && self !== undefined) return fourEqual(mixing, { weight, self });
  return equalWeights(mixing, weight);
}

function commonValue(values: Float64Array): number | undefined {
  for (const value of values) if (value !== values[0]) return undefined;
  return values[0];
}

function commonDegree(offsets: Uint32Array): number | undefined {
  const degree = offsets[1]!;
  for (let i = 1; i < offsets.length; i++) if (offsets[i] !== i * degree) return undefined;
  return degree;
}

function weighted({ graph, weights, selfWeights }: MixingMatrix): MixingOperator {
  const { nodes, offsets, targets } = graph;
  return (out, x) => {
    for (let i = 0, k = 0; i < nodes; i++) {
      let sum = selfWeights[i]! * x[i]!;
      for (const end = offsets[i + 1]!; k < end; k++) sum += weights[k]! * x[targets[k]!]!;
      out[i] = sum;
    }
  };
}

function equalWeights({ graph, selfWeights }: MixingMatrix, weight: number): MixingOperator {
  const { nodes, offsets, targets } = graph;
  return (out, x) => {
    for (let i = 0, k = 0; i < nodes; i++) {
      let sum = 0;
      for (const end = offsets[i + 1]!; k < end; k++) sum += x[targets[k]!]!;
      out[i] = selfWeights[i]! * x[i]! + weight * sum;
    }
  };
}

function fourEqual(
  { graph }: MixingMatrix,
  { weight, self }: { readonly weight: number; readonly self: number },
): MixingOperator {
  const { nodes, targets } = graph;
  return (out, x) => {
    for (let i = 0, k = 0; i < nodes; i++, k += 4) {
      const near = x[targets[k]!]! + x[targets[k + 1]!]!;
      const far = x[targets[k + 2]!]! + x[targets[k + 3]!]!;
      out[i] = self * x[i]! + weight * (near + far);
    }
  };
}
