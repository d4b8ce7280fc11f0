import { describe, expect, it } from 'vitest';
import { buildTopology, topologies } from '../../../src/topology/registry.js';

describe('topologies', () => {
  it('lists the families with a line about each', () => {
    expect(topologies.entries.map(({ name }) => name)).toEqual([
      'ring',
      'path',
      'torus',
      'grid',
      'hypercube',
      'tree',
      'exponential',
      'equitopo',
      'random',
      'random-regular',
      'watts-strogatz',
      'barabasi-albert',
      'geometric',
      'stochastic-block',
      'complete',
      'star',
      'graph-file',
      'latency',
      'members',
      'one-peer-exponential',
      'base',
      'equitopo-dynamic',
      'random-matching',
    ]);
    for (const { summary } of topologies.entries) expect(summary.length).toBeGreaterThan(10);
  });

  it('answers a wrong name with the nearest and a wrong key with those that exist', () => {
    expect(() => buildTopology('tours', 8, 0)).toThrow(/unknown topology "tours". Did you mean "torus"\?/);
    expect(() => buildTopology('torus:row=2', 8, 0)).toThrow(/Did you mean "rows"/);
    expect(() => buildTopology('ring:degree=2', 8, 0)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
  });

  it('spells out what does not depend on the number of nodes before it is known', () => {
    expect(topologies.canonical('random-regular')).toBe('random-regular:degree=4');
    expect(topologies.resolve('torus').spec).toBe('torus');
  });

  it.each([0, -1, 2.5, Number.NaN, 1_000_001])('refuses %d nodes', (nodes) => {
    expect(() => buildTopology('ring', nodes, 0)).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
    expect(() => buildTopology('ring', nodes, 0)).toThrow(/wanted an integer from 1 to 1000000/);
  });
});
