import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { edgesOf } from '../../../src/topology/graph.js';
import { randomMaximalMatching } from '../../../src/topology/matching.js';
import { buildTopology } from '../../../src/topology/registry.js';

describe('a random maximal matching', () => {
  for (const [spec, nodes] of [
    ['ring', 9],
    ['torus', 16],
    ['star', 7],
    ['complete', 8],
    ['random-regular:degree=4', 20],
  ] as const)
    it(`pairs neighbors, nobody twice, and leaves no two neighbors alone: ${spec} of ${nodes}`, () => {
      const { graph } = buildTopology(spec, nodes, 1);
      const edges = new Set([...edgesOf(graph)].map(String));
      for (let round = 0; round < 50; round++) {
        const partners = randomMaximalMatching(graph, createRandom(1, 'matching', round));
        for (const [node, partner] of partners.entries()) {
          if (partner < 0) continue;
          expect(partners[partner]).toBe(node);
          expect(edges.has(String([Math.min(node, partner), Math.max(node, partner)]))).toBe(true);
        }
        for (const [a, b] of edgesOf(graph)) expect(partners[a]! >= 0 || partners[b]! >= 0).toBe(true);
      }
    });

  it('takes every edge some time', () => {
    const { graph } = buildTopology('star', 7, 1);
    const random = createRandom('star');
    const leaves = new Set(Array.from({ length: 100 }, () => randomMaximalMatching(graph, random)[0]));
    // Each of 6 leaves is missing after 100 draws with probability (5 / 6)^100, about 1e-8.
    expect(leaves.size).toBe(6);
  });
});
