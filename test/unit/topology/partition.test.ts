import { describe, expect, it } from 'vitest';
import { graphFromEdges } from '../../../src/topology/graph.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { fiedlerPartitionOf } from '../../../src/topology/partition.js';
import { buildTopology } from '../../../src/topology/registry.js';

const clique = (from: number): [number, number][] =>
  [0, 1, 2, 3, 4].flatMap((a) =>
    [0, 1, 2, 3, 4].flatMap((b) => (a < b ? [[from + a, from + b] as [number, number]] : [])),
  );

describe('fiedlerPartitionOf', () => {
  it('finds the bridge between two complete graphs of five, and its weight 1/6', () => {
    const mixing = metropolisHastings(graphFromEdges(10, [...clique(0), ...clique(5), [4, 5]]));
    const { sides, sizes, cutEdges, cutWeight } = fiedlerPartitionOf(mixing);
    expect(Array.from(sides)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect([sizes, cutEdges]).toEqual([[5, 5], 1]);
    expect(cutWeight).toBeCloseTo(1 / 6, 12);
  });

  it("parts a path in the middle and leaves the middle of an odd one on node 0's side", () => {
    expect(fiedlerPartitionOf(buildTopology('path', 8, 0).mixing)).toMatchObject({
      sizes: [4, 4],
      cutEdges: 1,
    });
    const { sides } = fiedlerPartitionOf(buildTopology('path', 7, 0).mixing);
    expect(Array.from(sides)).toEqual([0, 0, 0, 0, 1, 1, 1]);
  });

  it('cuts a ring twice', () => {
    expect(fiedlerPartitionOf(buildTopology('ring', 40, 0).mixing)).toMatchObject({ cutEdges: 2 });
  });

  it('puts a single node on side 0', () => {
    expect(fiedlerPartitionOf(buildTopology('ring', 1, 0).mixing)).toEqual({
      sides: Uint8Array.of(0),
      sizes: [1, 0],
      cutEdges: 0,
      cutWeight: 0,
    });
  });
});
