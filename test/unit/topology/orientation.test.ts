import { describe, expect, it } from 'vitest';
import {
  edgesOf,
  type Graph,
  graphFromEdges,
  isConnected,
  neighborsOf,
} from '../../../src/topology/graph.js';
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

function isBridge(graph: Graph, [a, b]: readonly [number, number]): boolean {
  const others = Array.from(edgesOf(graph)).filter(([i, j]) => i !== a || j !== b);
  return !isConnected(graphFromEdges(graph.nodes, others));
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

  it.each(cases)(
    'leaves everybody within everybody’s reach, and only bridges both ways: %s',
    (_name, graph) => {
      const out = orient(graph);
      for (let node = 0; node < graph.nodes; node++) {
        expect(reach(out, node)).toBe(graph.nodes);
        expect([...out[node]!]).toEqual([...out[node]!].sort((a, b) => a - b));
      }
      for (const edge of edgesOf(graph)) {
        const [i, j] = edge;
        const ways = Number(out[i]!.includes(j)) + Number(out[j]!.includes(i));
        expect(ways, `edge ${i}-${j}`).toBe(isBridge(graph, edge) ? 2 : 1);
      }
      expect(out.flatMap((list, i) => [...list].filter((j) => !neighborsOf(graph, i).includes(j)))).toEqual(
        [],
      );
    },
  );

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
