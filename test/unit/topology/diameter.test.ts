import { describe, expect, it } from 'vitest';
import { diameterOf } from '../../../src/topology/diameter.js';
import { edgesOf, type Graph, graphFromEdges } from '../../../src/topology/graph.js';
import { buildTopology } from '../../../src/topology/registry.js';

/** Floyd and Warshall's cubic algorithm. */
function naiveDiameter(graph: Graph): number {
  const { nodes } = graph;
  const distance = Array.from({ length: nodes }, (_, i) =>
    Array.from({ length: nodes }, (_, j) => (i === j ? 0 : Infinity)),
  );
  for (const [i, j] of edgesOf(graph)) distance[i]![j] = distance[j]![i] = 1;
  for (let k = 0; k < nodes; k++) {
    for (let i = 0; i < nodes; i++) {
      for (let j = 0; j < nodes; j++)
        distance[i]![j] = Math.min(distance[i]![j]!, distance[i]![k]! + distance[k]![j]!);
    }
  }
  return Math.max(...distance.flat());
}

describe('diameterOf', () => {
  it.each([
    ['ring', 8, 4],
    ['ring', 9, 4],
    ['torus', 12, 3],
    ['torus', 64, 8],
    ['complete', 6, 1],
    ['star', 6, 2],
    ['star', 1, 0],
  ])('of %s on %i nodes is %i', (spec, nodes, diameter) => {
    expect(diameterOf(buildTopology(spec, nodes, 0).graph)).toBe(diameter);
  });

  it('is the longest way, not the one from node 0', () => {
    expect(
      diameterOf(
        graphFromEdges(5, [
          [0, 1],
          [0, 2],
          [1, 3],
          [2, 4],
        ]),
      ),
    ).toBe(4);
  });

  it('agrees with Floyd and Warshall on random graphs', () => {
    for (let seed = 0; seed < 20; seed++) {
      const { graph } = buildTopology('random:probability=0.12', 40, seed);
      expect(diameterOf(graph)).toBe(naiveDiameter(graph));
    }
  });
});
