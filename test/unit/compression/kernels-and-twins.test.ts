import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src/base/bytes.js';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { type FactorBits, writeFactorRounding } from '../../../src/compression/factor-section.js';
import { addRunsInto, quantizeRunsInto, runBytes } from '../../../src/compression/run-codes.js';
import { selectTop } from '../../../src/compression/select-top.js';
import { addSignsInto, packSignsInto } from '../../../src/compression/sign-bits.js';
import { kernels } from '../../../src/linalg/kernels.js';
import { TILE_LENGTH } from '../../../src/linalg/tiles.js';
import { gaussianFactor } from '../../reference/naive-linalg.js';
import { withTwins } from '../../reference/with-twins.js';

/** Numbers of many sizes and many equal ones, zeros of both signs among them, in a view shifted by `offset`. */
function sample(length: number, seed: number, offset = 0): Float32Array {
  const random = createRandom('kernels and twins', length, seed);
  const values = new Float32Array(length + offset).subarray(offset);
  for (let i = 0; i < length; i++) {
    const z = gaussian(random);
    values[i] = [z, z * 2 ** -100, Math.round(z), z * 2 ** -140, -0, z ** 9][(seed + (i % 7)) % 6]!;
  }
  return values;
}

/** Below, at and above the kernels' steps of 4, 16 and 64 numbers, runs of 256 and tiles of 32,768. */
const lengths = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.constantFrom(TILE_LENGTH - 1, TILE_LENGTH, TILE_LENGTH + 1, 2 * TILE_LENGTH + 259),
);
const cases = fc.record({
  length: lengths,
  seed: fc.integer({ min: 0, max: 1e6 }),
  offset: fc.integer({ min: 0, max: 3 }),
});

/** The property holds for kernels and twins alike. */
function bothWays<T>(cases: fc.Arbitrary<T>, run: (example: T) => unknown): void {
  fc.assert(
    fc.property(cases, (example) => {
      expect(kernels()).not.toBeNull();
      expect(run(example)).toEqual(withTwins(() => run(example)));
    }),
    { seed: 20190204, numRuns: 60 },
  );
}

const bitsOf = (x: Float32Array) => new Uint32Array(x.slice().buffer);

describe('kernels and twins', () => {
  it('write the same scales and codes, and add the same bits', () => {
    bothWays(cases, ({ length, seed, offset }) => {
      const body = new Uint8Array(runBytes(length) + offset).subarray(offset);
      quantizeRunsInto(body, sample(length, seed, offset));
      const out = sample(length, seed + 1, offset);
      addRunsInto(out, body);
      return {
        body: Buffer.from(body).toString('base64'),
        out: Buffer.from(bitsOf(out).buffer).toString('base64'),
      };
    });
  });

  it('quantize the largest float32 to a scale that leaves it finite', () => {
    bothWays(fc.constantFrom(1, 5, 300), (length) => {
      const values = new Float32Array(length).fill(3.4028234663852886e38);
      const body = new Uint8Array(runBytes(length));
      quantizeRunsInto(body, values);
      const out = new Float32Array(length);
      addRunsInto(out, body);
      expect(out.every(Number.isFinite)).toBe(true);
      return [...body, ...out];
    });
  });

  it('select the same entries, ties to the lowest index', () => {
    bothWays(
      fc.tuple(cases, fc.double({ min: 0, max: 1, noNaN: true })),
      ([{ length, seed, offset }, share]) =>
        selectTop(sample(length, seed, offset), Math.max(1, Math.floor(share * length))),
    );
  });

  it('pack the same signs and add the same bits; the sums of magnitudes agree to rounding', () => {
    bothWays(cases, ({ length, seed, offset }) => {
      const signs = new Uint8Array(Math.ceil(length / 8));
      packSignsInto(signs, sample(length, seed, offset));
      const out = sample(length, seed + 1, offset);
      addSignsInto(out, signs, Math.fround(0.1));
      return {
        signs: Buffer.from(signs).toString('base64'),
        out: Buffer.from(bitsOf(out).buffer).toString('base64'),
      };
    });
    const values = sample(100_003, 0);
    const sums = [0, 1].map((twin) => {
      const sum = () => packSignsInto(new Uint8Array(12_501), values);
      return twin === 1 ? withTwins(sum) : sum();
    });
    expect(Math.abs(sums[0]! - sums[1]!)).toBeLessThan(1e-10 * sums[1]!);
  });

  it('round a factor to the same bytes and numbers at all widths', () => {
    for (const bits of [4, 8, 16, 32] as const satisfies readonly FactorBits[]) {
      for (const [length, rank] of [
        [1, 1],
        [7, 3],
        [130, 5],
      ] as const) {
        const factor = gaussianFactor(length, rank, bits);
        const engine = kernels()!;
        const mark = engine.mark();
        engine.reserve(16 * length * rank, 2);
        const at = engine.take(8 * length * rank) / 8;
        const own = { ...factor, values: engine.f64.subarray(at, at + length * rank) };
        own.values.set(factor.values);
        const [byKernels, byTwin] = [new ByteWriter(), new ByteWriter()];
        writeFactorRounding(byKernels, own, bits);
        withTwins(() => writeFactorRounding(byTwin, factor, bits));
        expect(byKernels.finish()).toEqual(byTwin.finish());
        expect([...own.values]).toEqual([...factor.values]);
        engine.release(mark);
      }
    }
  });
});
