import { describe, expect, it } from 'vitest';
import { baseGraph, factorsUpTo, hyperHypercube, simpleBaseGraph } from '../../../src/topology/base-graph.js';
import { toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';

/** Matrices multiplied one after another onto the identity, row-major. */
function productOf(nodes: number, matrices: readonly Float64Array[]): Float64Array {
  let product = new Float64Array(nodes * nodes);
  for (let i = 0; i < nodes; i++) product[i * nodes + i] = 1;
  for (const matrix of matrices) {
    const next = new Float64Array(nodes * nodes);
    for (let i = 0; i < nodes; i++)
      for (let k = 0; k < nodes; k++)
        if (matrix[i * nodes + k] !== 0)
          for (let j = 0; j < nodes; j++)
            next[i * nodes + j]! += matrix[i * nodes + k]! * product[k * nodes + j]!;
    product = next;
  }
  return product;
}

function worstEntry(product: Float64Array, nodes: number): number {
  return product.reduce((worst, entry) => Math.max(worst, Math.abs(entry - 1 / nodes)), 0);
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('Base-(k+1) graphs (Takezawa et al. 2023, theorem 1)', () => {
  it.each([1, 2, 3, 4])(
    'average exactly over 1 to 99 nodes with k = %i, by at most k neighbors a round',
    (k) => {
      for (let nodes = 1; nodes <= 99; nodes++) {
        for (const variant of ['base', 'simple']) {
          const { schedule } = buildTopology(`base:k=${k},variant=${variant}`, nodes, 0);
          const rounds = range(schedule!.period!).map((t) => schedule!.mixingAt(t + 1));
          expect(worstEntry(productOf(nodes, rounds.map(toDense)), nodes)).toBeLessThan(1e-13 * nodes);
          for (const { graph, selfWeights } of rounds) {
            for (let i = 0; i < nodes; i++)
              expect(graph.offsets[i + 1]! - graph.offsets[i]!).toBeLessThanOrEqual(k);
            expect(Math.min(...selfWeights)).toBeGreaterThanOrEqual(-1e-15);
          }
          const most = (2 * Math.log(nodes)) / Math.log(k + 1) + 2;
          expect(rounds.length).toBeLessThanOrEqual(Math.max(1, most + 1e-9));
        }
      }
    },
  );

  it('are never longer than the simple ones, and shorter where n has small factors', () => {
    for (let nodes = 1; nodes <= 99; nodes++)
      for (const k of [1, 2, 3])
        expect(baseGraph(range(nodes), k).length).toBeLessThanOrEqual(
          simpleBaseGraph(range(nodes), k).length,
        );
    expect(baseGraph(range(6), 1)).toHaveLength(4); // three pairs, and two halves of 3 in 3 rounds before
    expect(simpleBaseGraph(range(6), 1)).toHaveLength(5);
  });

  it('are the hypercube of log2 n rounds for a power of 2 and k = 1', () => {
    const rounds = baseGraph(range(8), 1);
    expect(rounds.map((round) => round.map(([i, j]) => i ^ j))).toEqual([
      [1, 1, 1, 1],
      [2, 2, 2, 2],
      [4, 4, 4, 4],
    ]);
    expect(new Set(rounds.flat().map(([, , weight]) => weight))).toEqual(new Set([1 / 2]));
  });

  it('cut n into as few factors as there can be', () => {
    expect(factorsUpTo(24, 4)).toEqual([4, 3, 2]);
    expect(factorsUpTo(36, 6)).toEqual([6, 6]);
    expect(factorsUpTo(36, 4)).toEqual([4, 3, 3]);
    expect(factorsUpTo(1, 2)).toEqual([]);
    expect(factorsUpTo(14, 4)).toBeUndefined();
    expect(hyperHypercube(range(7), 4)).toBeUndefined();
  });

  it('say for which numbers a hyper-hypercube does not exist', () => {
    expect(() => buildTopology('base:variant=hyper-hypercube,k=2', 10, 0)).toThrow(
      /base on 10 nodes: .*without a prime factor above 3. Use variant=base/,
    );
  });
});
