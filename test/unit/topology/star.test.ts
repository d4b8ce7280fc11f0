import { describe, expect, it } from 'vitest';
import { edgesOf } from '../../../src/topology/graph.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { starGraph } from '../../../src/topology/star.js';

describe('star', () => {
  it('joins node 0 to every other node', () => {
    expect([...edgesOf(starGraph(4))]).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
    expect([...edgesOf(starGraph(2))]).toEqual([[0, 1]]);
    expect([...edgesOf(starGraph(1))]).toEqual([]);
  });

  it.each([3, 4, 8, 12, 16, 24, 32, 64])(
    'has the gap 1/n and the smallest eigenvalue 0 on %i nodes',
    (nodes) => {
      const { gap, lambdaMin } = spectrumOf(metropolisHastings(starGraph(nodes)));
      expect(Math.abs(gap - 1 / nodes)).toBeLessThan(1e-12);
      expect(Math.abs(lambdaMin)).toBeLessThan(1e-12);
    },
  );
});
