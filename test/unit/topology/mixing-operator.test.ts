import { describe, expect, it } from 'vitest';
import { toDense } from '../../../src/topology/mixing.js';
import { mixingOperator } from '../../../src/topology/mixing-operator.js';
import { buildTopology } from '../../../src/topology/registry.js';
import type { MixingMatrix } from '../../../src/topology/topology.js';

/** W x by rows of the dense matrix. */
function naive(mixing: MixingMatrix, x: Float64Array): number[] {
  const dense = toDense(mixing);
  return Array.from(x, (_, i) => x.reduce((sum, value, j) => sum + dense[i * x.length + j]! * value, 0));
}

const { mixing: uneven } = buildTopology('random-regular:degree=4', 30, 2);
const notSymmetric: MixingMatrix = {
  ...uneven,
  weights: uneven.weights.map((w, k) => w * (1 + (k % 3) / 10)),
};
const unequalSelf: MixingMatrix = { ...uneven, selfWeights: uneven.selfWeights.map((w, i) => w + i / 100) };

describe('mixingOperator', () => {
  it.each([
    ['four neighbors and equal weights', uneven],
    ['four neighbors of unequal weights, not symmetric', notSymmetric],
    ['equal weights, own weights unequal', unequalSelf],
    ['a ring', buildTopology('ring', 9, 0).mixing],
    ['a random graph', buildTopology('random', 25, 3).mixing],
    ['a star', buildTopology('star', 12, 0).mixing],
    ['a single node', buildTopology('ring', 1, 0).mixing],
  ])('multiplies by W: %s', (_, mixing) => {
    const x = Float64Array.from({ length: mixing.graph.nodes }, (_entry, i) => Math.cos(3 * i * i));
    const out = new Float64Array(x.length).fill(Number.NaN);
    mixingOperator(mixing)(out, x);
    naive(mixing, x).forEach((entry, i) => void expect(out[i]).toBeCloseTo(entry, 14));
  });
});
