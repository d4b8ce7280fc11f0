import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addOuterProductInto,
  addOuterProductTwin,
  type SingleFactor,
} from '../../../src/linalg/outer-product.js';
import { gaussianFactor, gaussianMatrix, naiveAddOuterProduct } from '../../reference/naive-linalg.js';

const singleFactor = (length: number, rank: number, seed: string | number): SingleFactor => ({
  length,
  rank,
  values: Float32Array.from(gaussianFactor(length, rank, seed).values),
});

const bitsOf = (x: Float32Array) => new Uint32Array(x.slice().buffer);

/** A copy of `x` that begins `offset` numbers into its buffer. */
function shifted(x: Float32Array, offset: number): Float32Array {
  const view = new Float32Array(x.length + offset).subarray(offset);
  view.set(x);
  return view;
}

describe('addOuterProductInto', () => {
  it('gives the bits of the naive formula and of its twin, for every rank, odd sizes and shifted views', () => {
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 1, max: 40 }),
          cols: fc.integer({ min: 1, max: 70 }),
          rank: fc.integer({ min: 1, max: 17 }),
          offset: fc.integer({ min: 0, max: 3 }),
          exponent: fc.integer({ min: -140, max: 60 }),
        }),
        ({ rows, cols, rank, offset, exponent }) => {
          const left = singleFactor(rows, rank, 'left');
          const right = singleFactor(cols, rank, 'right');
          for (let i = 0; i < right.values.length; i++) right.values[i] *= 2 ** exponent;
          const before = gaussianMatrix(rows, cols, exponent).values.map((x) => x * 2 ** exponent);
          const outs = [0, 1, 2].map((k) => ({ rows, cols, values: shifted(before, k === 0 ? offset : 0) }));
          addOuterProductInto(outs[0]!, { ...left, values: shifted(left.values, offset) }, right);
          addOuterProductTwin(outs[1]!, left, right);
          naiveAddOuterProduct(outs[2]!, left, right);
          expect(bitsOf(outs[0]!.values)).toEqual(bitsOf(outs[2]!.values));
          expect(bitsOf(outs[1]!.values)).toEqual(bitsOf(outs[2]!.values));
        },
      ),
      { seed: 20190204, numRuns: 200 },
    );
  });

  it('does so over several tiles, and where one row is larger than a tile', () => {
    for (const [rows, cols] of [
      [301, 257],
      [3, 40_000],
      [70_000, 2],
    ] as const) {
      const [left, right] = [singleFactor(rows, 5, 'left'), singleFactor(cols, 5, 'right')];
      const got = gaussianMatrix(rows, cols);
      const wanted = { ...got, values: got.values.slice() };
      addOuterProductInto(got, left, right);
      addOuterProductTwin(wanted, left, right);
      expect(Buffer.from(got.values.buffer).equals(Buffer.from(wanted.values.buffer))).toBe(true);
    }
  });
});
