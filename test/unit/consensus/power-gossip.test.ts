/** PowerGossip and PGQ against numbers worked out by hand and a naive twin for all edges at once. */
import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { compressors } from '../../../src/compression/registry.js';
import type { EdgeFactors } from '../../../src/consensus/edge-factors.js';
import { setUpPeer } from '../../../src/consensus/peer-setup.js';
import { defaultPeerOptions, type PeerState } from '../../../src/consensus/peer-state.js';
import { algorithms } from '../../../src/consensus/registry.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { runSimulation } from '../../../src/simulation/simulator.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { consensusError, oneBlock, runGossip } from '../../reference/gossip-run.js';
import { naivePowerGossip } from '../../reference/naive-power-gossip.js';

type Matrix = readonly (readonly number[])[];

interface Memory {
  readonly factors: readonly (EdgeFactors | null)[];
  readonly reference: Float32Array | null;
}

const memoryOf = (state: PeerState, edge: number): Memory => state.edges[edge]!.memory as Memory;

function peersOf(algorithm: string, topology: string, start: readonly Matrix[], rounds: number): PeerState[] {
  const [rows, cols] = [start[0]!.length, start[0]![0]!.length];
  const setup = {
    topology: buildTopology(topology, start.length, 1),
    beta: 1,
    algorithm: algorithms.resolve(algorithm),
    compressor: compressors.resolve('none'),
    blocks: oneBlock(rows, cols),
    initialReplica: new Float32Array(rows * cols),
    seed: 1,
    options: { ...defaultPeerOptions, rounds },
  };
  return start.map((matrix, node) => setUpPeer(setup, node, Float32Array.from(matrix.flat())));
}

/** Parameters of all peers after each round. */
async function trace(peers: readonly PeerState[], rounds: number): Promise<Float32Array[][]> {
  const models: Float32Array[][] = Array.from({ length: rounds + 1 }, () => []);
  await runSimulation({
    peers,
    train: async (_node, _round, parameters) => ({ parameters: parameters.slice(), loss: 0, samples: 0 }),
    trainingMs: () => 1,
    link: perfectLink,
    faults: [],
    seed: 1,
    maxFrameBytes: 1 << 16,
    horizonMs: Number.POSITIVE_INFINITY,
    observe({ node, effects }) {
      for (const effect of effects)
        if (effect.type === 'roundFinished') models[effect.round]![node] = effect.parameters.slice();
    },
  });
  return models;
}

function expectClose(got: Float32Array, wanted: readonly number[]): void {
  wanted.forEach((value, k) => expect(got[k]).toBeCloseTo(value, 5)); // float32, numbers up to 4
}

const FIRST: Matrix = [
  [3, 1, 0],
  [1, 2, 1],
];
const SECOND: Matrix = [
  [1, 0, 2],
  [0, 1, -1],
];

describe('two peers from P = (1, 1) / sqrt(2)', () => {
  async function afterOneExchange(algorithm: string) {
    const peers = peersOf(algorithm, 'ring', [FIRST, SECOND], 1);
    for (const peer of peers) memoryOf(peer, 0).factors[0]!.p.set([1, 1]);
    const models = await trace(peers, 1);
    return { peers, models: models[1]! };
  }

  it('move by w P (s_j - s_i)^T, and keep their sum (PowerGossip)', async () => {
    const { models } = await afterOneExchange('power-gossip');
    expectClose(models[0]!, [2.25, 0.5, 0, 0.25, 1.5, 1]);
    expectClose(models[1]!, [1.75, 0.5, 2, 0.75, 1.5, -1]);
  });

  it('move half as far at half the diffusion', async () => {
    const { models } = await afterOneExchange('power-gossip:diffusion=0.5');
    expectClose(models[0]!, [2.625, 0.75, 0, 0.625, 1.75, 1]);
  });

  // s_1 = (4, 3, 1) / sqrt(2) in steps of its largest over 7 is (7, 5, 2), so (4, 20/7, 8/7) / sqrt(2); s_2 is all of one
  // size and loses nothing. U = P (s_2 - s_1)^T has rows (-3, -13/7, -1/7) / 2, and R gains P ((s_1 + s_2) / 2)^T, rows
  // (5, 27/7, 15/7) / 4.
  it('round what they send to 4 bits, and move the reference to the middle (PGQ)', async () => {
    const { peers, models } = await afterOneExchange('pgq:rank=1,iterations=1,bits=4');
    const step = [3 / 4, 13 / 28, 1 / 28];
    expectClose(models[0]!, [
      3 - step[0]!,
      1 - step[1]!,
      0 - step[2]!,
      1 - step[0]!,
      2 - step[1]!,
      1 - step[2]!,
    ]);
    expectClose(models[1]!, [
      1 + step[0]!,
      0 + step[1]!,
      2 + step[2]!,
      0 + step[0]!,
      1 + step[1]!,
      -1 + step[2]!,
    ]);
    for (const peer of peers) {
      const half = [5 / 4, 27 / 28, 15 / 28];
      expectClose(memoryOf(peer, 0).reference!, [...half, ...half]);
    }
  });
});

