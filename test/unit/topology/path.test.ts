import { describe, expect, it } from 'vitest';
import { edgesOf } from '../../../src/topology/graph.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { pathGraph } from '../../../src/topology/path.js';
import { ringGraph } from '../../../src/topology/ring.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';

describe('path', () => {
  it('joins each node to the next, and the last to nobody', () => {
    expect([...edgesOf(pathGraph(4))]).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('is a single edge on two nodes and a bare node on one', () => {
    expect([...edgesOf(pathGraph(2))]).toEqual([[0, 1]]);
    expect([...edgesOf(pathGraph(1))]).toEqual([]);
  });

  // Two nodes have the weight 1/2 and average at once: the closed form begins at three.
  it.each([
    [4, 0.1952621459],
    [8, 0.0507469783],
    [16, 0.0128098131],
    [32, 0.0032101822],
  ])('of %i nodes has the gap %f, that of a ring of twice as many', (nodes, gap) => {
    const spectrum = spectrumOf(metropolisHastings(pathGraph(nodes)));
    expect(Math.abs(spectrum.gap - gap)).toBeLessThan(1e-9);
    expect(spectrum.lambda2).toBeCloseTo(spectrumOf(metropolisHastings(ringGraph(2 * nodes))).lambda2, 12);
    const lambda = (k: number): number => (1 + 2 * Math.cos((Math.PI * k) / nodes)) / 3;
    expect(spectrum.lambda2).toBeCloseTo(lambda(1), 12);
    expect(spectrum.lambdaMin).toBeCloseTo(lambda(nodes - 1), 12);
  });
});
