import { describe, expect, it } from 'vitest';
import { edgesOf } from '../../../src/topology/graph.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { ringGraph } from '../../../src/topology/ring.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';

describe('ring', () => {
  it('joins each node to the next, and the last to the first', () => {
    expect([...edgesOf(ringGraph(5))]).toEqual([
      [0, 1],
      [0, 4],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect([...edgesOf(ringGraph(3))]).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
  });

  it('is a single edge on two nodes and a bare node on one', () => {
    expect([...edgesOf(ringGraph(2))]).toEqual([[0, 1]]);
    expect([...edgesOf(ringGraph(1))]).toEqual([]);
  });

  it.each([
    [4, 0.6666666667],
    [5, 0.4606553371],
    [8, 0.1952621459],
    [9, 0.1559703713],
    [16, 0.0507469783],
    [32, 0.0128098131],
    [64, 0.0032101822],
  ])('of %i nodes has the gap %f and the closed form (1 + 2 cos(2 pi k / n)) / 3', (nodes, gap) => {
    const spectrum = spectrumOf(metropolisHastings(ringGraph(nodes)));
    expect(Math.abs(spectrum.gap - gap)).toBeLessThan(1e-9);
    const lambda = (k: number): number => (1 + 2 * Math.cos((2 * Math.PI * k) / nodes)) / 3;
    expect(spectrum.lambda2).toBeCloseTo(lambda(1), 12);
    expect(spectrum.lambdaMin).toBeCloseTo(lambda(Math.floor(nodes / 2)), 12);
  });
});
