import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { degreeOf, edgeCount, edgesOf, type Graph } from '../../../src/topology/graph.js';
import { latticeGraph, mostSquareSides } from '../../../src/topology/lattice.js';
import { metropolisHastings } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { ringGraph } from '../../../src/topology/ring.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';

const torusGraph = (sides: { readonly rows: number; readonly cols: number }): Graph =>
  latticeGraph([sides.rows, sides.cols], true);

describe('torus', () => {
  it('joins each node to the next in its row and in its column', () => {
    expect([...edgesOf(torusGraph({ rows: 3, cols: 3 }))].filter(([i]) => i === 0)).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [0, 6],
    ]);
    expect(edgeCount(torusGraph({ rows: 4, cols: 5 }))).toBe(40);
  });

  it('has one edge, not two, along a side of 2', () => {
    expect([...edgesOf(torusGraph({ rows: 2, cols: 2 }))]).toEqual([
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ]);
    const ladder = torusGraph({ rows: 2, cols: 4 });
    expect(edgeCount(ladder)).toBe(12);
    for (let i = 0; i < 8; i++) expect(degreeOf(ladder, i)).toBe(3);
  });

  it('has no edge along a side of 1, so 1 x n and n x 1 are the ring', () => {
    for (const n of [1, 2, 3, 7]) {
      expect(torusGraph({ rows: 1, cols: n })).toEqual(ringGraph(n));
      expect(torusGraph({ rows: n, cols: 1 })).toEqual(ringGraph(n));
    }
  });

  it.each([
    [3, 3, 0.6, -0.2],
    [4, 4, 0.4, -0.6],
    [6, 6, 0.2, -0.6],
    [8, 8, 0.1171572875, -0.6],
    [4, 8, 0.1171572875, -0.6],
  ])('%i x %i has the gap %f', (rows, cols, gap, lambdaMin) => {
    const spectrum = spectrumOf(metropolisHastings(torusGraph({ rows, cols })));
    expect(Math.abs(spectrum.gap - gap)).toBeLessThan(1e-9);
    expect(spectrum.lambdaMin).toBeCloseTo(lambdaMin, 12);
  });

  it('of 2 x 4 has the eigenvalues (1 + a + 2 cos b) / 4, a = 1 or -1, of single edges', () => {
    const { lambda2, lambdaMin } = spectrumOf(metropolisHastings(torusGraph({ rows: 2, cols: 4 })));
    expect(lambda2).toBeCloseTo(0.5, 12);
    expect(lambdaMin).toBeCloseTo(-0.5, 12);
  });

  it('of 4 x 4 x 4 has the eigenvalues (1 + 2 cos a + 2 cos b + 2 cos c) / 7', () => {
    const { gap, lambdaMin } = spectrumOf(buildTopology('torus:dims=4x4x4', 64, 0).mixing);
    expect(Math.abs(gap - 2 / 7)).toBeLessThan(1e-9);
    expect(Math.abs(lambdaMin - -5 / 7)).toBeLessThan(1e-9);
  });

  it('of any dimensions is the same graph however many of them are 1, and dims=RxC that of rows and cols', () => {
    expect(buildTopology('torus:dims=4x1x3', 12, 0).graph).toEqual(torusGraph({ rows: 4, cols: 3 }));
    expect(buildTopology('torus:dims=12', 12, 0).graph).toEqual(ringGraph(12));
    expect(buildTopology('torus:dims=2x2x2', 8, 0).graph).toEqual(buildTopology('hypercube', 8, 0).graph);
  });

  it('refuses dims that do not fit, are not sides, or stand beside rows', () => {
    expect(() => buildTopology('torus:dims=4x4', 12, 0)).toThrow(/dims=4x4 hold 16, .* for example dims=3x4/);
    expect(() => buildTopology('torus:dims=4x', 12, 0)).toThrow(/wanted sides .* such as 4x4x4/);
    expect(() => buildTopology('torus:dims=3x4,rows=3', 12, 0)).toThrow(/wanted one or the other/);
  });

  it('picks the most square grid with rows <= cols, and 1 x n for a prime', () => {
    expect(mostSquareSides(12)).toEqual({ rows: 3, cols: 4 });
    expect(mostSquareSides(16)).toEqual({ rows: 4, cols: 4 });
    expect(mostSquareSides(8)).toEqual({ rows: 2, cols: 4 });
    expect(mostSquareSides(13)).toEqual({ rows: 1, cols: 13 });
    expect(mostSquareSides(1)).toEqual({ rows: 1, cols: 1 });
    expect(buildTopology('torus', 13, 0).graph).toEqual(ringGraph(13));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (nodes) => {
        const { rows, cols } = mostSquareSides(nodes);
        expect(rows * cols).toBe(nodes);
        expect(rows).toBeLessThanOrEqual(cols);
        for (let wider = rows + 1; wider * wider <= nodes; wider++) expect(nodes % wider).not.toBe(0);
      }),
      { seed: 11 },
    );
  });

  it('derives the side left open, and spells both out', () => {
    expect(buildTopology('torus', 8, 0).spec).toBe('torus:rows=2,cols=4');
    expect(buildTopology('torus:rows=4', 8, 0).spec).toBe('torus:rows=4,cols=2');
    expect(buildTopology('torus:cols=8', 8, 0).spec).toBe('torus:rows=1,cols=8');
  });

  it('refuses sides that do not multiply to the number of nodes, and suggests ones that do', () => {
    const message = /torus on 12 nodes: .*wanted rows x cols = 12, for example rows=3,cols=4/;
    for (const spec of ['torus:rows=4,cols=4', 'torus:rows=5', 'torus:cols=24']) {
      expect(() => buildTopology(spec, 12, 0)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
      expect(() => buildTopology(spec, 12, 0)).toThrow(message);
    }
    expect(() => buildTopology('torus:rows=0', 12, 0)).toThrow(/rows=0, wanted an integer from 1/);
  });
});
