/** What the asynchronous pace is for, and what it must not cost, on quadratics in virtual time. */
import { describe, expect, it } from 'vitest';
import type { Pace } from '../../src/consensus/algorithm.js';
import {
  type AlgorithmRun,
  createQuadratics,
  distanceTo,
  gaussianStart,
  meanOf,
  runAlgorithm,
} from '../reference/algorithm-run.js';
import { consensusError, oneBlock } from '../reference/gossip-run.js';

const NODES = 8;
const DIMENSION = 12;
const problem = createQuadratics(NODES, DIMENSION);
const common = gaussianStart(1, DIMENSION, 'common')[0]!;
const straggler = { type: 'slow', node: 3, factor: 10, atMs: 0, forMs: Number.POSITIVE_INFINITY } as const;
const ROUNDS = 60;

function runOf(algorithm: string, pace: Pace, over: Partial<AlgorithmRun> = {}): AlgorithmRun {
  return {
    topology: 'torus',
    algorithm,
    compressor: algorithm === 'edge-choco' ? 'low-rank:rank=2,bits=8' : 'none',
    blocks: oneBlock(3, 4),
    start: Array.from({ length: NODES }, () => common),
    rounds: ROUNDS,
    step: problem.step(0.05),
    pace,
    ...over,
  };
}

const overEdges = ['exact', 'edge-choco', 'power-gossip:rank=1,iterations=2', 'pgq:rank=2,iterations=2'];
/** With several exchanges a round lockstep ends each on all edges before the next, which no edge waits for here. */
const oneExchange = ['exact', 'edge-choco', 'power-gossip:rank=1', 'pgq:rank=2,iterations=1'];

/** How far apart peers are that never hear of each other. */
function apartAlone(): number {
  const models = Array.from({ length: NODES }, (_, node) => {
    let x = Array.from(common);
    for (let t = 0; t < ROUNDS; t++) {
      const u = problem.step(0.05)(node, x);
      x = x.map((value, k) => value - u[k]!);
    }
    return Float32Array.from(x);
  });
  return consensusError(models);
}

describe('the asynchronous pace', () => {
  it.each(oneExchange)('is lockstep where all are equally quick and links instant: %s', async (algorithm) => {
    const [free, bound] = [
      await runAlgorithm(runOf(algorithm, 'asynchronous')),
      await runAlgorithm(runOf(algorithm, 'lockstep')),
    ];
    // The last round is another: it closes with further exchanges. Corrections are added in another order, and rounded so.
    for (let t = 1; t < ROUNDS; t++)
      for (const [node, model] of free.models[t]!.entries()) {
        const differences = model.map((value, k) => Math.abs(value - bound.models[t]![node]![k]!));
        expect(Math.max(...differences), `round ${t}`).toBeLessThan(1e-5);
      }
    expect(free.violations).toEqual([]);
  });

  it.each([...overEdges, 'ad-psgd'])(
    'waits for no straggler, and ends in consensus with it: %s',
    async (algorithm) => {
      const faults = [straggler];
      const free = await runAlgorithm(runOf(algorithm, 'asynchronous', { faults }));
      const bound = await runAlgorithm(runOf(algorithm, 'lockstep', { faults }));
      const quick = (roundMs: readonly (readonly number[])[]): number =>
        Math.max(...roundMs[ROUNDS - 2]!.filter((_, node) => node !== 3));
      // A round of training takes 1 ms, the straggler's 10; links are instant.
      expect(quick(free.roundMs)).toBe(ROUNDS - 1);
      if (algorithm !== 'ad-psgd') expect(quick(bound.roundMs)).toBe(10 * (ROUNDS - 1));
      expect(free.roundMs.at(-1)!.every((ms) => ms === 10 * ROUNDS)).toBe(true); // all leave together
      expect(free.violations).toEqual([]);
      expect(free.halfApplied).toBe(0);
      expect(free.notices).toEqual([]);
      // For nine tenths of the time one peer alone pulls at all; gossip holds it back.
      expect(consensusError([...free.models.at(-1)!])).toBeLessThan(0.05 * apartAlone());
      // Near the optimum, though the last to train was one peer alone: a tenth of the way from the start.
      const start = distanceTo(problem.optimum, free.models[0]!);
      expect(distanceTo(problem.optimum, free.models.at(-1)!)).toBeLessThan(0.35 * start);
    },
  );

  it('makes an exchange a round of the quicker end, not of the slower', async () => {
    const { states } = await runAlgorithm(runOf('exact', 'asynchronous', { faults: [straggler] }));
    const exchanges = states[3]!.edges.map(({ applied }) => applied);
    // 60 rounds of the neighbors, then 540 of 10 ms each in which the straggler begins, and the closing levels.
    for (const count of exchanges) {
      expect(count).toBeGreaterThanOrEqual(ROUNDS + (10 * ROUNDS - ROUNDS) / 10);
      expect(count).toBeLessThan(1.15 * 2 * ROUNDS);
    }
  });

  it('keeps the mean of gossip alone', async () => {
    const start = gaussianStart(NODES, DIMENSION);
    const step = (_node: number, x: ArrayLike<number>): number[] => Array.from(x, () => 0);
    for (const algorithm of [...overEdges, 'ad-psgd']) {
      const { models } = await runAlgorithm(
        runOf(algorithm, 'asynchronous', { start, step, faults: [straggler], initialReplica: common }),
      );
      const [before, after] = [meanOf(start), meanOf(models.at(-1)!)];
      before.forEach((value, k) => expect(Math.abs(after[k]! - value)).toBeLessThan(1e-5));
      expect(consensusError([...models.at(-1)!])).toBeLessThan(0.05 * consensusError(start));
    }
  });

  it('stops sending when nothing is missing: frames that cross are not answered for ever', async () => {
    const link = {
      latencyMs: 5,
      jitterMs: 7,
      bandwidthMbps: 1000,
      loss: 0.09,
      duplication: 0.18,
      corruption: 0.03,
    };
    let sent = 0;
    const counted = runOf('exact', 'asynchronous', { link, rounds: 30 });
    const { states } = await runAlgorithm({ ...counted, onSent: () => (sent += 1) });
    const exchanges = states.reduce(
      (sum, { edges }) => sum + edges.reduce((all, { applied }) => all + applied, 0),
      0,
    );
    // Each end sends one difference an exchange, and again what was lost (12 in 100) or late.
    expect(sent / exchanges).toBeLessThan(3);
  });
});
