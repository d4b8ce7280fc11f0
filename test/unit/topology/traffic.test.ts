import { describe, expect, it } from 'vitest';
import { buildTopology } from '../../../src/topology/registry.js';
import { bytesOf, trafficOf } from '../../../src/topology/traffic.js';

describe('trafficOf', () => {
  it('sends a message each way on each edge', () => {
    expect(trafficOf(buildTopology('torus', 16, 0))).toEqual({
      messages: 64,
      sentPerPeer: { mean: 4, max: 4 },
    });
    expect(trafficOf(buildTopology('star', 5, 0))).toEqual({
      messages: 8,
      sentPerPeer: { mean: 1.6, max: 4 },
    });
    expect(trafficOf(buildTopology('ring', 1, 0))).toEqual({ messages: 0, sentPerPeer: { mean: 0, max: 0 } });
  });

  it('takes the mean over the rounds of a schedule, and counts no edge that rests', () => {
    const ring = buildTopology('ring', 4, 0);
    const { mixing } = ring;
    // Round 2 rests on both edges of node 0, 0-1 and 0-3: neighbors of 0 are targets 0 and 1, and it is the first of 1 and 3.
    const weights = mixing.weights.slice();
    for (const at of [0, 1, 2, 6]) weights[at] = 0;
    const rounds = [mixing, { ...mixing, weights }];
    const schedule = { period: 2, mixingAt: (round: number) => rounds[(round - 1) % 2]! };
    expect(trafficOf({ ...ring, schedule })).toEqual({ messages: 6, sentPerPeer: { mean: 1.5, max: 2 } });
  });
});

describe('bytesOf', () => {
  it('multiplies by the size of a message', () => {
    expect(bytesOf({ messages: 8, sentPerPeer: { mean: 1.6, max: 4 } }, 1000)).toEqual({
      message: 1000,
      total: 8000,
      perPeer: { mean: 1600, max: 4000 },
    });
  });
});
