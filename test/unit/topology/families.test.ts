/** What each of the smaller families is, by its own definition; what all promise is in test/conformance/topology.test.ts. */
import { describe, expect, it } from 'vitest';
import { createRandom, type Random, uniform } from '../../../src/base/random.js';
import { barabasiAlbertGraph } from '../../../src/topology/barabasi-albert.js';
import { oneDirected, oneUndirected } from '../../../src/topology/equitopo.js';
import { onePeerExponentialMatrix } from '../../../src/topology/exponential.js';
import { geometricGraph } from '../../../src/topology/geometric.js';
import { degreeOf, edgeCount, edgesOf, type Graph } from '../../../src/topology/graph.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { betaBoundOf } from '../../../src/topology/schedule.js';
import { spectrumOf } from '../../../src/topology/spectrum.js';
import { blockStarts, stochasticBlockGraph } from '../../../src/topology/stochastic-block.js';
import type { DirectedMatrix } from '../../../src/topology/topology.js';
import { wattsStrogatzGraph } from '../../../src/topology/watts-strogatz.js';

const graphOf = (spec: string, nodes: number, seed = 1): Graph => buildTopology(spec, nodes, seed).graph;
const text = (graph: Graph): string => [...edgesOf(graph)].join(' ');
const degreesOf = (graph: Graph): number[] =>
  Array.from({ length: graph.nodes }, (_, i) => degreeOf(graph, i));

describe('families', () => {
  it('grid: each node beside the next along each side', () => {
    expect(text(graphOf('grid:dims=2x3', 6))).toBe('0,1 0,3 1,2 1,4 2,5 3,4 4,5');
    expect(text(graphOf('grid', 5))).toBe(text(graphOf('path', 5)));
    expect(buildTopology('grid', 12, 1).spec).toBe('grid:dims=3x4');
    expect(() => graphOf('grid:dims=2x3', 7)).toThrow(/dims=2x3 hold 6, .*for example dims=1x7/);
  });

  it('hypercube: one binary digit apart; no other number of nodes than powers of 2', () => {
    expect(text(graphOf('hypercube', 8))).toBe('0,1 0,2 0,4 1,3 1,5 2,3 2,6 3,7 4,5 4,6 5,7 6,7');
    expect(() => graphOf('hypercube', 12)).toThrow(/wanted a power of 2 of nodes, such as 8 or 16/);
  });

  it('tree: at most `arity` children in breadth-first order', () => {
    expect(text(graphOf('tree', 6))).toBe('0,1 0,2 1,3 1,4 2,5');
    expect(text(graphOf('tree:arity=3', 6))).toBe('0,1 0,2 0,3 1,4 1,5');
    expect(text(graphOf('tree:arity=1', 6))).toBe(text(graphOf('path', 6)));
  });

  it('watts-strogatz: n degree / 2 edges whatever moves; none moves at 0', () => {
    const lattice = wattsStrogatzGraph(10, { degree: 4, rewire: 0 }, createRandom(1));
    expect(text(lattice).split(' ').slice(0, 4)).toEqual(['0,1', '0,2', '0,8', '0,9']);
    for (const rewire of [0, 0.2, 1]) {
      const graph = wattsStrogatzGraph(1000, { degree: 6, rewire }, createRandom(2));
      expect(edgeCount(graph)).toBe(3000);
      const kept = [...edgesOf(graph)].filter(([i, j]) => Math.min(j - i, 1000 - j + i) <= 3).length;
      // 3000 draws, five standard errors; of those that moved, 6 in 1000 land near.
      expect(Math.abs(kept / 3000 - (1 - rewire))).toBeLessThan(0.05);
    }
    expect(() => graphOf('watts-strogatz:degree=3', 10)).toThrow(/degree=3, wanted an even integer/);
  });

  it('barabasi-albert: each newcomer brings `links` edges, and the rich get richer', () => {
    const graph = barabasiAlbertGraph(3000, 3, createRandom(1));
    expect(edgeCount(graph)).toBe(3 + 3 * (3000 - 4));
    const degrees = degreesOf(graph).sort((a, b) => b - a);
    expect(degrees.at(-1)).toBeGreaterThanOrEqual(1);
    // Of degree about 3 sqrt(n) = 164; without preference it would be some 3 + 3 ln n = 27.
    expect(degrees[0]).toBeGreaterThan(80);
  });

  it('geometric: joined if and only if within the radius, whatever the cells', () => {
    for (const [radius, seed] of [
      [0.02, 1],
      [0.13, 2],
      [0.7, 3],
    ] as const) {
      const random = createRandom(seed);
      const points = createPoints(200, createRandom(seed));
      const close: string[] = [];
      points.forEach(([x, y], i) =>
        points.slice(i + 1).forEach(([u, v], k) => {
          if (Math.hypot(x - u, y - v) <= radius) close.push(`${i},${i + 1 + k}`);
        }),
      );
      expect(text(geometricGraph(200, radius, random))).toBe(close.join(' '));
    }
    expect(() => graphOf('geometric:radius=0.01', 50)).toThrow(
      /no connected graph in 100 draws; leave it out/,
    );
  });

  it('stochastic-block: edges within and across in the shares asked for', () => {
    expect(blockStarts(10, 4)).toEqual([0, 3, 6, 8, 10]);
    const options = { blocks: 4, within: 0.3, between: 0.02 };
    const edges = [...edgesOf(stochasticBlockGraph(402, options, createRandom(1)))];
    const starts = blockStarts(402, 4);
    const blockOf = (node: number): number => starts.findIndex((start) => start > node) - 1;
    const within = edges.filter(([i, j]) => blockOf(i) === blockOf(j)).length;
    const pairsWithin = [101, 101, 100, 100].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
    const pairsAcross = (402 * 401) / 2 - pairsWithin;
    // Five standard errors of a binomial.
    const near = (got: number, pairs: number, p: number): void =>
      expect(Math.abs(got - pairs * p)).toBeLessThan(5 * Math.sqrt(pairs * p * (1 - p)));
    near(within, pairsWithin, 0.3);
    near(edges.length - within, pairsAcross, 0.02);
  });

  it('random-matching: pairs that meet in the middle, on the edges of the graph below', () => {
    const { graph, schedule, spec } = buildTopology('random-matching:on="torus:rows=4,cols=4"', 16, 1);
    expect(spec).toBe('random-matching:on="torus:rows=4,cols=4"');
    expect(text(graph)).toBe(text(graphOf('torus', 16)));
    const rounds = [1, 2, 3, 4].map((round) => schedule!.mixingAt(round));
    for (const { graph: matching, weights } of rounds) {
      expect(Math.max(...degreesOf(matching))).toBe(1);
      expect(new Set(weights)).toEqual(new Set([1 / 2]));
    }
    expect(new Set(rounds.map((round) => text(round.graph))).size).toBe(4);
    expect(betaBoundOf(schedule!)).toBe(1);
    expect(() => graphOf('random-matching:on=base', 8)).toThrow(/unknown topology "base"/);
  });
});

