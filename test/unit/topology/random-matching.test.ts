import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { edgesOf, type Graph } from '../../../src/topology/graph.js';
import {
  drawMatching,
  matchingOf,
  partnersOf,
  partnerWeight,
  type RandomMatching,
} from '../../../src/topology/random-matching.js';
import { buildTopology } from '../../../src/topology/registry.js';

const graphOf = (spec: string, nodes: number): Graph => buildTopology(spec, nodes, 3).graph;

/** Edges of the matching as "low-high". */
function pairsOf(matching: RandomMatching, nodes: number): string[] {
  return Array.from({ length: nodes }, (_, i) => Array.from(partnersOf(matching, i), (j) => [i, j] as const))
    .flat()
    .filter(([i, j]) => i < j)
    .map(([i, j]) => `${i}-${j}`)
    .sort();
}

describe('a random matching', () => {
  const cases = ['ring', 'torus', 'star', 'complete', 'random'].flatMap((spec) =>
    [1, 2, 3].map((most) => ({ spec, most })),
  );

  it.each(cases)('of $spec has at most $most edges a node, and room for none more', ({ spec, most }) => {
    const graph = graphOf(spec, 12);
    const edges = new Set(Array.from(edgesOf(graph), ([i, j]) => `${i}-${j}`));
    for (let round = 1; round <= 15; round++) {
      const matching = matchingOf(graph, most, { seed: 1, round });
      const pairs = pairsOf(matching, 12);
      expect(new Set(pairs).size).toBe(pairs.length);
      const degrees = new Array(12).fill(0);
      for (const pair of pairs) for (const end of pair.split('-')) degrees[Number(end)]++;
      expect(degrees).toEqual([...matching.degrees]);
      for (const edge of edges) {
        const full = edge.split('-').some((end) => degrees[Number(end)] === most);
        expect(pairs.includes(edge) || full, `round ${round}: ${edge} could be added`).toBe(true);
      }
      expect(pairs.every((pair) => edges.has(pair))).toBe(true);
      expect(Math.max(...degrees)).toBeLessThanOrEqual(most);
    }
  });

  it('is known at both ends, with the same weight', () => {
    const matching = matchingOf(graphOf('random', 20), 2, { seed: 1, round: 4 });
    for (let i = 0; i < 20; i++)
      for (const j of partnersOf(matching, i)) {
        expect([...partnersOf(matching, j)]).toContain(i);
        expect(partnerWeight(matching, i, j)).toBe(partnerWeight(matching, j, i));
      }
    expect(partnerWeight(matchingOf(graphOf('ring', 8), 1, { seed: 1, round: 1 }), 0, 1)).toBe(0.5);
  });

  it('is any of the perfect ones of a complete graph, with equal chances', () => {
    const graph = graphOf('complete', 4);
    const random = createRandom('perfect matchings');
    const counts = new Map<string, number>();
    const draws = 3000;
    for (let k = 0; k < draws; k++) {
      const key = pairsOf(drawMatching(graph, 1, random), 4).join(' ');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['0-1 2-3', '0-2 1-3', '0-3 1-2']);
    // Binomial with p = 1/3: standard deviation 25.8, so five of them.
    for (const count of counts.values()) expect(Math.abs(count - draws / 3)).toBeLessThan(129);
  });

  it('follows from graph, seed and round', () => {
    const graph = graphOf('torus', 16);
    const drawn = (seed: number, round: number) => pairsOf(matchingOf(graph, 1, { seed, round }), 16).join();
    expect(drawn(1, 1)).toBe(drawn(1, 1));
    expect(new Set([drawn(1, 1), drawn(1, 2), drawn(2, 1), drawn(2, 2)]).size).toBe(4);
  });
});
