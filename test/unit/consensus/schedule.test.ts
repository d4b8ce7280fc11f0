/** Algorithms on topologies whose edges take turns: W_1, W_2, ... in the rounds 1, 2, ... */
import { describe, expect, it } from 'vitest';
import { algorithms, gossipNames } from '../../../src/consensus/registry.js';
import { requireFit } from '../../../src/consensus/topology-fit.js';
import { toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { weightOf } from '../../../src/topology/topology.js';
import {
  type AlgorithmRun,
  createQuadratics,
  gaussianStart,
  meanOf,
  runAlgorithm,
} from '../../reference/algorithm-run.js';
import { consensusError, oneBlock } from '../../reference/gossip-run.js';
import { multiply } from '../../reference/matrix-form.js';

const [ROWS, COLS] = [4, 6];
const DIMENSION = ROWS * COLS;

const schedules = ['one-peer-exponential', 'base', 'base:k=2', 'equitopo-dynamic', 'random-matching'];

const gossip = (topology: string, algorithm: string, over: Partial<AlgorithmRun> = {}) =>
  runAlgorithm({
    topology,
    algorithm,
    compressor: 'none',
    blocks: oneBlock(ROWS, COLS),
    start: gaussianStart(7, DIMENSION),
    initialReplica: new Float32Array(DIMENSION),
    rounds: 20,
    step: (_node, x) => Array.from(x, () => 0),
    ...over,
  });

const rowsOf = (dense: Float64Array, nodes: number): number[][] =>
  Array.from({ length: nodes }, (_, i) => [...dense.subarray(i * nodes, (i + 1) * nodes)]);

describe('exact gossip on a time-varying topology', () => {
  it.each(schedules)('is X <- W_t (X - U) in round t, for all peers at once: %s', async (topology) => {
    const nodes = 7;
    const { step } = createQuadratics(nodes, DIMENSION);
    const { models, violations } = await gossip(topology, 'exact', { step: step(0.1) });
    expect(violations).toEqual([]);
    const { schedule } = buildTopology(topology, nodes, 1);
    let x = models[0]!.map((row) => [...row]);
    for (let t = 1; t < models.length; t++) {
      const trained = x.map((row, i) => {
        const u = step(0.1)(i, row);
        return row.map((value, k) => value - u[k]!);
      });
      x = multiply(rowsOf(toDense(schedule!.mixingAt(t)), nodes), trained);
      for (const [i, row] of x.entries())
        for (const [k, value] of row.entries())
          expect(Math.abs(models[t]![i]![k]! - value)).toBeLessThan(1e-5);
    }
  });

  it.each([5, 7, 12])('has averaged exactly after one period of Base-(k+1) on %i peers', async (peers) => {
    for (const topology of ['base', 'base:k=2', 'base:k=3,variant=simple']) {
      const { period } = buildTopology(topology, peers, 1).schedule!;
      const start = gaussianStart(peers, DIMENSION);
      const { models } = await gossip(topology, 'exact', { start, rounds: period! });
      // float32 rounding of a dozen corrections, squared.
      expect(consensusError(models[period!]!) / consensusError(start)).toBeLessThan(1e-12);
    }
  });

  it('sends over the edges of the round alone', async () => {
    let sent = 0;
    await gossip('random-matching', 'exact', { rounds: 10, onSent: () => sent++ });
    expect(sent).toBe(10 * 6); // three pairs of seven peers, both ways
  });

  it('is agreed on by both ends also under loss, doubling, reordering and silence', async () => {
    const link = {
      latencyMs: 8,
      jitterMs: 40,
      bandwidthMbps: 10,
      loss: 0.25,
      duplication: 0.15,
      corruption: 0.03,
    };
    for (const [seed, topology] of schedules.entries())
      for (const algorithm of ['exact', 'choco:gamma=0.3', 'edge-choco', 'push-sum']) {
        const compressor = algorithm.includes('choco') ? 'low-rank:rank=2,bits=8' : 'none';
        const trace = await gossip(topology, algorithm, { link, seed, compressor, rounds: 25 });
        expect(trace.violations).toEqual([]);
        expect(trace.halfApplied).toBe(0);
      }
  });
});

describe('every algorithm that bears changing weights', () => {
  const compressorOf = (name: string): string => {
    const { compresses, needsUnbiased } = algorithms.resolve(name);
    if (compresses === 'nothing') return 'none';
    return needsUnbiased === true ? 'quantize:bits=8,rounding=stochastic' : 'quantize:bits=8';
  };
  const refusing = [
    'all-reduce',
    'chebyshev',
    'ad-psgd',
    'dcd',
    'ecd',
    'd2',
    'lead',
    'noloco',
    'gasloc',
    'nearest-neighbor',
  ];
  const bearing = gossipNames.filter((name) => !refusing.includes(name));

  it.each([...bearing, 'gasloc:peers=all,momentum=0'])('keeps the mean and agrees: %s', async (name) => {
    for (const topology of ['base:k=2', 'random-matching']) {
      const { models, violations, halfApplied } = await gossip(topology, name, {
        compressor: compressorOf(name),
        rounds: 80,
      });
      expect(violations).toEqual([]);
      expect(halfApplied).toBe(0);
      // Its automatic radius takes one neighbor for a liar, and a round has one or two: much is clipped.
      const left = name === 'clipped-gossip' ? 0.1 : 1e-2;
      expect(consensusError(models[80]!) / consensusError(models[0]!)).toBeLessThan(left);
      if (name.startsWith('push-sum')) continue; // the mean of z is not what it keeps
      const [before, after] = [meanOf(models[0]!), meanOf(models[80]!)];
      before.forEach((value, k) => expect(Math.abs(after[k]! - value)).toBeLessThan(1e-5)); // float32, 80 rounds
    }
  });

  it.each(refusing)('and the others say why they do not: %s', (name) => {
    const topology = buildTopology('random-matching', 8, 1);
    const check = (): void => requireFit(algorithms.resolve(name), topology, {});
    expect(check).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
    expect(check).toThrow(
      /algorithm [a-z0-9-]+ .*, got the time-varying topology random-matching.*: choose /,
    );
  });

  it.each(refusing)('nor edges that exchange in some rounds only: %s', (name) => {
    const topology = buildTopology(name === 'all-reduce' ? 'complete' : 'torus', 8, 1);
    const check = (edgeActivity: number) => (): void =>
      requireFit(algorithms.resolve(name), topology, { edgeActivity });
    expect(check(1)).not.toThrow();
    expect(check(0.5)).toThrow(/algorithm [a-z0-9-]+ .*, got edgeActivity 0.5: choose /);
  });

  it('has rounds that neighbors share: the asynchronous pace is refused', () => {
    const topology = buildTopology('base', 8, 1);
    expect(() => requireFit(algorithms.resolve('exact'), topology, { pace: 'asynchronous' })).toThrow(
      /pace asynchronous .*time-varying topology base:k=1.*choose pace lockstep/,
    );
  });
});

describe('push-sum with links=directed', () => {
  it.each(['exponential', 'one-peer-exponential', 'equitopo', 'equitopo-dynamic'])(
    'is x <- P_t x, w <- P_t w of the one-way form, and z = x / w: %s',
    async (topology) => {
      const nodes = 7;
      const { models, violations } = await gossip(topology, 'push-sum:links=directed', { rounds: 12 });
      expect(violations).toEqual([]);
      const { directed } = buildTopology(topology, nodes, 1);
      let x = models[0]!.map((row) => [...row]);
      for (let t = 1; t < models.length; t++) {
        const { offsets, targets, shares, selfShares } = directed!.matrixAt(t);
        const p = Array.from({ length: nodes }, (_, i) =>
          Array.from({ length: nodes }, (_unused, j) => (i === j ? selfShares[j]! : 0)),
        );
        for (let j = 0; j < nodes; j++)
          for (let k = offsets[j]!; k < offsets[j + 1]!; k++) p[targets[k]!]![j] = shares[k]!;
        x = multiply(p, x);
        // P is doubly stochastic, so w stays 1 and z is x.
        for (const [i, row] of x.entries())
          for (const [k, value] of row.entries())
            expect(Math.abs(models[t]![i]![k]! - value)).toBeLessThan(1e-5);
      }
    },
  );

  it('has averaged exactly after log2 n rounds of the one-peer exponential graph, for n a power of 2', async () => {
    const start = gaussianStart(8, DIMENSION);
    const { models } = await gossip('one-peer-exponential', 'push-sum:links=directed', { start, rounds: 3 });
    expect(consensusError(models[3]!) / consensusError(start)).toBeLessThan(1e-12);
  });

  it('keeps the sums under loss, doubling and reordering', async () => {
    const link = {
      latencyMs: 8,
      jitterMs: 40,
      bandwidthMbps: 10,
      loss: 0.3,
      duplication: 0.2,
      corruption: 0.03,
    };
    for (const topology of ['exponential', 'equitopo-dynamic']) {
      const trace = await gossip(topology, 'push-sum:links=directed', { link, rounds: 25 });
      expect(trace.violations).toEqual([]);
      expect(trace.halfApplied).toBe(0);
    }
  });

  it('wants a topology with a one-way form, and no peers', () => {
    const check = (spec: string, topology: string): void =>
      requireFit(algorithms.resolve(spec), buildTopology(topology, 8, 1), {});
    expect(() => check('push-sum:links=directed', 'torus')).toThrow(/has none: choose exponential/);
    expect(() => check('push-sum:links=one-way', 'base')).toThrow(/take turns: choose links=both/);
    expect(() => algorithms.resolve('push-sum:links=directed,peers=1')).toThrow(/leave peers out/);
  });
});

it('gives no weight to an edge whose turn it is not', () => {
  const { graph, schedule } = buildTopology('random-matching', 7, 1);
  const first = schedule!.mixingAt(1);
  const weights = Array.from({ length: 7 }, (_, j) => (j === 0 ? 0 : weightOf(first, 0, j)));
  expect(weights.filter((weight) => weight !== 0).length).toBeLessThanOrEqual(1);
  expect(graph.targets.length).toBe(42);
});
