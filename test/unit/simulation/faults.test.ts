import { describe, expect, it } from 'vitest';
import { faults } from '../../../src/simulation/faults.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { type Fault, runSimulation } from '../../../src/simulation/simulator.js';
import { createHandDrivenPeer } from '../../reference/hand-driven-peer.js';

describe('faults by name', () => {
  it('are what happens to a process, for good where no time is given', () => {
    expect(faults.resolve('kill:peer=2,at=1500')).toEqual({ type: 'kill', node: 2, atMs: 1500 });
    expect(faults.resolve('freeze:peer=3,at=1500,for=2000')).toMatchObject({ atMs: 1500, forMs: 2000 });
    expect(faults.resolve('slow:peer=3')).toEqual({
      type: 'slow',
      node: 3,
      factor: 10,
      atMs: 0,
      forMs: Number.POSITIVE_INFINITY,
    });
    expect(() => faults.resolve('slow:factor=0')).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
  });

  it('slow makes training that begins within its time take longer', async () => {
    const took: number[] = [];
    const peer = createHandDrivenPeer({ node: 0, neighbors: [], parameters: [1], options: { rounds: 5 } });
    const fault: Fault = { type: 'slow', node: 0, factor: 4, atMs: 10, forMs: 50 };
    await runSimulation({
      peers: [peer],
      train: async (_node, _round, parameters) => ({ parameters: parameters.slice(), loss: 0, samples: 1 }),
      trainingMs: () => 10,
      link: perfectLink,
      faults: [fault],
      seed: 1,
      maxFrameBytes: 1000,
      horizonMs: Number.POSITIVE_INFINITY,
      observe: ({ training }) => void (training !== null && took.push(training.tookMs)),
    });
    expect(took).toEqual([10, 40, 40, 10, 10]); // begun at 0, 10, 50, 90 and 100 ms
  });
});
