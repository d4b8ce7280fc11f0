import { describe, expect, it } from 'vitest';
import { createLibp2pTransport } from '../../src/node/libp2p-transport.js';
import { hubCases, keystonePlan, traceOnSimulator, traceOnTransport } from '../reference/keystone.js';

describe('simulator and libp2p', () => {
  for (const topology of ['ring', 'torus']) {
    for (const algorithm of ['edge-choco', 'choco', 'exact', 'noloco', 'push-sum:peers=1,links=one-way']) {
      it(`give bit-equal parameters in every round: ${algorithm} on a ${topology} of 8`, async () => {
        const plan = keystonePlan({ topology, algorithm });
        const simulated = await traceOnSimulator(plan);
        const real = await traceOnTransport(plan, async (init, bootstrap) =>
          createLibp2pTransport({ ...init, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap }),
        );
        expect(simulated.map((rounds) => rounds.length)).toEqual(new Array(8).fill(12));
        expect(real).toEqual(simulated);
      });
    }
  }

  for (const [topology, algorithm] of hubCases) {
    it(`give bit-equal parameters in every round: ${algorithm} on ${topology}, where all peers have one model`, async () => {
      const plan = keystonePlan({ topology, algorithm });
      const simulated = await traceOnSimulator(plan);
      const real = await traceOnTransport(plan, async (init, bootstrap) =>
        createLibp2pTransport({ ...init, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap }),
      );
      expect(new Set(simulated.flat()).size).toBe(12);
      expect(real).toEqual(simulated);
    });
  }
});
