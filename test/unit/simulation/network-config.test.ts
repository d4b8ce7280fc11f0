import { describe, expect, it } from 'vitest';
import { type SimulationConfig, simulationConfigSchema } from '../../../src/config/schema.js';
import { createNetwork, trainingTimes } from '../../../src/simulation/network-config.js';

/** A path of four peers. */
const swarm = {
  peers: 4,
  neighborsOf: (node: number) => [node - 1, node + 1].filter((other) => other >= 0 && other < 4),
};
const configOf = (given: Partial<SimulationConfig>) =>
  simulationConfigSchema.parse({ latencyMs: 10, ...given }) as SimulationConfig;
const networkOf = (given: Partial<SimulationConfig>) => createNetwork(configOf(given), swarm);

const failsWith = (code: string) => expect.objectContaining({ code });

describe('the network of a configuration', () => {
  it('is one link for all where nothing else is said', () => {
    const { linkBetween, access } = networkOf({ loss: 0.1 });
    expect(linkBetween(0, 1)).toBe(linkBetween(3, 2));
    expect(linkBetween(0, 1)).toMatchObject({ latencyMs: 10, bandwidthMbps: 1000, loss: 0.1 });
    expect(access!(0)).toEqual({});
  });

  it('has the delays of a matrix, by direction', () => {
    const latencyMatrix = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => 10 * i + j));
    const { linkBetween } = networkOf({ latencyMatrix });
    expect([linkBetween(1, 2).latencyMs, linkBetween(2, 1).latencyMs]).toEqual([12, 21]);
  });

  it('has what is said of an edge in both directions, and of no other edge', () => {
    const { linkBetween } = networkOf({ links: ['1-2:latency=100,bandwidth=1,loss=0.02'] });
    for (const link of [linkBetween(1, 2), linkBetween(2, 1)])
      expect(link).toMatchObject({ latencyMs: 100, bandwidthMbps: 1, loss: 0.02 });
    expect(linkBetween(0, 1).latencyMs).toBe(10);
  });

  it('has what is said of a peer on all its edges, until a later spec says otherwise', () => {
    const { linkBetween, access } = networkOf({
      uplinkMbps: 50,
      links: ['1:latency=40,uplink=2,downlink=20', '1-2:latency=7'],
    });
    expect([linkBetween(0, 1), linkBetween(1, 2), linkBetween(2, 3)].map((l) => l.latencyMs)).toEqual([
      40, 7, 10,
    ]);
    expect(access!(1)).toEqual({ uplinkMbps: 2, downlinkMbps: 20 });
    expect(access!(2)).toEqual({ uplinkMbps: 50 });
  });

  it.each([
    ['0-2:latency=1', 'BAD_CONFIG'], // no neighbors
    ['0-4:latency=1', 'BAD_CONFIG'],
    ['9:uplink=1', 'BAD_CONFIG'],
    ['0-1:uplink=1', 'BAD_SPEC'], // a peer's, not an edge's
    ['0-1:latency=-1', 'BAD_SPEC'],
    ['0-1:bandwidth=0', 'BAD_SPEC'],
    ['0-1-2:latency=1', 'BAD_SPEC'],
    ['ring:latency=1', 'BAD_SPEC'],
  ])('refuses %s', (spec, code) => {
    expect(() => networkOf({ links: [spec] })).toThrow(failsWith(code));
  });

  it('refuses bursts that no chain has, of all links or of one', () => {
    expect(() => networkOf({ loss: 0.8, lossBurst: 2 })).toThrow(failsWith('BAD_CONFIG'));
    expect(() => networkOf({ lossBurst: 2, links: ['0-1:loss=0.8'] })).toThrow(failsWith('BAD_CONFIG'));
    expect(networkOf({ loss: 0.5, lossBurst: 2 }).linkBetween(0, 1)).toMatchObject({ lossBurst: 2 });
  });
});

describe('training times', () => {
  it('are local steps by their duration', () => {
    expect(trainingTimes({ stepMs: 3 }, { localSteps: 5, seed: 1 })(2, 7)).toBe(15);
  });

  it('vary by peer and round around the same mean, with the deviation that was asked for', () => {
    const times = trainingTimes({ stepMs: 2, stepJitter: 0.5 }, { localSteps: 5, seed: 1 });
    const logs = Array.from({ length: 10_000 }, (_, k) => Math.log(times(k % 100, Math.floor(k / 100)) / 10));
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length);
    expect(Math.abs(mean + 0.125)).toBeLessThan(0.025); // -s^2 / 2, so that the mean time is 10; five deviations of 0.005
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.02);
    expect(times(3, 4)).toBe(trainingTimes({ stepMs: 2, stepJitter: 0.5 }, { localSteps: 5, seed: 1 })(3, 4));
  });
});
