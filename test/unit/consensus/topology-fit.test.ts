import { describe, expect, it } from 'vitest';
import { algorithms } from '../../../src/consensus/registry.js';
import { requireFit } from '../../../src/consensus/topology-fit.js';
import { buildTopology } from '../../../src/topology/registry.js';

describe('an algorithm and a topology', () => {
  it.each(['clipped-gossip:byzantine=2', 'nearest-neighbor:byzantine=2', 'edge-choco:clip=auto,byzantine=2'])(
    '%s wants each peer to have more neighbors than may lie, and the whole graph is looked at',
    (spec) => {
      // All peers of a grid but those at its rim have four neighbors; the corners have two.
      const runOn = (topology: string) => () =>
        requireFit(algorithms.resolve(spec), buildTopology(topology, 16, 1), {});
      expect(runOn('torus')).not.toThrow();
      expect(runOn('grid')).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
      expect(runOn('grid')).toThrow(
        /byzantine=2 needs peers with more neighbors than may lie, got one with 2/,
      );
    },
  );
});
