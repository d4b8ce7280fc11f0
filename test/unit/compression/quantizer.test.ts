import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FLOAT32 } from '../../../src/compression/operator.js';
import {
  checkCodes,
  checkScale,
  codeBytes,
  levelsOf,
  packCodes,
  roundToCode,
  scaleFor,
  unpackCodesInto,
} from '../../../src/compression/quantizer.js';
import { naivePackNibbles } from '../../reference/naive-compression.js';

const block = { name: 'b', rows: 1, cols: 1 };

describe('the quantizer', () => {
  it('packs four-bit codes as its naive twin does, the earlier code in the low half', () => {
    expect([...packCodes(Int8Array.of(1, -1, 7, -7, 3), 4)]).toEqual([0xf1, 0x97, 0x03]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -7, max: 7 })), (codes) => {
        const packed = packCodes(Int8Array.from(codes), 4);
        expect(packed).toEqual(naivePackNibbles(codes));
        expect(packed.length).toBe(codeBytes(codes.length, 4));
        const back = new Int8Array(codes.length);
        unpackCodesInto(back, packed, 4);
        expect([...back]).toEqual(codes);
      }),
      { seed: 4 },
    );
  });

  it('carries eight-bit codes through bytes', () => {
    const codes = Int8Array.of(-127, -1, 0, 1, 127);
    const back = new Int8Array(5);
    unpackCodesInto(back, packCodes(codes, 8), 8);
    expect(back).toEqual(codes);
  });

  it('rounds to nearest, halves away from zero, and never past the largest code', () => {
    expect([0.49, 0.5, -0.49, -0.5, 1.5, 6.9, 8, -8].map((x) => roundToCode(x, 1, 7) + 0)).toEqual([
      0, 1, 0, -1, 2, 7, 7, -7,
    ]);
    expect(roundToCode(3, 0, 7)).toBe(0);
  });

  it('reaches the largest magnitude with the largest code, up to the largest float32', () => {
    for (const levels of [levelsOf(4), levelsOf(8)]) {
      for (const max of [0, 1, 1e-30, 1e30, MAX_FLOAT32]) {
        const scale = scaleFor(max, levels);
        expect(Math.fround(scale)).toBe(scale);
        expect(scale * levels).toBeLessThanOrEqual(MAX_FLOAT32);
        expect(Math.abs(scale * levels - max)).toBeLessThanOrEqual(max * 2 ** -22);
      }
    }
  });

  it('refuses scales, codes and padding that no encoder writes', () => {
    const refusal = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, -1, 3e38]) {
      expect(() => checkScale(block, scale, 7)).toThrowError(refusal);
    }
    for (const byte of [0x08, 0x80]) {
      expect(() => checkCodes(block, Uint8Array.of(byte), { bits: 4, count: 2 })).toThrowError(refusal);
    }
    expect(() => checkCodes(block, Uint8Array.of(0x10), { bits: 4, count: 1 })).toThrowError(refusal);
    expect(() => checkCodes(block, Uint8Array.of(0x80), { bits: 8, count: 1 })).toThrowError(refusal);
    expect(() => checkCodes(block, Uint8Array.of(0x08), { bits: 8, count: 1 })).not.toThrow();
  });
});
