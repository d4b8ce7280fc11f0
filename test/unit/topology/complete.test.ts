import { describe, expect, it } from 'vitest';
import { completeGraph } from '../../../src/topology/complete.js';
import { edgeCount } from '../../../src/topology/graph.js';
import { metropolisHastings, toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';

describe('complete', () => {
  it('has n (n - 1) / 2 edges and every entry of W equal to 1/n', () => {
    for (const nodes of [1, 2, 3, 10]) {
      const graph = completeGraph(nodes);
      expect(edgeCount(graph)).toBe((nodes * (nodes - 1)) / 2);
      for (const entry of toDense(metropolisHastings(graph))) expect(entry).toBeCloseTo(1 / nodes, 14);
    }
  });

  it.each([2, 4, 8, 16, 25, 64])('mixes in one step on %i nodes: gap 1, beta 1', (nodes) => {
    const { gap, beta } = spectrumOf(metropolisHastings(completeGraph(nodes)));
    expect(Math.abs(gap - 1)).toBeLessThan(1e-12);
    expect(Math.abs(beta - 1)).toBeLessThan(1e-12);
  });

  it('is refused before it fills the memory', () => {
    expect(() => buildTopology('complete', 100_000, 0)).toThrow(
      expect.objectContaining({ code: 'BAD_SPEC' }),
    );
    expect(() => buildTopology('complete', 100_000, 0)).toThrow(
      /about 4999950000 edges, wanted at most 5000000/,
    );
  });
});
