import { describe, expect, it } from 'vitest';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import { hubCases, keystonePlan, traceOnSimulator, traceOnTransport } from '../../reference/keystone.js';

describe('simulator and memory transport', () => {
  for (const topology of ['ring', 'torus']) {
    for (const algorithm of [
      'edge-choco',
      'choco',
      'exact',
      'noloco',
      'push-sum:peers=1,links=one-way',
      'edge-choco:clip=auto',
    ]) {
      it(`give bit-equal parameters in every round: ${algorithm} on a ${topology} of 8`, async () => {
        const plan = keystonePlan({ topology, algorithm });
        const hub = createMemoryNetwork();
        const [simulated, real] = [
          await traceOnSimulator(plan),
          await traceOnTransport(plan, async (init) => hub.createTransport(init)),
        ];
        expect(simulated.map((rounds) => rounds.length)).toEqual(new Array(8).fill(12));
        expect(new Set(simulated.flat()).size).toBe(8 * 12); // every peer and round has its own parameters
        expect(real).toEqual(simulated);
      });
    }
  }

  for (const [topology, algorithm] of hubCases) {
    it(`give bit-equal parameters in every round: ${algorithm} on ${topology}, where all peers have one model`, async () => {
      const plan = keystonePlan({ topology, algorithm });
      const hub = createMemoryNetwork();
      const [simulated, real] = [
        await traceOnSimulator(plan),
        await traceOnTransport(plan, async (init) => hub.createTransport(init)),
      ];
      expect(simulated.map((rounds) => rounds.length)).toEqual(new Array(8).fill(12));
      expect(new Set(simulated.flat()).size).toBe(12);
      expect(real).toEqual(simulated);
    });
  }
});
