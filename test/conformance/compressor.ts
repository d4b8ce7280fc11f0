/**
 * What every compressor promises (src/compression/compressor.ts), whatever it does inside. A new compressor adds
 * one line to compressor.test.ts: its spec and its traits. Laws that do not follow from the traits are skipped.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../src/base/errors.js';
import { createRandom } from '../../src/base/random.js';
import type { Compressor, CompressorState } from '../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../src/compression/message.js';
import { compressors } from '../../src/compression/registry.js';
import { kernels } from '../../src/linalg/kernels.js';
import { squaredDistance, squaredNorm } from '../reference/naive-compression.js';
import { withTwins } from '../reference/with-twins.js';
import {
  conformanceBlocks,
  extremeKinds,
  type Kind,
  normalKinds,
  sameBits,
  sampleVector,
  sizeOf,
} from './compressor-samples.js';
import type { CompressorTraits } from './compressor-traits.js';
import { lawsOfChance } from './laws-of-chance.js';

export type { CompressorTraits } from './compressor-traits.js';

const FAST_CHECK_SEED = 20190204;

const SIZE = sizeOf(conformanceBlocks);

const vectors = (kinds: readonly Kind[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), seed: fc.integer({ min: 0, max: 1e6 }) });

function check<T>(property: fc.IPropertyWithHooks<T>, numRuns: number): void {
  fc.assert(property, { seed: FAST_CHECK_SEED, numRuns });
}

/** C(z) with this state. */
function compress(compressor: Compressor, z: Float32Array, state: CompressorState): Float32Array {
  const out = new Float32Array(z.length);
  decodeInto(out, compressor.encode(z, conformanceBlocks, state), conformanceBlocks);
  return out;
}

/** Decodes hostile bytes: refused with `out` untouched, or accepted with finite numbers only. */
function expectRefusedOrFinite(message: Uint8Array): 'refused' | 'accepted' {
  const before = Float32Array.from({ length: SIZE }, (_, i) => i / 7);
  const out = before.slice();
  try {
    decodeAddInto(out, message, conformanceBlocks);
  } catch (error) {
    if (!isGrapevineError(error) || !error.code.startsWith('PAYLOAD_')) throw error;
    expect(sameBits(out, before)).toBe(true);
    return 'refused';
  }
  expect(out.every(Number.isFinite)).toBe(true);
  return 'accepted';
}

