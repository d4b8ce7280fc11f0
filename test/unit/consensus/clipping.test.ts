import { describe, expect, it } from 'vitest';
import { compressors } from '../../../src/compression/registry.js';
import {
  automaticRadius,
  type Clipping,
  clipInto,
  createDistances,
  DISTANCE_ROUNDS,
  radiusParts,
} from '../../../src/consensus/clipping.js';
import { algorithms } from '../../../src/consensus/registry.js';
import type { DeltaPart } from '../../../src/wire/frame.js';
import { createHandDrivenPeer, denseMessage, handDelta } from '../../reference/hand-driven-peer.js';

const identity = compressors.resolve('none');
const clipping: Clipping = { radius: 'auto', byzantine: 1, identity };

/** Distances 1, 2, ... to neighbors 0, 1, ..., seen in `round`. */
function seen(distances: readonly number[], round = 1) {
  const all = createDistances();
  all.round = round;
  distances.forEach((distance, neighbor) => all.latest[0]!.set(neighbor, { round, distance }));
  return all;
}

describe('the automatic radius', () => {
  it('is the (f + 1)-th largest distance, by number and not by text', () => {
    expect(automaticRadius(seen([5, 100, 20, 9]), 0)).toBe(100);
    expect(automaticRadius(seen([5, 100, 20, 9]), 1)).toBe(20);
    expect(automaticRadius(seen([5, 100, 20, 9]), 3)).toBe(5);
  });

  it('is 0 where no more than f distances are known', () => {
    expect(automaticRadius(seen([]), 0)).toBe(0);
    expect(automaticRadius(seen([7, 8]), 2)).toBe(0);
  });

  it('forgets a distance after DISTANCE_ROUNDS rounds', () => {
    const distances = seen([3, 4]);
    distances.round += DISTANCE_ROUNDS;
    expect(automaticRadius(distances, 1)).toBe(3);
    distances.round += 1;
    expect(automaticRadius(distances, 1)).toBe(0);
  });
});

describe('a correction that is clipped', () => {
  const radius = (value: number): DeltaPart => ({ kind: 'replace', stream: 1, bytes: denseMessage([value]) });
  const clip = (correction: number[], theirs: readonly DeltaPart[], distances = createDistances()) => {
    const out = Float32Array.from(correction);
    const own = handDelta(1, [], { parts: [radius(10)] });
    const at = { neighbor: 4, own, theirs: { ...own, parts: theirs }, factor: 0.5 };
    clipInto(out, { clipping, distances, ...at, parameters: Float32Array.of(1, 1) });
    return out;
  };

  it('is at most factor times the smaller radius long, and keeps its direction', () => {
    expect(clip([30, 40], [radius(6)])).toEqual(Float32Array.of(1.8, 2.4));
    expect(clip([30, 40], [radius(1000)])).toEqual(Float32Array.of(3, 4));
  });

  it('stays as it is where it is shorter', () => {
    expect(clip([1, 2], [radius(6)])).toEqual(Float32Array.of(1, 2));
  });

  it('leaves the distance that it was before clipping for the next radius', () => {
    const distances = createDistances();
    clip([30, 40], [radius(6)], distances);
    expect(distances.latest[0]!.get(4)).toEqual({ round: 0, distance: 100 });
  });

  it.each([
    ['no radius', []],
    ['two radii', [radius(1), radius(2)]],
    ['a radius below 0', [radius(-1)]],
    ['a radius that is no number', [radius(Number.NaN)]],
  ])('is refused with %s', (_what, parts) => {
    const wanted = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    expect(() => clip([1, 2], parts)).toThrow(wanted);
  });

  it('is refused where it is beyond measure, before anything is noted', () => {
    const distances = createDistances();
    expect(() => clip([1e9, 0], [radius(6)], distances)).toThrow(/beyond measure/);
    expect(distances.latest[0]!.size).toBe(0);
  });
});

describe('algorithms that clip', () => {
  it('send one number beside each message, and none where the radius was given', () => {
    const [part, ...more] = radiusParts(clipping, seen([3, 4]));
    expect(part).toEqual({ kind: 'replace', stream: 1, bytes: denseMessage([3]) });
    expect(more).toEqual([]);
    expect(radiusParts({ ...clipping, radius: 2 }, seen([3, 4]))).toEqual([]);
  });

  it.each([
    'clipped-gossip:byzantine=2',
    'nearest-neighbor:byzantine=2',
    'edge-choco:clip=auto,byzantine=2',
    'pgq:clip=auto,byzantine=2',
  ])('refuse a peer all of whose neighbors may lie: %s', (algorithm) => {
    const peer = { node: 0, parameters: [1, 2], algorithm };
    expect(() => createHandDrivenPeer({ ...peer, neighbors: [1, 2] })).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIG' }),
    );
    expect(createHandDrivenPeer({ ...peer, neighbors: [1, 2, 3] }).phase).toBe('idle');
  });

  it('leave specs without clip what they were, and spell out byzantine with it', () => {
    expect(algorithms.canonical('edge-choco')).toBe('edge-choco:gamma=1');
    expect(algorithms.canonical('edge-choco:clip=none')).toBe('edge-choco:gamma=1');
    expect(algorithms.canonical('edge-choco:clip=auto')).toBe('edge-choco:gamma=1,clip=auto,byzantine=1');
    expect(algorithms.canonical('edge-choco:clip=0.5')).toBe('edge-choco:gamma=1,clip=0.5');
  });
});
