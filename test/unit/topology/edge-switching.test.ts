import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { mergeComponents } from '../../../src/topology/edge-switching.js';
import { degreeOf, edgeCount, graphFromEdges, isConnected } from '../../../src/topology/graph.js';

/** Disjoint cycles, as ends. */
function cycles(lengths: readonly number[]): Uint32Array {
  const ends: number[] = [];
  let start = 0;
  for (const length of lengths) {
    for (let i = 0; i < length; i++) ends.push(start + i, start + ((i + 1) % length));
    start += length;
  }
  return Uint32Array.from(ends);
}

function toGraph(nodes: number, ends: Uint32Array) {
  return graphFromEdges(
    nodes,
    Array.from({ length: ends.length / 2 }, (_, k) => [ends[2 * k]!, ends[2 * k + 1]!] as const),
  );
}

describe('mergeComponents', () => {
  it('merges many cycles into one, whatever the draws', () => {
    for (let seed = 0; seed < 50; seed++) {
      const ends = cycles([3, 7, 3, 4, 5, 3]);
      mergeComponents(25, ends, createRandom(seed));
      const graph = toGraph(25, ends);
      expect(isConnected(graph)).toBe(true);
      expect(edgeCount(graph)).toBe(25);
      for (let i = 0; i < 25; i++) expect(degreeOf(graph, i)).toBe(2);
    }
  });

  it('never cuts a component in two at a bridge: triangles on a stalk', () => {
    for (let seed = 0; seed < 50; seed++) {
      // Two copies of: triangle 0 1 2, triangle 3 4 5, and last, where a careless choice would fall, bridge 2-3.
      const one = [0, 1, 1, 2, 2, 0, 3, 4, 4, 5, 5, 3, 2, 3];
      const ends = Uint32Array.from([...one, ...one.map((node) => node + 6)]);
      mergeComponents(12, ends, createRandom(seed));
      expect(isConnected(toGraph(12, ends))).toBe(true);
    }
  });

  it('leaves a connected graph as it is', () => {
    const ends = cycles([6]);
    mergeComponents(6, ends, createRandom(0));
    expect(ends).toEqual(cycles([6]));
  });
});
