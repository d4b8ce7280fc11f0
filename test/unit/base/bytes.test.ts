import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../src/base/bytes.js';
import { isGrapevineError } from '../../../src/base/errors.js';

const FAST_CHECK_SEED = 20260101;

type Item =
  | { readonly type: 'u8' | 'u16' | 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'f32Array'; readonly value: Float32Array };

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ type: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ type: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ type: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ type: fc.constant('f32' as const), value: fc.float() }),
  fc.record({ type: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 20 }) }),
  fc.record({ type: fc.constant('f32Array' as const), value: fc.float32Array({ maxLength: 9 }) }),
);

function write(writer: ByteWriter, { type, value }: Item): void {
  if (type === 'bytes') writer.bytes(value);
  else if (type === 'f32Array') writer.f32Array(value);
  else writer[type](value);
}

function read(reader: ByteReader, { type, value }: Item): unknown {
  if (type === 'bytes') return reader.bytes(value.length).slice();
  if (type === 'f32Array') return reader.f32Array(value.length);
  return reader[type]();
}

describe('writing and reading', () => {
  it('gives back what was written, whatever the first capacity', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), fc.integer({ min: 0, max: 64 }), (items, capacity) => {
        const writer = new ByteWriter(capacity);
        for (const each of items) write(writer, each);
        const reader = new ByteReader(writer.finish());
        for (const each of items) expect(read(reader, each)).toEqual(each.value);
        expect(reader.remaining).toBe(0);
      }),
      { seed: FAST_CHECK_SEED, numRuns: 300 },
    );
  });

  it('grows in the middle of a number without losing it or its neighbors', () => {
    for (let capacity = 0; capacity <= 16; capacity++) {
      const writer = new ByteWriter(capacity);
      writer.u8(1);
      writer.u16(0x0302);
      writer.u32(0x07060504);
      writer.f32(1.5);
      writer.f32Array(Float32Array.of(-2));
      expect(Array.from(writer.finish()), `capacity ${capacity}`).toEqual([
        1, 2, 3, 4, 5, 6, 7, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0,
      ]);
    }
  });

  it('is little-endian', () => {
    const writer = new ByteWriter();
    writer.u32(0x01020304);
    expect(Array.from(writer.finish())).toEqual([4, 3, 2, 1]);
  });

  it('patches a length written before, also after the buffer has grown', () => {
    const writer = new ByteWriter(4);
    writer.u32(0);
    writer.bytes(Uint8Array.of(9, 9, 9));
    writer.patchU32(0, writer.length);
    expect(Array.from(writer.finish())).toEqual([7, 0, 0, 0, 9, 9, 9]);
  });

  it('copies what it hands out: later writing changes nothing', () => {
    const writer = new ByteWriter();
    writer.u8(1);
    const early = writer.finish();
    writer.u8(2);
    expect(Array.from(early)).toEqual([1]);
    expect(Array.from(writer.finish())).toEqual([1, 2]);
  });
});

describe('a reader', () => {
  it('refuses to read past its end, says by how much, and stays where it was', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5));
    reader.u16();
    let error: unknown;
    try {
      reader.u32();
    } catch (thrown) {
      error = thrown;
    }
    expect(isGrapevineError(error, 'PAYLOAD_BAD_LENGTH')).toBe(true);
    expect(String(error)).toContain('ends 1 bytes early: wanted 4 more bytes at offset 2, got 3');
    expect(reader.remaining).toBe(3);
    expect(reader.u8()).toBe(3);
  });

  it.each([
    ['bytes', (reader: ByteReader) => reader.bytes(0xffffffff)],
    ['float32 numbers', (reader: ByteReader) => reader.f32Array(0xffffffff)],
  ])('refuses four billion %s before it allocates them', (_what, action) => {
    expect(() => action(new ByteReader(new Uint8Array(8)))).toThrow(/got 8$/);
  });

  it('reads a view into a larger buffer from its own first byte', () => {
    const reader = new ByteReader(Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5));
    expect(reader.u16()).toBe(0x0201);
    expect(reader.u8()).toBe(3);
    expect(reader.remaining).toBe(0);
  });

  it('hands out views of bytes and copies of numbers', () => {
    const source = new Uint8Array(8);
    const view = new ByteReader(source).bytes(4);
    const numbers = new ByteReader(source).f32Array(2);
    source.fill(0x40);
    expect(Array.from(view)).toEqual([64, 64, 64, 64]);
    expect(Array.from(numbers)).toEqual([0, 0]);
  });
});
