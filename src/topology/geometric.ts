/**
 * Random geometric graphs (Gilbert 1961; Penrose 2003): nodes thrown on the unit square, joined where they are within
 * `radius` of each other. Radios in a field: neighbors of neighbors are neighbors, and mixing is as slow as on a grid.
 *
 * Connectivity has its threshold at pi r^2 n = ln n; the default r = sqrt(ln n / n) is pi times that in area. Redrawn until
 * connected. Nodes are sorted into cells of at least r, so that only nine cells are looked at: O(n + edges).
 */
import { type Random, uniform } from '../base/random.js';
import { numberField } from '../base/registry.js';
import { defineTopology } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';
import { drawConnected } from './redraw.js';

interface GeometricOptions {
  readonly radius?: number;
}

type Settled = { readonly radius: number };

/** min(sqrt 2, sqrt(ln n / n)), and sqrt 2, which joins all, where that would be too small for a handful. */
export function defaultRadius(nodes: number): number {
  return nodes <= 2 ? Math.SQRT2 : Math.sqrt(Math.log(nodes) / nodes);
}

interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

function throwPoints(nodes: number, random: Random): Points {
  const points = { x: new Float64Array(nodes), y: new Float64Array(nodes) };
  for (let i = 0; i < nodes; i++) {
    points.x[i] = uniform(random);
    points.y[i] = uniform(random);
  }
  return points;
}

/** One draw, connected or not. */
export function geometricGraph(nodes: number, radius: number, random: Random): Graph {
  return graphFromEdges(nodes, closePairs(throwPoints(nodes, random), radius));
}

function* closePairs({ x, y }: Points, radius: number): Generator<readonly [number, number]> {
  // No more cells than nodes, however small the radius.
  const side = Math.max(1, Math.min(Math.floor(1 / radius), Math.ceil(Math.sqrt(x.length))));
  const cells = Array.from({ length: side * side }, (): number[] => []);
  const cellOf = (value: number): number => Math.min(side - 1, Math.floor(value * side));
  for (let i = 0; i < x.length; i++) {
    const [row, col] = [cellOf(y[i]!), cellOf(x[i]!)];
    for (let r = Math.max(0, row - 1); r <= Math.min(side - 1, row + 1); r++)
      for (let c = Math.max(0, col - 1); c <= Math.min(side - 1, col + 1); c++)
        for (const j of cells[r * side + c]!)
          if ((x[i]! - x[j]!) ** 2 + (y[i]! - y[j]!) ** 2 <= radius ** 2) yield [j, i];
    cells[row * side + col]!.push(i);
  }
}

export const geometric = defineTopology<GeometricOptions, Settled>({
  name: 'geometric',
  summary: 'random points on a square, joined where they are close; redrawn until connected',
  seeded: true,
  fields: {
    radius: numberField(
      'how close, on a square of side 1; default: sqrt(ln n / n)',
      undefined,
      1e-6,
      Math.SQRT2,
    ),
  },
  settle: (nodes, { radius = defaultRadius(nodes) }) => ({ radius }),
  expectedEdges: (nodes, { radius }) => (Math.min(1, Math.PI * radius ** 2) * nodes * (nodes - 1)) / 2,
  layOut: (nodes, { radius }, { random }) => ({
    graph: drawConnected(
      {
        name: 'geometric',
        nodes,
        options: `radius=${radius}`,
        remedy: `leave it out for the default of ${defaultRadius(nodes).toPrecision(3)}, or raise it`,
      },
      () => geometricGraph(nodes, radius, random),
    ),
  }),
});
