import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { completeGraph } from '../../../src/topology/complete.js';
import { degreeOf, edgeCount, edgesOf, isConnected } from '../../../src/topology/graph.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { randomRegularGraph } from '../../../src/topology/random-regular.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';

describe('random-regular', () => {
  it('gives every node exactly the degree, on a connected simple graph, for any feasible pair', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 40 }), fc.nat(100), fc.nat(1000), (nodes, pick, seed) => {
        const degree = 2 + (pick % (nodes - 2));
        fc.pre((nodes * degree) % 2 === 0);
        const graph = randomRegularGraph(nodes, degree, createRandom(seed));
        for (let i = 0; i < nodes; i++) expect(degreeOf(graph, i)).toBe(degree); // doubles would count once
        expect(isConnected(graph)).toBe(true);
      }),
      { seed: 13, numRuns: 300 },
    );
  });

  it('reaches every labeled 3-regular graph on 6 nodes: 70 of them are connected, no one rarer than a fifth of its share', () => {
    // 60 labeled prisms and 10 labeled K_{3,3} (Read and Wilson, An Atlas of Graphs).
    const draws = 7000;
    const seen = new Map<string, number>();
    const random = createRandom('census');
    for (let draw = 0; draw < draws; draw++) {
      const key = [...edgesOf(randomRegularGraph(6, 3, random))].join(' ');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(70);
    expect(Math.min(...seen.values())).toBeGreaterThan(draws / 70 / 5);
  });

  it('merges the cycles that degree 2 falls into: one cycle of 1,000 nodes', () => {
    const graph = randomRegularGraph(1000, 2, createRandom(2));
    expect(isConnected(graph)).toBe(true);
    expect(edgeCount(graph)).toBe(1000);
  });

  it('has a gap near 1 - (1 + 2 sqrt(d - 1)) / (d + 1) (Friedman 2008)', () => {
    for (const degree of [4, 6, 10]) {
      const limit = 1 - (1 + 2 * Math.sqrt(degree - 1)) / (degree + 1);
      const { gap } = spectrumOf(metropolisHastings(randomRegularGraph(500, degree, createRandom(degree))));
      expect(Math.abs(gap - limit)).toBeLessThan(0.03);
    }
  });

  it('caps the degree at nodes - 1, and says so in the spec', () => {
    const topology = buildTopology('random-regular', 4, 0);
    expect(topology.spec).toBe('random-regular:degree=3');
    expect(topology.graph).toEqual(completeGraph(4));
    expect(buildTopology('random-regular', 1, 0).spec).toBe('random-regular:degree=0');
  });

  it('refuses an odd number of half edges, and degrees that cannot connect', () => {
    expect(() => buildTopology('random-regular:degree=3', 7, 0)).toThrow(
      expect.objectContaining({ code: 'BAD_SPEC' }),
    );
    expect(() => buildTopology('random-regular:degree=3', 7, 0)).toThrow(
      /nodes x degree even. Use degree=2 or 4/,
    );
    expect(() => buildTopology('random-regular:degree=1', 4, 0)).toThrow(
      /cannot connect more than two nodes/,
    );
    expect(() => buildTopology('random-regular:degree=0', 3, 0)).toThrow(
      /cannot connect more than two nodes/,
    );
  });

  it('builds 100,000 nodes', () => {
    const graph = randomRegularGraph(100_000, 4, createRandom(1));
    expect(edgeCount(graph)).toBe(200_000);
    expect(isConnected(graph)).toBe(true);
  });
});
