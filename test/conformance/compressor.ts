/**
 * What every compressor promises (src/compression/compressor.ts), whatever it does inside. A new compressor adds
 * one line to compressor.test.ts: its spec, the contraction it guarantees for a block and whether C(C(z)) = C(z).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGrapevineError } from '../../src/base/errors.js';
import { createRandom, gaussian, uniformInt } from '../../src/base/random.js';
import type { Compressor, CompressorState, MatrixBlock } from '../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../src/compression/message.js';
import { compressors } from '../../src/compression/registry.js';
import { squaredDistance, squaredNorm } from '../reference/naive-compression.js';

export interface CompressorTraits {
  /** omega with ||C(z) - z||^2 <= (1 - omega) ||z||^2 for every z on this block, subnormal numbers apart. */
  readonly omega: (block: MatrixBlock) => number;
  /** Whether C(C(z)) = C(z) to the bit. */
  readonly idempotent: boolean;
}

const FAST_CHECK_SEED = 20190204;

function layOutBlocks(shapes: readonly (readonly [string, number, number])[]): MatrixBlock[] {
  let offset = 0;
  return shapes.map(([name, rows, cols]) => {
    const block = { name, offset, rows, cols };
    offset += rows * cols;
    return block;
  });
}

/** Tall, wide, square, vectors both ways, a single number, odd sizes. */
export const conformanceBlocks = layOutBlocks([
  ['tall', 37, 12],
  ['bias', 1, 9],
  ['wide', 11, 50],
  ['column', 13, 1],
  ['square', 16, 16],
  ['single', 1, 1],
  ['small', 3, 2],
]);

const SIZE = conformanceBlocks.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

type Kind =
  | 'gaussian'
  | 'sparse'
  | 'constant'
  | 'rank one'
  | 'spiky'
  | 'one entry'
  | 'huge'
  | 'small'
  | 'subnormal';
const normalKinds: readonly Kind[] = ['gaussian', 'sparse', 'constant', 'rank one', 'spiky', 'one entry'];
const extremeKinds: readonly Kind[] = ['huge', 'small', 'subnormal'];

/** A vector of one of the kinds that compressors meet, or fail on. */
function sampleVector(kind: Kind, seed: number): Float32Array {
  const random = createRandom('sample', kind, seed);
  const chosen = uniformInt(random, SIZE);
  const draw = (i: number): number => {
    const z = gaussian(random);
    if (kind === 'sparse') return uniformInt(random, 10) === 0 ? z : 0;
    if (kind === 'constant') return 0.1 * (seed + 1);
    if (kind === 'rank one') return Math.sin(1 + (i % 50)) * Math.cos(1 + Math.floor(i / 50));
    if (kind === 'spiky') return z ** 5;
    if (kind === 'one entry') return i === chosen ? z : 0;
    if (kind === 'huge') return z * 1e30;
    if (kind === 'small') return z * 1e-30;
    if (kind === 'subnormal') return z * 1e-43;
    return z;
  };
  return Float32Array.from({ length: SIZE }, (_, i) => draw(i));
}

const vectors = (kinds: readonly Kind[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), seed: fc.integer({ min: 0, max: 1e6 }) });

function check<T>(property: fc.IPropertyWithHooks<T>, numRuns: number): void {
  fc.assert(property, { seed: FAST_CHECK_SEED, numRuns });
}

/** Equal to the bit, signs of zeros included. */
function sameBits(x: Float32Array, y: Float32Array): boolean {
  const bytesOf = (v: Float32Array) => Buffer.from(v.buffer, v.byteOffset, v.byteLength);
  return bytesOf(x).equals(bytesOf(y));
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
  const start = (seed = 1) => compressor.createState(conformanceBlocks, createRandom('state', seed));
  const encode = (z: Float32Array, state = start()) => compressor.encode(z, conformanceBlocks, state);

  describe(`compressor conformance: ${name}`, () => {
    lawsOfNumbers();
    lawsOfBytes();
    lawsOfState();
  });

  function lawsOfNumbers(): void {
    it('contracts every block by its omega: ||C(z) - z||^2 <= (1 - omega) ||z||^2', () => {
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
              const allowed = (1 - traits.omega(block)) * squaredNorm(cut(z)) * (1 + 1e-6);
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
    });

    it('sends finite numbers, no farther from z than zero is, for subnormal, tiny and huge inputs', () => {
      check(
        fc.property(vectors(extremeKinds), ({ kind, seed }) => {
          const z = sampleVector(kind, seed);
          const c = compress(compressor, z, start(seed));
          expect(c.every(Number.isFinite)).toBe(true);
          expect(squaredDistance(z, c)).toBeLessThanOrEqual(squaredNorm(z));
        }),
        30,
      );
    });

    it('sends exactly zero for zero: C(0) = 0, cold and warm', () => {
      const state = start();
      const zero = new Float32Array(SIZE);
      expect(sameBits(compress(compressor, zero, state), zero)).toBe(true);
      compress(compressor, sampleVector('gaussian', 1), state);
      expect(compress(compressor, zero, state).every((value) => value === 0)).toBe(true);
    });

    it('commutes with signed powers of two to the bit: C(-2^k z) = -2^k C(z)', () => {
      check(
        fc.property(
          vectors(normalKinds),
          fc.integer({ min: -20, max: 20 }),
          fc.boolean(),
          (which, k, minus) => {
            const factor = (minus ? -1 : 1) * 2 ** k;
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
    });

    it.runIf(traits.idempotent)('is idempotent: what it sends, it sends again unchanged', () => {
      check(
        fc.property(vectors([...normalKinds, ...extremeKinds]), ({ kind, seed }) => {
          const once = compress(compressor, sampleVector(kind, seed), start());
          expect(sameBits(compress(compressor, once, start()), once)).toBe(true);
        }),
        30,
      );
    });

    it('brings a replica to its target by error feedback: S += C(x - S) ends at the resolution of float32', () => {
      const target = sampleVector('gaussian', 9);
      const replica = new Float32Array(SIZE);
      const state = start();
      for (let message = 0; message < 300; message++) {
        const difference = target.map((value, i) => value - replica[i]);
        decodeAddInto(replica, encode(difference, state), conformanceBlocks);
      }
      expect(Math.sqrt(squaredDistance(target, replica) / squaredNorm(target))).toBeLessThan(1e-6);
    });

    it('refuses NaN and infinities, names the block, and leaves the state as it was', () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const { name: block, offset } of conformanceBlocks) {
          const z = sampleVector('gaussian', 2);
          z[offset] = bad;
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
          expect(encode(z).length).toBe(compressor.encodedBytes(conformanceBlocks));
          expect(sameBits(z, before)).toBe(true);
        }),
        20,
      );
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