export function compressorConformance(name: string, spec: string, traits: CompressorTraits): void {
  const compressor = compressors.resolve(spec);
  const { omega, deterministic = true, exactLength = true, odd = true, homogeneous = true } = traits;
  const { feedbackMessages = 300, feedbackResidual = 1e-6 } = traits;
  const start = (seed = 1) => compressor.createState(conformanceBlocks, createRandom('state', seed));
  const encode = (z: Float32Array, state = start()) => compressor.encode(z, conformanceBlocks, state);

  describe(`compressor conformance: ${name}`, () => {
    lawsOfNumbers();
    lawsOfBytes();
    lawsOfState();
    lawsOfChance(compressor, traits);
  });

  function lawsOfNumbers(): void {
    it.skipIf(omega === undefined || !deterministic)(
      'contracts every block by its omega: ||C(z) - z||^2 <= (1 - omega) ||z||^2',
      () => {
        check(
          fc.property(vectors([...normalKinds, 'huge', 'small']), ({ kind, seed }) => {
            const z = sampleVector(kind, seed);
            const state = start(seed);
            for (let round = 0; round < 3; round++) {
              const c = compress(compressor, z, state);
              for (const block of conformanceBlocks) {
                const cut = (x: Float32Array) =>
                  x.subarray(block.offset, block.offset + block.rows * block.cols);
                const error = squaredDistance(cut(z), cut(c));
                const allowed = (1 - omega!(block)) * squaredNorm(cut(z)) * (1 + 1e-6);
                if (error > allowed) {
                  expect.fail(
                    `${kind} ${seed}, ${block.name}, message ${round}: error ${error} above ${allowed}`,
                  );
                }
              }
            }
          }),
          60,
        );
      },
    );

    const near = omega !== undefined && deterministic;
    it(`sends finite numbers${near ? ', no farther from z than zero is,' : ''} for subnormal, tiny and huge inputs`, () => {
      check(
        fc.property(vectors(extremeKinds), ({ kind, seed }) => {
          const z = sampleVector(kind, seed);
          const c = compress(compressor, z, start(seed));
          expect(c.every(Number.isFinite)).toBe(true);
          if (near) expect(squaredDistance(z, c)).toBeLessThanOrEqual(squaredNorm(z));
        }),
        30,
      );
    });

    it(`sends exactly zero for zero: C(0) = 0, cold${traits.remembers ? '' : ' and warm'}`, () => {
      const state = start();
      const zero = new Float32Array(SIZE);
      expect(sameBits(compress(compressor, zero, state), zero)).toBe(true);
      if (traits.remembers) return;
      compress(compressor, sampleVector('gaussian', 1), state);
      expect(compress(compressor, zero, state).every((value) => value === 0)).toBe(true);
      expect(
        compress(
          compressor,
          zero.map(() => -0),
          start(),
        ).every((value) => value === 0),
      ).toBe(true);
    });

    it.runIf(homogeneous)(
      `commutes with ${odd ? 'signed ' : ''}powers of two to the bit: C(2^k z) = 2^k C(z)`,
      () => {
        check(
          fc.property(
            vectors(normalKinds),
            fc.integer({ min: -20, max: 20 }),
            fc.boolean(),
            (which, k, minus) => {
              const factor = (minus && odd ? -1 : 1) * 2 ** k;
              const z = sampleVector(which.kind, which.seed);
              const expected = compress(compressor, z, start()).map((value) => factor * value);
              const got = compress(
                compressor,
                z.map((value) => factor * value),
                start(),
              );
              // Adding zero forgets the sign of zeros, which may differ.
              expect(
                sameBits(
                  got.map((value) => value + 0),
                  expected.map((value) => value + 0),
                ),
              ).toBe(true);
            },
          ),
          30,
        );
      },
    );

    it.runIf(traits.idempotent)('is idempotent: what it sends, it sends again unchanged', () => {
      check(
        fc.property(vectors([...normalKinds, ...extremeKinds]), ({ kind, seed }) => {
          const once = compress(compressor, sampleVector(kind, seed), start());
          expect(sameBits(compress(compressor, once, start()), once)).toBe(true);
        }),
        30,
      );
    });

    it.skipIf(omega === undefined)(
      'brings a replica to its target by error feedback: S += C(x - S) ends at the resolution of float32',
      () => {
        const target = sampleVector('gaussian', 9);
        const replica = new Float32Array(SIZE);
        const state = start();
        for (let message = 0; message < feedbackMessages; message++) {
          const difference = target.map((value, i) => value - replica[i]);
          decodeAddInto(replica, encode(difference, state), conformanceBlocks);
        }
        expect(Math.sqrt(squaredDistance(target, replica) / squaredNorm(target))).toBeLessThan(
          feedbackResidual,
        );
      },
    );

    it('takes the ends of float32, alone and beside everything else, or refuses them as too large', () => {
      const largest = (2 - 2 ** -23) * 2 ** 127;
      const least = 2 ** -149;
      const gaussian = sampleVector('gaussian', 12);
      const ends: readonly Float32Array[] = [
        gaussian.map((value) => Math.sign(value) * largest),
        gaussian.map((value) => Math.sign(value) * least),
        gaussian.map((value, i) => [value, value * 1e38, value * 1e-44, -0, value * 1e-38][i % 5]!),
        gaussian.map((value, i) => (i % 7 === 0 ? -largest / 2 : value * 1e-30)),
      ].map((values) => values.map((value) => Math.max(-largest, Math.min(largest, value))));
      for (const z of ends) {
        const state = start();
        try {
          expect(compress(compressor, z, state).every(Number.isFinite)).toBe(true);
        } catch (error) {
          if (!isGrapevineError(error)) throw error;
          expect(error.code).toBe('PAYLOAD_BAD_VALUE');
          expect(z.some((value) => Math.abs(value) > 1e30)).toBe(true);
        }
        // What it was given does not outlast the message.
        if (!traits.remembers)
          expect(compress(compressor, gaussian, state).every(Number.isFinite)).toBe(true);
      }
    });

    it('refuses NaN and infinities, names the block, and leaves the state as it was', () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const [at, { name: block, offset, rows, cols }] of conformanceBlocks.entries()) {
          const z = sampleVector('gaussian', 2);
          z[at % 2 === 0 ? offset : offset + rows * cols - 1] = bad;
          const state = start();
          const before = structuredClone(state);
          expect(() => encode(z, state)).toThrowError(
            expect.objectContaining({
              code: 'PAYLOAD_BAD_VALUE',
              message: expect.stringContaining(`"${block}"`),
            }),
          );
          expect(state).toEqual(before);
        }
      }
    });
  }

  function lawsOfBytes(): void {
    it('makes messages of the length it announces, and leaves the values untouched', () => {
      check(
        fc.property(vectors([...normalKinds, ...extremeKinds]), ({ kind, seed }) => {
          const z = sampleVector(kind, seed);
          const before = z.slice();
          const { length } = encode(z);
          const announced = compressor.encodedBytes(conformanceBlocks);
          expect(length).toBeLessThanOrEqual(announced);
          if (exactLength) expect(length).toBe(announced);
          expect(sameBits(z, before)).toBe(true);
        }),
        20,
      );
    });

    it('encodes a difference to the bytes and the state that the difference formed before gives', () => {
      const [x, y] = [sampleVector('gaussian', 10), sampleVector('spiky', 11)];
      const z = x.map((value, i) => value - y[i]);
      const [unformed, formed] = [start(), start()];
      for (let message = 0; message < 3; message++) {
        const got = compressor.encodeDifference?.({ values: x, subtrahend: y }, conformanceBlocks, unformed);
        expect(got).toEqual(encode(z, formed));
        expect(unformed).toEqual(formed);
      }
      for (const at of [0, SIZE - 1]) {
        const bad = y.slice();
        bad[at] = Number.POSITIVE_INFINITY;
        expect(() =>
          compressor.encodeDifference?.({ values: x, subtrahend: bad }, conformanceBlocks, unformed),
        ).toThrowError(expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }));
        expect(unformed).toEqual(formed);
      }
    });

    it('decodes to the same bits everywhere: added at once, added later, at any byte offset', () => {
      const z = sampleVector('gaussian', 3);
      const message = encode(z);
      const shifted = new Uint8Array(message.length + 3).subarray(3);
      shifted.set(message);
      const base = sampleVector('spiky', 4);
      const [first, second, later] = [base.slice(), base.slice(), new Float32Array(SIZE)];
      decodeAddInto(first, message, conformanceBlocks);
      decodeAddInto(second, shifted, conformanceBlocks);
      decodeInto(later, message, conformanceBlocks);
      expect(sameBits(second, first)).toBe(true);
      expect(
        sameBits(
          later.map((value, i) => base[i] + value),
          first,
        ),
      ).toBe(true);
    });

    it('keeps the replicas of both ends equal to the bit, one of them on a machine without kernels', () => {
      const [here, there] = [sampleVector('spiky', 13), sampleVector('spiky', 13)];
      const state = start();
      for (const kind of [...normalKinds, ...extremeKinds]) {
        const message = encode(sampleVector(kind, 14), state);
        decodeAddInto(here, message, conformanceBlocks);
        const receive = (): void => decodeAddInto(there, message.slice(), conformanceBlocks);
        if (kernels() === null) receive();
        else withTwins(receive);
        expect(sameBits(here, there)).toBe(true);
      }
    });

    it('refuses a message cut at any length or lengthened, with nothing written', () => {
      const message = encode(sampleVector('gaussian', 5));
      const out = new Float32Array(SIZE);
      const refusal = expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' });
      for (let length = 0; length < message.length; length++) {
        expect(() => decodeAddInto(out, message.subarray(0, length), conformanceBlocks)).toThrowError(
          refusal,
        );
      }
      const longer = Uint8Array.from([...message, 0]);
      expect(() => decodeAddInto(out, longer, conformanceBlocks)).toThrowError(refusal);
      expect(out.every((value) => value === 0)).toBe(true);
    });

    it('meets mutated bytes with a refusal that writes nothing, or with finite numbers', () => {
      const message = encode(sampleVector('gaussian', 6));
      const outcomes = new Set<string>();
      check(
        fc.property(
          fc.array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
          (edits) => {
            const mutated = message.slice();
            for (const [position, value] of edits) mutated[position] = value;
            outcomes.add(expectRefusedOrFinite(mutated));
          },
        ),
        300,
      );
      // Every header byte in turn: it decides the reading of all that follows.
      for (let position = 0; position < 8; position++) {
        for (const flip of [0x01, 0x80, 0xff]) {
          const mutated = message.slice();
          mutated[position] ^= flip;
          outcomes.add(expectRefusedOrFinite(mutated));
        }
      }
      expect([...outcomes].sort()).toEqual(['accepted', 'refused']);
    });

    it('refuses random bytes', () => {
      check(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(expectRefusedOrFinite(bytes)).toBe('refused');
        }),
        200,
      );
    });

    it('refuses an operator that does not exist', () => {
      const message = encode(sampleVector('gaussian', 7));
      message[0] = 255;
      expect(() => decodeAddInto(new Float32Array(SIZE), message, conformanceBlocks)).toThrowError(
        expect.objectContaining({ code: 'PAYLOAD_BAD_OPERATOR', message: expect.stringContaining('"tall"') }),
      );
    });
  }

  function lawsOfState(): void {
    it('keeps its state as plain data: a copy taken mid-stream continues to the same bytes', () => {
      const state = start();
      for (let round = 0; round < 3; round++) encode(sampleVector('gaussian', round), state);
      const copy = structuredClone(state);
      for (let round = 3; round < 6; round++) {
        const z = sampleVector(round === 4 ? 'one entry' : 'gaussian', round);
        expect(encode(z, copy)).toEqual(encode(z, state));
      }
      expect(copy).toEqual(state);
    });

    it('draws its randomness from a copy of the generator it is given', () => {
      const random = createRandom('given');
      const before = random.slice();
      const first = compressor.createState(conformanceBlocks, random);
      const second = compressor.createState(conformanceBlocks, random);
      expect(random).toEqual(before);
      expect(second).toEqual(first);
      const z = sampleVector('gaussian', 8);
      const message = encode(z, first);
      random.fill(1);
      expect(encode(z, second)).toEqual(message);
    });
  }
}
