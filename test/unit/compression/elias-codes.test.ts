import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src/base/bytes.js';
import { addEliasCodesInto, checkEliasCodes, writeEliasCodes } from '../../../src/compression/elias-codes.js';
import { naiveEliasCodes, naiveReadEliasCodes } from '../../reference/naive-elias.js';

/** 16 bits: levels up to 32767. */
const BITS = 16;

/** The body of these codes with scales of 1. */
function encode(codes: readonly number[], length: number): Uint8Array {
  const scales = new Float32Array(Math.ceil(codes.length / length)).fill(1);
  const writer = new ByteWriter(4 * scales.length + 8 * codes.length + 64);
  writeEliasCodes(writer, { scales, codes: Int16Array.from(codes) }, length);
  return writer.finish();
}

/** What the decoder makes of a body, or null where it refuses it. */
function decode(body: Uint8Array, size: number, bucket: number, bits = BITS): number[] | null {
  const block = { name: 'x', rows: 1, cols: size, values: new Float32Array(size) };
  try {
    checkEliasCodes(body, block, { bits, parameter: bucket });
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^PAYLOAD_BAD_(VALUE|LENGTH)$/) });
    return null;
  }
  addEliasCodesInto(block, body, { bits, parameter: bucket });
  return [...block.values];
}

const level = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 2, arbitrary: fc.integer({ min: -70, max: 70 }) },
  { weight: 1, arbitrary: fc.integer({ min: -32_767, max: 32_767 }) },
);
const rows = fc.tuple(fc.array(level, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 300 }));

describe('QSGD bodies with Elias codes', () => {
  it('are, to the byte, what one bit after the other gives by the definition, and are read back', () => {
    fc.assert(
      fc.property(rows, ([codes, bucket]) => {
        const length = Math.min(bucket, codes.length);
        const body = encode(codes, length);
        expect(body.subarray(4 * Math.ceil(codes.length / length))).toEqual(naiveEliasCodes(codes, length));
        expect(decode(body, codes.length, bucket)).toEqual(codes.map((code) => code + 0));
      }),
      { seed: 3, numRuns: 400 },
    );
  });

  it('bridge gaps whose words are longer than a look-up reads: 2^16 zeros and more', () => {
    for (const gap of [65_533, 65_534, 65_535, 65_536, 2 ** 21 + 5]) {
      const codes: number[] = new Array(gap + 3).fill(0);
      codes[0] = 5;
      codes[gap] = -32_767;
      const body = encode(codes, codes.length);
      expect(body.subarray(4)).toEqual(naiveEliasCodes(codes, codes.length));
      const back = decode(body, codes.length, 0)!;
      expect([back[0], back[gap], back.filter((code) => code !== 0).length]).toEqual([5, -32_767, 2]);
    }
  });

  it('are accepted and refused as by the definition, whatever the bytes', () => {
    const [size, bucket] = [24, 10];
    const scales = Uint8Array.from(encode(new Array(size).fill(0), bucket).subarray(0, 12));
    const outcomes = { read: 0, refused: 0 };
    const compare = (bits: Uint8Array): void => {
      const wanted = naiveReadEliasCodes(bits, { size, length: bucket, levels: 7 });
      expect(decode(Uint8Array.from([...scales, ...bits]), size, bucket, 4)).toEqual(wanted);
      outcomes[wanted === null ? 'refused' : 'read']++;
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), compare), { seed: 4, numRuns: 2000 });
    const small = fc.oneof(
      { weight: 99, arbitrary: fc.integer({ min: -7, max: 7 }) },
      fc.constantFrom(-8, 8),
    );
    const few = fc.array(small, { minLength: size, maxLength: size });
    const flips = fc.array(fc.nat(200), { maxLength: 2 });
    fc.assert(
      fc.property(few, flips, (codes, positions) => {
        const bits = naiveEliasCodes(codes, bucket);
        for (const position of positions) bits[(position >> 3) % bits.length] ^= 1 << (position & 7);
        compare(bits);
      }),
      { seed: 5, numRuns: 2000 },
    );
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(300);
  });
});
