import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  membershipEdges,
  membershipTopologies,
  neighborsFor,
} from '../../../src/topology/membership-topology.js';

const seed = 7;
const ids = (count: number): string[] => Array.from({ length: count }, (_, k) => `peer-${k}`);
const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 24 });

/** Members that `first` reaches, by walking. */
function reached(all: readonly string[], neighbors: (id: string) => readonly string[]): Set<string> {
  const seen = new Set([all[0]!]);
  for (const id of seen) for (const neighbor of neighbors(id)) seen.add(neighbor);
  return seen;
}

const changed = (
  before: readonly string[],
  after: readonly string[],
  topology: Parameters<typeof membershipEdges>[1],
) => {
  const [old, now] = [before, after].map(
    (all) => new Set(membershipEdges(all, topology).map((edge) => edge.join(' '))),
  );
  return (
    [...old!].filter((edge) => !now!.has(edge)).length + [...now!].filter((edge) => !old!.has(edge)).length
  );
};

describe.each(membershipTopologies)('%s of changing members', (family) => {
  const topology = { family, seed };

  it('is connected, symmetric and without loops, for any ids', () => {
    fc.assert(
      fc.property(members, (all) => {
        const neighbors = (id: string): readonly string[] => neighborsFor(all, id, topology);
        expect(reached(all, neighbors)).toEqual(new Set(all));
        for (const id of all) {
          expect(neighbors(id)).not.toContain(id);
          for (const neighbor of neighbors(id)) expect(neighbors(neighbor)).toContain(id);
        }
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it('is the same at all peers, in whatever order and how often they have heard of each other', () => {
    fc.assert(
      fc.property(members, (all) => {
        const shuffled = [...all].reverse().concat(all[0]!);
        expect(membershipEdges(shuffled, topology)).toEqual(membershipEdges(all, topology));
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('changes few edges with one join, the fewer a member the larger the swarm', () => {
    const counts = [...Array(40).keys()].map((k) => changed(ids(64 + k), ids(65 + k), topology));
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    // A cycle loses one edge and gains two; fingers: about log2 64 = 6 of the newcomer's own and as many that pass to it.
    const most = { ring: 3, 'random-regular': 6, exponential: 3 + 5 * 6 }[family];
    expect(mean).toBeLessThanOrEqual(most);
    expect(mean).toBeGreaterThan(2);
  });
});

it('a member that nobody knows has no neighbors, and one alone has none either', () => {
  expect(neighborsFor(ids(5), 'stranger', { family: 'ring', seed })).toEqual([]);
  expect(neighborsFor(['a'], 'a', { family: 'exponential', seed })).toEqual([]);
});

it('random-regular has the degree asked for, but for edges that two circles share', () => {
  const all = ids(200);
  const degrees = all.map(
    (id) => neighborsFor(all, id, { family: 'random-regular', degree: 6, seed }).length,
  );
  expect(Math.max(...degrees)).toBe(6);
  expect(degrees.filter((degree) => degree < 6).length).toBeLessThan(30); // 3 pairs of circles share about 2 edges each
});

it.each([0, 3, 2.5])('a degree of %s is refused', (degree) => {
  expect(() => membershipEdges(ids(4), { family: 'random-regular', degree, seed })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG' }),
  );
});
