import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BitReader,
  BitWriter,
  packSigned,
  reverseBits,
  unpackSignedInto,
} from '../../../src/compression/bit-stream.js';
import { naivePackNibbles } from '../../reference/naive-compression.js';
import { bitsOfBytes } from '../../reference/naive-elias.js';

const written = (numbers: readonly (readonly [value: number, width: number])[]): Uint8Array => {
  const writer = new BitWriter(100);
  for (const [value, width] of numbers) writer.put(value, width);
  return writer.finish();
};

describe('the bit stream', () => {
  it('fills bytes from the lowest bit up and pads with zeros', () => {
    expect([...written([[0b101, 3]])]).toEqual([0b101]);
    expect([
      ...written([
        [0b101, 3],
        [0b110011, 6],
      ]),
    ]).toEqual([0b10011101, 0b1]);
    expect([...written([[0x123456, 24]])]).toEqual([0x56, 0x34, 0x12]);
  });

  it('lays out four-bit codes as quantizer.ts does', () => {
    const codes = [1, -1, 7, -7, 3];
    expect(packSigned(Int16Array.from(codes), 4)).toEqual(naivePackNibbles(codes));
  });

  it('reads what it wrote, of any width up to 25', () => {
    const number = fc
      .integer({ min: 1, max: 25 })
      .chain((width) => fc.tuple(fc.nat(2 ** width - 1), fc.constant(width)));
    fc.assert(
      fc.property(fc.array(number, { maxLength: 30 }), (numbers) => {
        const bytes = written(numbers);
        expect(bytes.length).toBe(Math.ceil(numbers.reduce((sum, [, width]) => sum + width, 0) / 8));
        const plain = new BitReader(bytes);
        for (const [value, width] of numbers) expect(plain.take(width)).toBe(value);
        expect([plain.atCleanEnd, plain.overrun]).toEqual([true, false]);
      }),
      { seed: 1 },
    );
  });

  it('writes numbers of up to 32 bits, wherever they fall', () => {
    const number = fc
      .integer({ min: 1, max: 32 })
      .chain((width) => fc.tuple(fc.nat(2 ** 31 - 1), fc.constant(width)))
      .map(([value, width]) => [width === 32 ? -1 - value : value % 2 ** width, width] as const);
    fc.assert(
      fc.property(fc.array(number, { maxLength: 20 }), (numbers) => {
        const text = numbers.map(([value, width]) => {
          const binary = (value >>> 0).toString(2).padStart(width, '0');
          return binary.split('').reverse().join('');
        });
        expect(bitsOfBytes(written(numbers)).slice(0, text.join('').length)).toBe(text.join(''));
        for (const [value, width] of numbers) {
          const reversed = reverseBits(value, width) >>> 0;
          expect(reversed.toString(2).padStart(width, '0').split('').reverse().join('')).toBe(
            (value >>> 0).toString(2).padStart(width, '0'),
          );
        }
      }),
      { seed: 6 },
    );
  });

  it('packs signed codes as it would write them one by one, and unpacks them', () => {
    const row = fc.integer({ min: 2, max: 16 }).chain((bits) => {
      const code = fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
      return fc.tuple(fc.array(code, { maxLength: 40 }), fc.constant(bits));
    });
    fc.assert(
      fc.property(row, ([codes, bits]) => {
        const packed = packSigned(Int16Array.from(codes), bits);
        expect(packed).toEqual(written(codes.map((code) => [code < 0 ? code + 2 ** bits : code, bits])));
        const back = new Int16Array(codes.length);
        expect(unpackSignedInto(back, packed, bits)).toBe(0);
        expect([...back]).toEqual(codes);
      }),
      { seed: 2 },
    );
    expect(unpackSignedInto(new Int16Array(1), Uint8Array.of(0b10001), 3)).toBe(0b10);
  });

  it('reads zeros past the end, and says so', () => {
    const reader = new BitReader(Uint8Array.of(0xff));
    expect(reader.take(8)).toBe(0xff);
    expect(reader.overrun).toBe(false);
    expect(reader.take(3)).toBe(0);
    expect(reader.overrun).toBe(true);
  });

  it('does not call an end clean that leaves a bit or a byte', () => {
    const reader = new BitReader(Uint8Array.of(0b1000, 0));
    reader.take(3);
    expect(reader.atCleanEnd).toBe(false);
    reader.take(1);
    expect(reader.atCleanEnd).toBe(false);
    reader.take(8);
    expect(reader.atCleanEnd).toBe(true);
  });
});