/** x, y, x, y, ... */
function createPoints(count: number, random: Random): (readonly [number, number])[] {
  return Array.from({ length: count }, () => [uniform(random), uniform(random)] as const);
}

/** P as rows. */
function denseOf({ nodes, offsets, targets, shares, selfShares }: DirectedMatrix): number[][] {
  const rows = Array.from({ length: nodes }, (_, i) =>
    Array.from({ length: nodes }, (_unused, j) => (i === j ? selfShares[i]! : 0)),
  );
  for (let j = 0; j < nodes; j++)
    for (let k = offsets[j]!; k < offsets[j + 1]!; k++) rows[targets[k]!]![j] = shares[k]!;
  return rows;
}

const multiply = (a: number[][], b: number[][]): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));

describe('one-way families', () => {
  it.each([
    [2, 0],
    [8, 0],
    [16, 0],
    [6, 0.0833],
    [12, 0.0417],
  ])(
    'one-peer-exponential: tau rounds are J for powers of 2 alone; on %i nodes they miss it by %f',
    (nodes, error) => {
      const tau = Math.ceil(Math.log2(nodes));
      let product = denseOf(onePeerExponentialMatrix(nodes, 1));
      for (let round = 2; round <= tau; round++)
        product = multiply(denseOf(onePeerExponentialMatrix(nodes, round)), product);
      const worst = Math.max(...product.flat().map((value) => Math.abs(value - 1 / nodes)));
      expect(worst).toBeCloseTo(error, 4);
      if (error === 0) expect(worst).toBeLessThan(1e-15);
    },
  );

  it('equitopo: P = (1 - eta (n - 1) / n) I + eta (n - 1) / n S^a of a round, as published', () => {
    const p = denseOf(oneDirected(5, 2, 0.5));
    expect(p[2]![0]).toBeCloseTo(0.4, 15);
    expect(p[0]![0]).toBeCloseTo(0.6, 15);
    expect(p[1]![4]).toBeCloseTo(0.4, 15);
  });

  it('equitopo: pairs are found from the start on, and a node that is left keeps what it has', () => {
    const { graph, weights, selfWeights } = oneUndirected(5, { distance: 1, start: 3 }, 0.5);
    expect(text(graph)).toBe('0,1 3,4'); // 3 takes 4; 4 is taken; 0 takes 1; 2 finds 3 taken
    expect([...weights].every((weight) => Math.abs(weight - 0.4) < 1e-15)).toBe(true);
    expect(selfWeights[2]).toBe(1);
  });

  it('equitopo: the gap does not fall with n, for enough distances (theorem 2 of the paper)', () => {
    const gaps = [64, 256, 1024].map(
      (nodes) => spectrumOf(buildTopology('equitopo:shifts=16', nodes, 1).mixing).gap,
    );
    for (const gap of gaps) expect(gap).toBeGreaterThan(0.2);
    expect(spectrumOf(buildTopology('ring', 256, 1).mixing).gap).toBeLessThan(0.001);
  });
});