/** Error of a full-rank run, in which an exchange is one of exact gossip with eta_d w_ij. */
async function fullRankError(topology: string, nodes: number, diffusion: string): Promise<number> {
  const start = gaussianMatrices(nodes, 2, 2).map((matrix) => Float32Array.from(matrix.flat()));
  const algorithm = `power-gossip:rank=2,diffusion=${diffusion}`;
  const run = { topology, algorithm, compressor: 'none', blocks: oneBlock(2, 2), start, rounds: 6 };
  return consensusError((await runGossip(run)).at(-1)!) / consensusError(start);
}

describe('the automatic diffusion, 2 / (delta + ||I - W||)', () => {
  // Ring of 8: 2 / (0.1952621459 + 4/3); star of 8: 2 / (1/8 + 1); torus 4 x 4, where lambda_n = -0.6: 2 / (0.4 + 1.6).
  it.each([
    ['ring', 8, 1.308427],
    ['star', 8, 1.777778],
    ['torus', 16, 1],
  ])('of a %s of %i is %f', async (topology, nodes, wanted) => {
    const [auto, set] = [
      await fullRankError(topology, nodes, 'auto'),
      await fullRankError(topology, nodes, `${wanted}`),
    ];
    expect(auto / set).toBeCloseTo(1, 3); // float32 parameters, six digits of eta_d
  });

  it('mixes a ring and a star faster than 1 does', async () => {
    for (const topology of ['ring', 'star'])
      expect(await fullRankError(topology, 8, 'auto')).toBeLessThan(
        0.8 * (await fullRankError(topology, 8, '1')),
      );
  });
});

function gaussianMatrices(count: number, rows: number, cols: number): number[][][] {
  const random = createRandom('power gossip test');
  return Array.from({ length: count }, () =>
    Array.from({ length: rows }, () => Array.from({ length: cols }, () => Math.fround(gaussian(random)))),
  );
}

/** r vectors of `length`, one after another, as the columns of a matrix. */
function columns(values: Float64Array, rank: number): number[][] {
  const length = values.length / rank;
  return Array.from({ length }, (_, i) => Array.from({ length: rank }, (_, c) => values[c * length + i]!));
}

describe('PowerGossip for all edges at once', () => {
  it.each([1, 2, 4])(
    'is what its naive twin computes on a star at rank %i over 12 exchanges',
    async (rank) => {
      const start = gaussianMatrices(5, 7, 6);
      const peers = peersOf(`power-gossip:rank=${rank},iterations=2`, 'star', start, 6);
      const wanted = naivePowerGossip(buildTopology('star', 5, 1), start, {
        exchanges: 12,
        startOf(i, j) {
          const edge = peers[i]!.edges.findIndex(({ neighbor }) => neighbor === j);
          const { p, q } = memoryOf(peers[i]!, edge).factors[0]!;
          return { p: columns(p, rank), q: columns(q, rank) };
        },
      });
      const models = await trace(peers, 6);
      for (let round = 1; round <= 6; round++)
        models[round]!.forEach((model, node) => expectClose(model, wanted[2 * round]![node]!.flat()));
    },
  );

  it('takes no two peers further apart in any exchange, from any start of p and q (diffusion 1)', async () => {
    const start = gaussianMatrices(8, 10, 10).map((matrix) => Float32Array.from(matrix.flat()));
    for (let seed = 1; seed <= 5; seed++) {
      const models = await runGossip({
        ...{ topology: 'ring', algorithm: 'power-gossip:rank=2', compressor: 'none', seed },
        blocks: oneBlock(10, 10),
        start,
        rounds: 40,
      });
      const errors = models.map(consensusError);
      errors.slice(1).forEach((error, k) => expect(error).toBeLessThanOrEqual(errors[k]! * (1 + 1e-6)));
      expect(errors.at(-1)).toBeLessThan(0.3 * errors[0]!);
    }
  });
});
