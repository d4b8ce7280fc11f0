import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { consensusError, oneBlock, runGossip } from '../../reference/gossip-run.js';
import { denseMixing, matrixFormChoco, matrixFormExactGossip } from '../../reference/matrix-form.js';

const vectors = (rows: number[][]): Float32Array[] => rows.map((row) => Float32Array.from(row));

function expectClose(got: readonly Float32Array[], wanted: readonly (readonly number[])[], digits = 6): void {
  wanted.forEach((row, node) => row.forEach((value, k) => expect(got[node]![k]).toBeCloseTo(value, digits)));
}

describe('CHOCO-Gossip (Koloskova et al. 2019, Algorithm 1)', () => {
  const start = vectors([
    [4, 1],
    [0, 2],
    [-2, 3],
    [2, -2],
  ]);

  it('moves four peers on a ring by top-1 and gamma 0.2 as worked out by hand', async () => {
    const trace = await runGossip({
      topology: 'ring',
      algorithm: 'choco:gamma=0.2',
      compressor: 'top-k:count=1',
      blocks: oneBlock(1, 2),
      start,
      rounds: 3,
    });
    expectClose(trace[1]!, [
      [3.6, 1.13333333],
      [0.26666667, 1.93333333],
      [-1.86666667, 2.73333333],
      [2, -1.8],
    ]);
    expectClose(trace[2]!, [
      [3.21777778, 0.99555556],
      [0.37333333, 1.94222222],
      [-1.46666667, 2.34666667],
      [1.87555556, -1.28444444],
    ]);
    expectClose(trace[3]!, [
      [2.94696296, 0.89214815],
      [0.41362963, 1.90755556],
      [-1.05955556, 2.08148148],
      [1.69896296, -0.88118519],
    ]);
  });

  it('is plain gossip with the identity compressor and gamma 1', async () => {
    const choco = await runGossip({
      topology: 'ring',
      algorithm: 'choco:gamma=1',
      compressor: 'none',
      blocks: oneBlock(1, 2),
      start,
      rounds: 5,
    });
    const exact = matrixFormExactGossip(denseMixing(buildTopology('ring', 4, 1)), start, 5);
    for (let t = 1; t <= 5; t++)
      expectClose(
        choco[t]!,
        exact[t]!.map((row) => Array.from(row)),
        5,
      );
  });
});

describe('CHOCO-Gossip in matrix form, Xhat += C(X - Xhat), X += gamma (W - I) Xhat', () => {
  it('is what eight peers on a torus compute with top-2 of 6 over 30 rounds', async () => {
    const random = createRandom('matrix form');
    const start = Array.from({ length: 8 }, () => Float32Array.from({ length: 6 }, () => gaussian(random)));
    const trace = await runGossip({
      topology: 'torus',
      algorithm: 'choco:gamma=0.25',
      compressor: 'top-k:count=2',
      blocks: oneBlock(1, 6),
      start,
      rounds: 30,
    });
    const top2 = (row: readonly number[]): number[] => {
      const kept = row.map((_, k) => k).sort((a, b) => Math.abs(row[b]!) - Math.abs(row[a]!) || a - b);
      return row.map((value, k) => (kept.indexOf(k) < 2 ? value : 0));
    };
    const w = denseMixing(buildTopology('torus', 8, 1));
    const twin = matrixFormChoco(w, start, { gamma: 0.25, rounds: 30, compress: top2 });
    for (const t of [1, 2, 10, 30]) expectClose(trace[t]!, twin[t]!, 4);
  });
});

describe('edge-CHOCO', () => {
  it('brings two peers to their mean in three rounds of top-1, as worked out by hand', async () => {
    const trace = await runGossip({
      topology: 'complete',
      algorithm: 'edge-choco',
      compressor: 'top-k:count=1',
      blocks: oneBlock(1, 3),
      start: vectors([
        [4, 1, -2],
        [0, 3, 1],
      ]),
      rounds: 3,
    });
    expectClose(trace[1]!, [
      [2, 2.5, -2],
      [2, 1.5, 1],
    ]);
    expectClose(trace[2]!, [
      [2, 2.5, -0.5],
      [2, 1.5, -0.5],
    ]);
    expectClose(trace[3]!, [
      [2, 2, -0.5],
      [2, 2, -0.5],
    ]);
  });

  it('agrees after one exchange between two peers when nothing is compressed', async () => {
    const trace = await runGossip({
      topology: 'complete',
      algorithm: 'edge-choco',
      compressor: 'none',
      blocks: oneBlock(1, 3),
      start: vectors([
        [4, 1, -2],
        [0, 3, 1],
      ]),
      rounds: 1,
    });
    expect(consensusError(trace[1]!)).toBe(0);
  });
});

describe('exact gossip', () => {
  it('equals X(t+1) = W X(t) of the matrix form on a torus', async () => {
    const start = vectors([[1], [5], [-3], [8], [0], [2], [2], [-7]]);
    const trace = await runGossip({
      topology: 'torus',
      algorithm: 'exact',
      compressor: 'none',
      blocks: oneBlock(1, 1),
      start,
      rounds: 6,
    });
    const twin = matrixFormExactGossip(denseMixing(buildTopology('torus', 8, 1)), start, 6);
    for (let t = 1; t <= 6; t++)
      expectClose(
        trace[t]!,
        twin[t]!.map((row) => Array.from(row)),
        5,
      );
  });
});

describe('clipped gossip (He, Karimireddy and Jaggi 2022) with the smaller of two radii', () => {
  const run = { topology: 'complete', compressor: 'none', blocks: oneBlock(1, 1) };
  const start = vectors([[0], [3], [12]]);

  it('moves three peers by a third of each difference, cut to 3, as worked out by hand', async () => {
    const trace = await runGossip({ ...run, algorithm: 'clipped-gossip:radius=3', start, rounds: 1 });
    expectClose(trace[1]!, [[2], [3], [10]]);
  });

  it('takes the second largest distance of the last round for its radius, as worked out by hand', async () => {
    const trace = await runGossip({ ...run, algorithm: 'clipped-gossip', start, rounds: 3 });
    expectClose(trace[1]!, [[0], [3], [12]]); // no distance is known
    expectClose(trace[2]!, [[2], [3], [10]]); // radii 3, 3, 9
    expectClose(trace[3]!, [[3.33333333], [3.66666667], [8]]); // of the round before, so 3, 3, 9 again
  });

  it('lets the larger of two radii count for nothing', async () => {
    const pair = { ...run, start: vectors([[0], [0], [4], [100]]), rounds: 2 };
    const trace = await runGossip({ ...pair, algorithm: 'clipped-gossip:byzantine=1' });
    // radii 4, 4, 4 and 100: the last peer's neighbors are cut to theirs, and so is it.
    expectClose(trace[2]!, [[2], [2], [3], [97]]);
  });
});

describe('nearest-neighbor averaging (Farhadkhani et al. 2023)', () => {
  it('averages each of three peers with the nearer of its neighbors, which moves the mean', async () => {
    const trace = await runGossip({
      ...{ topology: 'complete', compressor: 'none', blocks: oneBlock(1, 1) },
      algorithm: 'nearest-neighbor:byzantine=1',
      start: vectors([[0], [3], [12]]),
      rounds: 1,
    });
    expectClose(trace[1]!, [[1.5], [1.5], [7.5]]);
  });
});
