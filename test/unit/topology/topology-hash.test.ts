import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildTopology } from '../../../src/topology/registry.js';
import { topologyHash } from '../../../src/topology/topology-hash.js';

describe('topologyHash', () => {
  it('is the head of the SHA-256 of the documented text', () => {
    const text = 'grapevine topology 1\n4\n0 1 0.25\n0 2 0.25\n0 3 0.25\n';
    expect(topologyHash(buildTopology('star', 4, 0))).toBe(
      createHash('sha256').update(text).digest('hex').slice(0, 16),
    );
  });

  it('is the same for the same graph under another name', () => {
    expect(topologyHash(buildTopology('torus:rows=1,cols=7', 7, 0))).toBe(
      topologyHash(buildTopology('ring', 7, 3)),
    );
  });

  it('changes with the nodes, the edges and the weights', () => {
    const ring = buildTopology('ring', 8, 0);
    const heavier = {
      ...ring.mixing,
      weights: ring.mixing.weights.map((weight) => weight * (1 + Number.EPSILON)),
    };
    const hashes = [
      ring,
      buildTopology('ring', 9, 0),
      buildTopology('complete', 8, 0),
      buildTopology('random', 8, 1),
      buildTopology('random', 8, 2),
      { mixing: heavier },
    ].map(topologyHash);
    expect(new Set(hashes).size).toBe(hashes.length);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('does not move between versions: peers of different releases compare it', () => {
    expect(topologyHash(buildTopology('random-regular', 16, 1))).toBe('e32a53bbce8e3d5d');
    expect(topologyHash(buildTopology('random', 16, 1))).toBe('cf0b9fd753913dd5');
  });
});
