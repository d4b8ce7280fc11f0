/**
 * A topology that follows its members, on the driver that ships: two of five die for good, the three that are left link up
 * with one another, a late one takes the place that was free, and all agree in the end.
 */
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { planRun } from '../../../src/config/run-plan.js';
import { verifyRunConfig } from '../../../src/config/verify.js';
import { presentEdges } from '../../../src/consensus/neighbor-set.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import { Peer } from '../../../src/node/peer.js';
import { swarmTagOf } from '../../../src/wire/encode.js';

/** Of the circle 5 1 2 0 4 3: with place 5 free the ring is 1 2 0 4 3. */
const PLACES = 6;
const DEAD = [2, 4];
const LATE = 5;
const limits = { maxFrameBytes: 1 << 16 };
const swarmTag = swarmTagOf('members');

const plan = planRun(
  verifyRunConfig({
    peers: PLACES,
    topology: 'members:graph=ring',
    algorithm: 'exact',
    rounds: 1_000_000,
    task: 'quadratic:dimension=64',
    learningRate: 0.001,
    seed: 1,
  }),
  { cacheDirectory: 'unused: the quadratic has no data' },
);

it('a ring of five closes over two that die, and opens for a late one at a free place', async () => {
  const network = createMemoryNetwork();
  const states: PeerState[] = [];
  const peers: Peer[] = [];
  const dying = new Set<number>();
  const start = async (node: number, incarnation: number): Promise<number> => {
    const model = await plan.createModel(node);
    const state = plan.createPeer(node, model, { retransmitMs: null, audit: false }, incarnation);
    const trainer = plan.createTrainer(node, model);
    const neighbors = state.edges.map(({ neighbor }) => neighbor);
    const { configHash, topologyHash } = plan;
    const hello = { protocol: 4, swarm: 'members', configHash, topologyHash, layoutHash: '', ...limits };
    states[node] = state;
    peers[node] = new Peer({
      state,
      transport: network.createTransport({ node, neighbors, hello, limits, swarmTag }),
      trainer: {
        ...trainer,
        async train(parameters, round) {
          await setTimeout(1); // rounds of a millisecond, so that views settle within a few hundred
          if (dying.has(node)) throw new Error('killed');
          return trainer.train(parameters, round);
        },
      },
      clock: systemClock,
      swarmTag,
      limits,
      evaluateEvery: 1_000_000,
      startTimeoutMs: 1,
      // In memory nobody announces anything: who is not heard on a link is absent when it says so, as it does when it ends.
      membership: { rule: plan.topology.membership!, places: PLACES, absentMs: 1_000_000, settleMs: 20 },
      onRound() {},
      onEdge() {},
    });
    return peers[node].run();
  };
  /** The neighbors with whom more exchanges than `least` have been made. */
  const partners = (node: number, least: number): number[] =>
    presentEdges(states[node]!)
      .filter(({ applied, status }) => status === 'active' && applied > least)
      .map(({ neighbor }) => neighbor);
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await setTimeout(5);
  };

  const runs = [0, 1, 2, 3, 4].map((node) => start(node, 0));
  const ended = runs.map((run) => run.catch((error: Error) => error.message));
  await until(() => peers.length === 5 && [0, 1, 3].every((node) => states[node]!.round > 3));
  for (const peer of peers) peer.expectNot(LATE); // whoever starts the swarm knows that it has not started this one
  await until(() => partners(1, 0).includes(3) && partners(3, 0).includes(1));

  for (const node of DEAD) dying.add(node);
  expect(await Promise.all(DEAD.map((node) => ended[node]))).toEqual(['killed', 'killed']);
  await until(() => [0, 1, 3].every((node) => partners(node, 20).length === 2));
  expect([0, 1, 3].map((node) => partners(node, 20))).toEqual([
    [1, 3],
    [0, 3],
    [0, 1],
  ]);

  ended.push(start(LATE, 1).catch((error: Error) => error.message));
  await until(() => states[LATE] !== undefined && partners(LATE, 50).length === 2);
  expect([0, 1, 3, LATE].map((node) => partners(node, 20))).toEqual([
    [1, 3],
    [0, LATE],
    [0, LATE],
    [1, 3],
  ]);
  // Each pulls by a thousandth a step to an optimum of its own, some units from the others': gossip keeps them together.
  const living = [0, 1, 3, LATE].map((node) => states[node]!.parameters.slice());
  const spread = Math.max(
    ...living[0]!.map((_, k) => {
      const values = living.map((parameters) => parameters[k]!);
      return Math.max(...values) - Math.min(...values);
    }),
  );
  expect(spread).toBeLessThan(0.05);

  const furthest = Math.max(...states.map(({ round }) => round));
  for (const node of [0, 1, 3, LATE]) peers[node]!.requestStop(furthest + 5);
  expect(await Promise.all([0, 1, 3, LATE].map((node) => ended[node]))).not.toContain('killed');
});
