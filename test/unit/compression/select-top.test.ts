import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectTop } from '../../../src/compression/select-top.js';
import { naiveSelectTop } from '../../reference/naive-compression.js';

describe('selectTop', () => {
  it('takes magnitudes, not signed values', () => {
    expect([...selectTop(Float32Array.of(1, -5, 4, -2), 2)]).toEqual([1, 2]);
  });

  it('gives ties to the lowest index', () => {
    expect([...selectTop(Float32Array.of(1, -2, 2, 2, -2, 3), 3)]).toEqual([1, 2, 5]);
    expect([...selectTop(new Float32Array(6), 3)]).toEqual([0, 1, 2]);
  });

  it('agrees with a full sort for any float32 numbers and any k, ties and subnormals among them', () => {
    const entry = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1, -1, 2 ** -149, -(2 ** -149), 1 + 2 ** -23),
    );
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 60 }), fc.nat(), (entries, draw) => {
        const values = Float32Array.from(entries);
        const count = 1 + (draw % values.length);
        expect([...selectTop(values, count)]).toEqual(naiveSelectTop(values, count));
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('reads a view into a longer vector', () => {
    const vector = Float32Array.of(9, 1, 3, 2, 9);
    expect([...selectTop(vector.subarray(1, 4), 1)]).toEqual([1]);
  });
});
