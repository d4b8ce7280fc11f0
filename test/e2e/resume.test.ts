/** Stopped and taken up again over libp2p: every algorithm among peers of one process, and the command as users run it. */
import { describe, expect, it } from 'vitest';
import { createLibp2pTransport } from '../../src/node/libp2p-transport.js';
import { createMemoryNetwork } from '../../src/node/memory-transport.js';
import { resumeOnTransport } from '../reference/resumed-run.js';
import { resumedRuns, titleOf } from '../reference/resumed-runs.js';

describe('a swarm over libp2p that goes on from files', () => {
  for (const run of resumedRuns) {
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
