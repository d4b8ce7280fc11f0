/** A peer that dies and is started again, on the driver that ships. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { planRun } from '../../../src/config/run-plan.js';
import { verifyRunConfig } from '../../../src/config/verify.js';
import type { PeerState } from '../../../src/consensus/peer-state.js';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import { Peer } from '../../../src/node/peer.js';
import { swarmTagOf } from '../../../src/wire/encode.js';
import { edgeOf } from '../../reference/hand-driven-peer.js';

const ROUNDS = 60;
const VICTIM = 2;
const DIES_IN_ROUND = 10;
const limits = { maxFrameBytes: 1 << 16 };
const swarmTag = swarmTagOf('rejoin');

it('gets the model of a neighbor over its links, and ends where the others do', async () => {
  const config = verifyRunConfig({
    peers: 4,
    topology: 'ring',
    rounds: ROUNDS,
    task: 'quadratic:dimension=64',
    learningRate: 0.05,
    seed: 5,
  });
  const plan = planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
  const network = createMemoryNetwork();
  const states: PeerState[] = [];
  const rounds: number[][] = [];
  const notices: string[] = [];
  let died = false;

  const runPeer = async (node: number, incarnation: number): Promise<number> => {
    const model = await plan.createModel(node);
    const state = plan.createPeer(node, model, { retransmitMs: null, audit: false }, incarnation);
    states[node] = state;
    const mine: number[] = [];
    rounds[node] = mine;
    const trainer = plan.createTrainer(node, model);
    const neighbors = state.edges.map(({ neighbor }) => neighbor);
    const { configHash, topologyHash } = plan;
    const hello = { protocol: 4, swarm: 'rejoin', configHash, topologyHash, layoutHash: '', ...limits };
    return new Peer({
      state,
      transport: network.createTransport({ node, neighbors, hello, limits, swarmTag }),
      trainer: {
        ...trainer,
        async train(parameters, round) {
          if (node === VICTIM && incarnation === 0 && round === DIES_IN_ROUND) {
            died = true;
            for (const neighbor of neighbors) network.cut(node, neighbor);
            throw new Error('killed');
          }
          // The others are not to be done before it is back.
          while (died && node !== VICTIM && round > DIES_IN_ROUND + 20 && states[VICTIM]!.incarnation === 0)
            await setImmediate();
          return trainer.train(parameters, round);
        },
      },
      clock: systemClock,
      swarmTag,
      limits,
      evaluateEvery: 1000,
      startTimeoutMs: 30_000,
      onRound: ({ event }) => mine.push(event.round),
      onEdge() {},
      onNotice: ({ code }) => notices.push(`${node} ${code}`),
    }).run();
  };

  const runs = [0, 1, 3].map((node) => runPeer(node, 0));
  await expect(runPeer(VICTIM, 0)).rejects.toThrow('killed');
  runs.push(runPeer(VICTIM, 1));
  for (const neighbor of [1, 3]) network.mend(VICTIM, neighbor);
  expect(await Promise.all(runs)).toEqual([ROUNDS, ROUNDS, ROUNDS, ROUNDS]);

  expect(rounds[VICTIM]![0]).toBeGreaterThanOrEqual(DIES_IN_ROUND); // the round of its donor, not its own first
  expect(rounds[VICTIM]!.at(-1)).toBe(ROUNDS);
  expect(notices).toContain('2 JOINED');
  expect(notices).toContain('1 PEER_RESTARTED');
  const edge = edgeOf(states[1]!, VICTIM);
  expect(edge.theirIncarnation).toBe(1);
  expect(edge.applied).toBeGreaterThan(5);
  const distance = states[VICTIM]!.parameters.reduce(
    (sum, x, k) => sum + (x - states[0]!.parameters[k]!) ** 2,
    0,
  );
  const apart = Math.sqrt(distance / 64);
  expect(apart).toBeLessThan(0.5); // entries are of size 1, and start that far from the optimum
});
