import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createMemoryNetwork } from '../../../src/node/memory-transport.js';
import type { RoundReport } from '../../../src/node/peer.js';
import { keystonePlan, traceOnTransport } from '../../reference/keystone.js';

const SLOW_PEER = 3;
/** Turns of the event loop that a local step of the straggler takes; all steps of another take one. */
const TURNS = 100;

describe('a swarm of eight with one slow peer, on the memory transport', () => {
  it('asks the trainer of the slow peer for fewer steps, and says so of its rounds', async () => {
    const plan = keystonePlan({ topology: 'torus', algorithm: 'edge-choco', stepping: 'adaptive' });
    const { localSteps, batch } = plan.config;
    const network = createMemoryNetwork();
    const asked: number[] = [];
    const events: RoundReport['event'][] = [];
    await traceOnTransport(plan, async (init) => network.createTransport(init), {
      trainer: (node, trainer) => ({
        ...trainer,
        async train(parameters, round, steps) {
          if (node !== SLOW_PEER) return trainer.train(parameters, round, steps);
          asked.push(steps!);
          for (let turn = 0; turn < steps! * TURNS; turn++) await setImmediate();
          return trainer.train(parameters, round, steps);
        },
      }),
      round: (event) => void (event.peer === SLOW_PEER && events.push(event)),
    });
    expect(asked.slice(0, 4)).toEqual(new Array(4).fill(localSteps));
    // A hundred times slower than its neighbors, which the machine may hold up, but not a hundred times.
    expect(asked.slice(4)).toEqual(new Array(8).fill(1));
    expect(events.map(({ steps }) => steps)).toEqual(asked);
    expect(events.at(-1)!.samples).toBe(batch * asked.reduce((sum, steps) => sum + steps, 0));
  });
});
