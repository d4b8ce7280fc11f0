import { describe, expect, it } from 'vitest';
import { BitReader, BitWriter } from '../../../src/compression/bit-stream.js';
import { eliasBits, MAX_ELIAS, putElias, takeElias } from '../../../src/compression/elias.js';
import { bitsOfBytes, naiveElias } from '../../reference/naive-elias.js';

function encode(values: readonly number[]): Uint8Array {
  const writer = new BitWriter(values.length * 8);
  for (const value of values) putElias(writer, value);
  return writer.finish();
}

describe("Elias's omega code", () => {
  const values = [...Array.from({ length: 300 }, (_, i) => i + 1), 2 ** 16, 2 ** 30 - 1, 2 ** 30, MAX_ELIAS];

  it('is the code of the definition', () => {
    expect([1, 2, 3, 4, 16].map(naiveElias)).toEqual(['0', '100', '110', '101000', '10100100000']);
    const text = values.map(naiveElias).join('');
    expect(bitsOfBytes(encode(values)).slice(0, text.length)).toBe(text);
  });

  it('counts its bits', () => {
    expect(values.map(eliasBits)).toEqual(values.map((value) => naiveElias(value).length));
  });

  it('reads back every number up to the largest', () => {
    const reader = new BitReader(encode(values));
    expect(values.map(() => takeElias(reader))).toEqual(values);
    expect(reader.overrun).toBe(false);
  });

  it('gives 0 for numbers that are too large, and ends at any bits', () => {
    expect(takeElias(new BitReader(new Uint8Array(100).fill(0xff)))).toBe(0);
    for (let byte = 0; byte < 256; byte++) {
      expect(takeElias(new BitReader(new Uint8Array(20).fill(byte)))).toBeLessThanOrEqual(MAX_ELIAS);
    }
  });
});
