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
    expect(faults.resolve('restart:peer=2,at=1500,after=3000')).toEqual({
      type: 'restart',
      node: 2,
      atMs: 1500,
      afterMs: 3000,
    });
    expect(faults.resolve('join:peer=5,at=9')).toEqual({ type: 'join', node: 5, atMs: 9 });
    expect(faults.resolve('partition:peers=0+4-6+5,at=1,for=2')).toEqual({
      type: 'partition',
      nodes: [0, 4, 5, 6],
      atMs: 1,
      forMs: 2,
      silent: false,
    });
    for (const peers of ['6-4', 'x', '1+', '5000'])
      expect(() => faults.resolve(`partition:peers=${peers}`)).toThrow(
        expect.objectContaining({ code: 'BAD_SPEC' }),
      );
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
