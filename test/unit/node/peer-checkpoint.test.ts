import { describe, expect, it } from 'vitest';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import { resumeOnTransport } from '../../reference/resumed-run.js';

describe('peers on links that are saved in the middle of a run', () => {
  for (const algorithm of ['edge-choco', 'push-sum:peers=1,links=one-way', 'ef21']) {
    it(`go on from their files as if they had never stopped, and count on: ${algorithm}`, async () => {
      const [first, second] = [createMemoryNetwork(), createMemoryNetwork()];
      const topology = algorithm === 'ef21' ? 'star' : 'torus';
      const { whole, resumed } = await resumeOnTransport(
        { topology, algorithm, rounds: 8 },
        {
          first: async (init) => first.createTransport(init),
          second: async (init) => second.createTransport(init),
        },
      );
      expect(resumed.trace).toEqual(whole.trace.map((rounds) => rounds.slice(4)));
      expect(resumed.trace.every((rounds) => rounds.length === 4)).toBe(true);
      expect(resumed.payloadBytes).toEqual(whole.payloadBytes);
      expect(resumed.samples).toEqual(whole.samples);
    });
  }
});
