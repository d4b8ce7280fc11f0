import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  membershipEdges,
  membershipTopologies,
  mostNeighbors,
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
    // Of a torus, as many rows of 8 as pass there are moved on by one: 8 edges go and 9 come.
    const most = { ring: 3, torus: 3 + 17, 'random-regular': 6, exponential: 3 + 5 * 6 }[family];
    expect(mean).toBeLessThanOrEqual(most);
    expect(mean).toBeGreaterThan(2);
  });
});

it.each(membershipTopologies)('%s never has more neighbors a member than mostNeighbors says', (family) => {
  for (const count of [1, 2, 3, 5, 8, 16, 40]) {
    const all = ids(count);
    const degrees = all.map((id) => neighborsFor(all, id, { family, seed }).length);
    expect(Math.max(...degrees)).toBeLessThanOrEqual(mostNeighbors({ family, seed }, count));
  }
});

it.each(membershipTopologies.filter((family) => family !== 'torus'))(
  '%s keeps, among fewer members, all edges between them',
  (family) => {
    const topology = { family, seed };
    const [all, some] = [ids(30), ids(30).filter((_, k) => k % 3 !== 0)];
    const fewer = membershipEdges(some, topology).map((edge) => edge.join(' '));
    const kept = membershipEdges(all, topology).filter((edge) => edge.every((id) => some.includes(id)));
    expect(kept.length).toBeGreaterThan(10);
    for (const edge of kept) expect(fewer).toContain(edge.join(' '));
  },
);

it('the torus is the circulant graph of 1 and w on the circle', () => {
  for (const [count, row] of [
    [4, 2],
    [15, 2],
    [16, 4],
    [63, 4],
    [64, 8],
  ] as const) {
    const all = ids(count);
    const around = [all[0]!];
    const ring = new Map(all.map((id) => [id, neighborsFor(all, id, { family: 'ring', seed })]));
    while (around.length < count)
      around.push(ring.get(around.at(-1)!)!.find((id) => !around.includes(id)) as string);
    around.forEach((id, k) => {
      const wanted = [1, count - 1, row, count - row].map((ahead) => around[(k + ahead) % count]!);
      expect(neighborsFor(all, id, { family: 'torus', seed })).toEqual([...new Set(wanted)].sort());
    });
  }
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
