import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginPowerIteration, type Difference } from '../../../src/linalg/power-iteration.js';
import type { Factor } from '../../../src/linalg/skinny-products.js';
import {
  gaussianFactor,
  gaussianMatrix,
  naiveProduct,
  naiveTransposedProduct,
} from '../../reference/naive-linalg.js';
import { withTwins } from '../../reference/with-twins.js';

const copyOf = ({ values, length, rank }: Factor): Factor => ({ values: values.slice(), length, rank });

/** What one iteration finds on `block`, step by step. */
function trace(block: Difference, start: Float32Array) {
  const iteration = beginPowerIteration(block, start);
  const { energy } = iteration;
  const product = copyOf(iteration.left);
  iteration.orthonormalize();
  const left = copyOf(iteration.left);
  iteration.multiplyBack();
  const right = copyOf(iteration.right);
  iteration.multiply();
  const again = copyOf(iteration.left);
  iteration.end();
  return { energy, product, left, right, again };
}

const norm = (x: ArrayLike<number>) =>
  Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0));

/** ||got - wanted|| <= tolerance ||wanted||. */
function expectNear(got: Factor, wanted: Factor, tolerance: number): void {
  const error = norm(got.values.map((value, i) => value - wanted.values[i]!));
  expect(error).toBeLessThanOrEqual(tolerance * norm(wanted.values));
}

/** A difference of two random matrices; `offset` shifts the views off their alignment. */
function randomDifference(rows: number, cols: number, offset = 0): Difference {
  const [x, y] = ['x', 'y'].map((seed) => gaussianMatrix(rows, cols + 0, seed).values);
  const shifted = new Float32Array(x!.length + offset).subarray(offset);
  shifted.set(x!);
  return { values: shifted, subtrahend: y!.map((value) => value / 3), rows, cols };
}

const startFor = (cols: number, rank: number) =>
  Float32Array.from(gaussianFactor(cols, rank, 'start').values);

function checkShape(rows: number, cols: number, { rank, offset }: { rank: number; offset: number }): void {
  const block = randomDifference(rows, cols, offset);
  const z = block.values.map((value, i) => value - block.subtrahend![i]!);
  const start = startFor(cols, rank);
  const got = trace(block, start);
  const right: Factor = { values: Float64Array.from(start), length: cols, rank };
  expectNear(got.product, naiveProduct({ values: z, rows, cols }, right), 1e-6);
  expectNear(got.right, naiveTransposedProduct({ values: z, rows, cols }, got.left), 1e-6);
  expectNear(got.again, naiveProduct({ values: z, rows, cols }, got.right), 1e-6);
  expect(Math.abs(got.energy - norm(z) ** 2)).toBeLessThanOrEqual(1e-6 * norm(z) ** 2);
}

describe('a power iteration', () => {
  it('agrees with the naive products to 1e-6: any shape and rank, shifted views', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.record({ rank: fc.integer({ min: 1, max: 16 }), offset: fc.integer({ min: 0, max: 3 }) }),
        checkShape,
      ),
      { seed: 20190204, numRuns: 100 },
    );
  });

  it('agrees with them where float32 sums are long, and where a block is too large to stay in memory', () => {
    checkShape(2, 5000, { rank: 3, offset: 0 });
    checkShape(5000, 2, { rank: 2, offset: 1 });
    checkShape(1031, 2049, { rank: 4, offset: 0 }); // 8.06 MB
  });

  it('finds an orthonormal basis of the same span as its twin', () => {
    const block = randomDifference(61, 33);
    const start = startFor(33, 6);
    const [got, wanted] = [trace(block, start), withTwins(() => trace(block, start))];
    expectNear(got.left, wanted.left, 1e-5);
    expectNear(got.right, wanted.right, 1e-5);
    for (let b = 0; b < 6; b++) {
      for (let c = 0; c <= b; c++) {
        let dot = 0;
        for (let i = 0; i < 61; i++) dot += got.left.values[b * 61 + i]! * got.left.values[c * 61 + i]!;
        expect(Math.abs(dot - (b === c ? 1 : 0))).toBeLessThan(1e-14);
      }
    }
  });

  it('gives the same bits for a difference and for the matrix that it is', () => {
    const block = randomDifference(37, 19);
    const formed = { ...block, values: block.values.map((value, i) => value - block.subtrahend![i]!) };
    const { rows, cols, values } = formed;
    expect(trace({ rows, cols, values }, startFor(19, 5))).toEqual(trace(block, startFor(19, 5)));
  });

  it('gives zero vectors for a matrix with fewer dimensions than vectors, and for the zero matrix', () => {
    const values = Float32Array.from(
      { length: 12 * 9 },
      (_, at) => (1 + Math.floor(at / 9)) * (1 + (at % 9)),
    );
    const flat = trace({ values, rows: 12, cols: 9 }, startFor(9, 3));
    expect(norm(flat.left.values.subarray(0, 12))).toBeCloseTo(1, 12);
    const zero = trace({ values: new Float32Array(108), rows: 12, cols: 9 }, startFor(9, 3));
    expect(zero.energy).toBe(0);
    expect([...zero.left.values, ...zero.right.values].every((value) => value === 0)).toBe(true);
  });

  it('takes magnitudes that would leave float32 to the twin, and reports those that are not finite', () => {
    for (const scale of [1e30, 1e-30, 1e-43]) {
      const { values } = gaussianMatrix(20, 15);
      const block = { values: values.map((value) => value * scale), rows: 20, cols: 15 };
      expect(trace(block, startFor(15, 4))).toEqual(withTwins(() => trace(block, startFor(15, 4))));
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 7, 299]) {
        const { values } = gaussianMatrix(20, 15);
        values[at] = bad;
        const iteration = beginPowerIteration({ values, rows: 20, cols: 15 }, startFor(15, 4));
        expect(Number.isFinite(iteration.energy)).toBe(false);
        iteration.end();
      }
    }
  });
});
