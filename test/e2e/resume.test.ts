/** Stopped and taken up again over libp2p: every algorithm among peers of one process, and the command as users run it. */
import { describe, expect, it } from 'vitest';
import { createLibp2pTransport } from '../../src/node/libp2p-transport.js';
import { createMemoryNetwork } from '../../src/node/memory-transport.js';
import { resumeOnTransport } from '../reference/resumed-run.js';
import { resumedRuns, titleOf } from '../reference/resumed-runs.js';

/** A hub, every peer a hub, replicas of edges and of nodes, trackers, weights of push-sum, random pairs. */
const sample = /^(artemis|power-sgd|edge-choco|beer|push-sum:|noloco)/;
const full = process.env.CHECKPOINT_TRIES !== undefined; // npm run test:checkpoints takes them all
const runs = full ? resumedRuns : resumedRuns.filter(({ algorithm }) => sample.test(algorithm));

describe('a swarm over libp2p that goes on from files', () => {
  for (const run of runs) {
    it(`is the swarm that was never stopped, to the bit: ${titleOf(run)}`, async () => {
      const memory = createMemoryNetwork(); // its bits are libp2p's (e2e/keystone)
      const { whole, resumed } = await resumeOnTransport(run, {
        first: async (init) => memory.createTransport(init),
        second: async (init, bootstrap) =>
          createLibp2pTransport({ ...init, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap }),
      });
      expect(resumed.trace).toEqual(whole.trace.map((rounds) => rounds.slice(run.rounds / 2)));
      expect(resumed.payloadBytes).toEqual(whole.payloadBytes);
    });
  }
});
