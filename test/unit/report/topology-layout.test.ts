import { describe, expect, it } from 'vitest';
import { type LayoutInput, layoutTopology } from '../../../src/report/topology-layout.js';
import { torusEdges } from '../../reference/fake-run.js';

const ringEdges = (nodes: number) =>
  Array.from({ length: nodes }, (_, i): [number, number] => [i, (i + 1) % nodes]);
/** A circulant graph under a name that has no layout of its own. */
const chords = (nodes: number): LayoutInput => ({
  name: 'random-regular',
  spec: 'random-regular:degree=4',
  nodes,
  edges: [...ringEdges(nodes), ...ringEdges(nodes).map(([a]): [number, number] => [a, (a + 7) % nodes])],
});

describe('layoutTopology', () => {
  it('puts a ring on a circle, node 0 at the top', () => {
    const { points, grid } = layoutTopology({ name: 'ring', spec: 'ring', nodes: 8, edges: ringEdges(8) });
    expect(grid).toBeNull();
    expect(points[0]!.x).toBeCloseTo(0.5, 12);
    expect(points[0]!.y).toBeCloseTo(0, 12);
    for (const { x, y } of points) expect(Math.hypot(x - 0.5, y - 0.5)).toBeCloseTo(0.5, 12);
  });

  it('puts a torus on rows and columns, from its spec or as square as can be', () => {
    const wide = layoutTopology({
      name: 'torus',
      spec: 'torus:rows=2,cols=6',
      nodes: 12,
      edges: torusEdges(2, 6),
    });
    expect(wide.grid).toEqual({ rows: 2, columns: 6 });
    expect(wide.points[7]!.x).toBe(wide.points[1]!.x);
    expect(wide.points[6]!.y).toBe(wide.points[11]!.y);
    const bare = layoutTopology({ name: 'torus', spec: 'torus', nodes: 12, edges: torusEdges(3, 4) });
    expect(bare.grid).toEqual({ rows: 3, columns: 4 });
  });

  it('draws a torus of a prime number of nodes, which is a ring, without a grid', () => {
    expect(
      layoutTopology({ name: 'torus', spec: 'torus:rows=1,cols=7', nodes: 7, edges: ringEdges(7) }).grid,
    ).toBeNull();
  });

  it('puts the hub of a star in the middle, whichever node it is', () => {
    const edges = [0, 1, 3, 4].map((leaf): [number, number] => [2, leaf]);
    const { points } = layoutTopology({ name: 'star', spec: 'star', nodes: 5, edges });
    expect(points[2]).toEqual({ x: 0.5, y: 0.5 });
    expect(new Set(points.map(({ x, y }) => `${x} ${y}`)).size).toBe(5);
  });

  it('spreads any other graph so that 64 nodes keep apart, inside the unit square', () => {
    const { points } = layoutTopology(chords(64));
    let nearest = 1;
    for (let i = 0; i < 64; i++) {
      for (let j = 0; j < i; j++) {
        nearest = Math.min(nearest, Math.hypot(points[i]!.x - points[j]!.x, points[i]!.y - points[j]!.y));
      }
    }
    expect(nearest).toBeGreaterThan(0.05);
    for (const { x, y } of points) {
      expect(x).toBeGreaterThanOrEqual(-1e-12);
      expect(x).toBeLessThanOrEqual(1 + 1e-12);
      expect(y).toBeGreaterThanOrEqual(-1e-12);
      expect(y).toBeLessThanOrEqual(1 + 1e-12);
    }
  });

  it('draws neighbors nearer than strangers where springs decide', () => {
    // Two complete graphs of five, joined by one edge.
    const cluster = (from: number): [number, number][] =>
      [0, 1, 2, 3, 4].flatMap((a) =>
        [0, 1, 2, 3, 4].flatMap((b): [number, number][] => (a < b ? [[from + a, from + b]] : [])),
      );
    const edges = [...cluster(0), ...cluster(5), [0, 5] as [number, number]];
    const { points } = layoutTopology({ name: 'random', spec: 'random', nodes: 10, edges });
    const distance = (a: number, b: number) =>
      Math.hypot(points[a]!.x - points[b]!.x, points[a]!.y - points[b]!.y);
    expect(distance(1, 2)).toBeLessThan(distance(1, 6));
    expect(distance(6, 7)).toBeLessThan(distance(2, 7));
  });

  it('gives the same points for the same graph', () => {
    expect(layoutTopology(chords(32))).toEqual(layoutTopology(chords(32)));
  });

  it('survives the smallest graphs', () => {
    expect(layoutTopology({ name: 'random', spec: 'random', nodes: 1, edges: [] }).points).toHaveLength(1);
    expect(layoutTopology({ name: 'star', spec: 'star', nodes: 2, edges: [[0, 1]] }).points).toHaveLength(2);
  });
});
