import { describe, expect, it } from 'vitest';
import { edgeCount, edgesOf, type Graph, graphFromEdges, neighborsOf } from '../../../src/topology/graph.js';
import { bothWays, orient } from '../../../src/topology/orientation.js';
import { buildTopology } from '../../../src/topology/registry.js';

/** Nodes within reach of `from`. */
function reach(out: readonly Uint32Array[], from: number): number {
  const seen = new Set([from]);
  const stack = [from];
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    for (const next of out[node]!)
      if (!seen.has(next)) {
        seen.add(next);
        stack.push(next);
      }
  return seen.size;
}

describe('an orientation', () => {
  const twoTriangles = graphFromEdges(6, [
    [0, 1],
    [1, 2],
    [0, 2],
    [2, 3],
    [3, 4],
    [4, 5],
    [3, 5],
  ]);
  const cases: [string, Graph][] = [
    ['two triangles joined by a bridge', twoTriangles],
    ...['ring', 'torus', 'complete', 'star', 'random', 'random-regular:degree=3'].flatMap((spec) =>
      [1, 2, 3].map((seed): [string, Graph] => [
        `${spec}, seed ${seed}`,
        buildTopology(spec, 12, seed).graph,
      ]),
    ),
  ];

  it.each(cases)('is balanced, uses every edge, and leaves everybody within reach: %s', (_name, graph) => {
    const out = orient(graph);
    const into = out.map((_, node) => out.filter((list) => list.includes(node)).length);
    for (let node = 0; node < graph.nodes; node++) {
      expect(into[node], `ways into and out of ${node}`).toBe(out[node]!.length);
      expect(reach(out, node)).toBe(graph.nodes);
      expect([...out[node]!]).toEqual([...new Set(out[node]!)].sort((a, b) => a - b));
    }
    for (const [i, j] of edgesOf(graph)) expect(out[i]!.includes(j) || out[j]!.includes(i)).toBe(true);
    expect(out.flatMap((list, i) => [...list].filter((j) => !neighborsOf(graph, i).includes(j)))).toEqual([]);
  });

  it('uses no edge both ways where all degrees are even, and every bridge', () => {
    const ways = (graph: Graph): number => orient(graph).reduce((sum, list) => sum + list.length, 0);
    for (const [spec, nodes] of [
      ['ring', 9],
      ['torus:rows=3,cols=4', 12],
      ['complete', 7],
    ] as const) {
      const { graph } = buildTopology(spec, nodes, 1);
      expect(ways(graph), spec).toBe(edgeCount(graph));
    }
    expect(ways(buildTopology('star', 6, 1).graph)).toBe(2 * 5);
    expect(ways(twoTriangles)).toBe(7 + 1);
  });

  it('of a ring goes round', () => {
    expect(orient(buildTopology('ring', 5, 1).graph).map((list) => [...list])).toEqual([
      [1],
      [2],
      [3],
      [4],
      [0],
    ]);
  });

  it('both ways is the graph itself', () => {
    const { graph } = buildTopology('torus', 9, 1);
    expect(bothWays(graph)[4]).toEqual(neighborsOf(graph, 4));
  });
});
