import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellsOfShard, parseShard } from '../../../src/experiment/shard.js';

const cellsArbitrary = fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{16}$/), { maxLength: 60 });

describe('shards', () => {
  it('have every cell once between them, differ by one cell at most, and keep the order', () => {
    fc.assert(
      fc.property(cellsArbitrary, fc.integer({ min: 1, max: 9 }), (ids, of) => {
        const cells = ids.map((cell) => ({ cell }));
        const shards = Array.from({ length: of }, (_, i) => cellsOfShard(cells, { index: i + 1, of }));
        expect(
          shards
            .flat()
            .map(({ cell }) => cell)
            .sort(),
        ).toEqual([...ids].sort());
        const sizes = shards.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const shard of shards) expect(cells.filter((cell) => shard.includes(cell))).toEqual(shard);
      }),
    );
  });

  it('do not depend on the order in which the cells come', () => {
    fc.assert(
      fc.property(cellsArbitrary, (ids) => {
        const shardOf = (cells: { cell: string }[]) =>
          new Set(cellsOfShard(cells, { index: 2, of: 3 }).map(({ cell }) => cell));
        const cells = ids.map((cell) => ({ cell }));
        expect(shardOf([...cells].reverse())).toEqual(shardOf(cells));
      }),
    );
  });

  it('are written I/N, from 1', () => {
    expect(parseShard('2/4')).toEqual({ index: 2, of: 4 });
    for (const wrong of ['0/4', '5/4', '1', '1/0', 'a/b', '-1/4', '1/4/2'])
      expect(() => parseShard(wrong), wrong).toThrow(/wanted I\/N/);
  });
});
