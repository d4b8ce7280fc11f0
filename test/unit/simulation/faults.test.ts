import { describe, expect, it } from 'vitest';
import { type Fault, nextAbsence } from '../../../src/simulation/fault.js';
import { readFaults } from '../../../src/simulation/faults.js';
import { perfectLink } from '../../../src/simulation/link-model.js';
import { runSimulation } from '../../../src/simulation/simulator.js';
import { createHandDrivenPeer } from '../../reference/hand-driven-peer.js';

const scope = { peers: 10, seed: 1 };
const read = (spec: string, over: Partial<typeof scope> = {}) => readFaults([spec], { ...scope, ...over });

describe('faults by name', () => {
  it('are what happens to a peer, for good where no time is given', () => {
    expect(read('kill:peer=2,at=1500')).toEqual([{ type: 'kill', node: 2, atMs: 1500 }]);
    expect(read('freeze:peer=3,at=1500,for=2000')).toMatchObject([{ atMs: 1500, forMs: 2000 }]);
    expect(read('away:peer=3,at=5')).toEqual([
      { type: 'away', node: 3, atMs: 5, forMs: Number.POSITIVE_INFINITY },
    ]);
    expect(read('slow:peer=3')).toEqual([
      { type: 'slow', node: 3, factor: 10, atMs: 0, forMs: Number.POSITIVE_INFINITY },
    ]);
    expect(read('restart:peer=2,at=1500,after=3000')).toEqual([
      { type: 'restart', node: 2, atMs: 1500, afterMs: 3000 },
    ]);
    expect(read('join:peer=5,at=9')).toEqual([{ type: 'join', node: 5, atMs: 9 }]);
    expect(read('partition:peers=0+4-6+5,at=1,for=2')).toEqual([
      { type: 'partition', nodes: [0, 4, 5, 6], atMs: 1, forMs: 2, silent: false },
    ]);
    for (const peers of ['6-4', 'x', '1+', '5000'])
      expect(() => read(`partition:peers=${peers}`)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
    expect(() => read('partition:peers=9-10')).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
    expect(() => read('slow:factor=0')).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
    expect(() => read('kill:peer=10')).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
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

describe('faults of many peers', () => {
  it('stragglers are the share that was asked for, other peers with another seed', () => {
    const slow = read('stragglers:share=0.3,factor=4');
    expect(slow).toHaveLength(3);
    expect(slow.every((fault) => fault.type === 'slow' && fault.factor === 4 && fault.atMs === 0)).toBe(true);
    const nodes = (seed: number) =>
      read('stragglers:share=0.3', { seed }).map((fault) => ('node' in fault ? fault.node : null));
    expect(nodes(1)).toEqual(nodes(1));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => nodes(seed).join())).size).toBeGreaterThan(1);
    expect(read('stragglers:share=0')).toEqual([]);
    expect(read('stragglers:share=0.001')).toHaveLength(1);
  });

  it('churn alternates exponential times there and away, with the means that were asked for', () => {
    const there: number[] = [];
    const away: number[] = [];
    for (const first of read('churn:up=300,down=100', { peers: 40 })) {
      let fault: Fault | null = first;
      let returnedMs = 0;
      for (let k = 0; k < 100 && fault?.type === 'away'; k++) {
        there.push(fault.atMs - returnedMs);
        away.push(fault.forMs);
        returnedMs = fault.atMs + fault.forMs;
        fault = nextAbsence(fault, returnedMs);
      }
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(there).toHaveLength(4000);
    // The mean of 4000 exponential numbers has a standard deviation of 1.6%; bounds at five of them.
    expect(Math.abs(mean(there) / 300 - 1)).toBeLessThan(0.08);
    expect(Math.abs(mean(away) / 100 - 1)).toBeLessThan(0.08);
    // Exponential: a share of 1 / e is longer than the mean (binomial, standard deviation 0.8%).
    expect(Math.abs(there.filter((ms) => ms > 300).length / 4000 - Math.exp(-1))).toBeLessThan(0.04);
  });

  it('churn ends where it was told to', () => {
    expect(read('churn:up=300,down=100,until=0')).toEqual([]);
  });
});
