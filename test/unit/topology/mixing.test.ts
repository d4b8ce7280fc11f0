import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { graphFromEdges } from '../../../src/topology/graph.js';
import { metropolisHastings, mixInto, toDense } from '../../../src/topology/mixing.js';
import { buildTopology } from '../../../src/topology/registry.js';
import { namesOfAnySize } from '../../reference/any-size.js';

describe('metropolisHastings', () => {
  it('gives 1 / (1 + max(d_i, d_j)) on a path with a tail, worked by hand (Xiao, Boyd and Lall 2006)', () => {
    // 0-1, 0-2, 1-2, 2-3: degrees 2, 2, 3, 1
    const dense = toDense(
      metropolisHastings(
        graphFromEdges(4, [
          [0, 1],
          [0, 2],
          [1, 2],
          [2, 3],
        ]),
      ),
    );
    const expected = [
      [5 / 12, 1 / 3, 1 / 4, 0],
      [1 / 3, 5 / 12, 1 / 4, 0],
      [1 / 4, 1 / 4, 1 / 4, 1 / 4],
      [0, 0, 1 / 4, 3 / 4],
    ].flat();
    dense.forEach((entry, i) => {
      expect(entry).toBeCloseTo(expected[i]!, 15);
    });
  });

  it('keeps the mean and never widens the spread, on every family', () => {
    const names = namesOfAnySize();
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(1000),
        (name, nodes, seed) => {
          const { mixing } = buildTopology(name, nodes, seed);
          const random = createRandom(seed, 'state');
          const x = Float64Array.from({ length: nodes }, () => gaussian(random));
          const mixed = new Float64Array(nodes);
          mixInto(mixed, mixing, x);
          const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
          expect(Math.abs(sum(mixed) - sum(x))).toBeLessThan(1e-12 * nodes);
          expect(Math.max(...mixed)).toBeLessThanOrEqual(Math.max(...x) + 1e-12);
          expect(Math.min(...mixed)).toBeGreaterThanOrEqual(Math.min(...x) - 1e-12);
        },
      ),
      { seed: 17 },
    );
  });

  it('multiplies as the dense matrix does', () => {
    const { mixing } = buildTopology('random', 20, 3);
    const dense = toDense(mixing);
    const x = Float64Array.from({ length: 20 }, (_, i) => Math.sin(i));
    const mixed = new Float64Array(20);
    mixInto(mixed, mixing, x);
    for (let i = 0; i < 20; i++) {
      const row = dense.subarray(20 * i, 20 * i + 20);
      expect(mixed[i]).toBeCloseTo(
        row.reduce((sum, entry, j) => sum + entry * x[j]!, 0),
        14,
      );
    }
  });
});
