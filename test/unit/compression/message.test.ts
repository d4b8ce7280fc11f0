import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { BLOCK_HEADER_BYTES, decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';

const blocks: MatrixBlock[] = [
  { name: 'a', offset: 0, rows: 1, cols: 2 },
  { name: 'b', offset: 2, rows: 2, cols: 1 },
];
const none = compressors.resolve('none');
const encode = (values: Float32Array) =>
  none.encode(values, blocks, none.createState(blocks, createRandom(1)));

describe('a message', () => {
  it('is, block by block, a header of operator, bits, parameter and length, and a body', () => {
    const message = encode(Float32Array.of(1, -2, 0.5, 0));
    const header = [1, 32, 0, 0, 8, 0, 0, 0];
    expect([...message]).toEqual([
      ...header,
      0,
      0,
      128,
      63,
      0,
      0,
      0,
      192,
      ...header,
      0,
      0,
      0,
      63,
      0,
      0,
      0,
      0,
    ]);
    expect(none.encodedBytes(blocks)).toBe(2 * (BLOCK_HEADER_BYTES + 8));
  });

  it('adds to what is there, or replaces it', () => {
    const message = encode(Float32Array.of(1, -2, 0.5, 0));
    const out = Float32Array.of(10, 10, 10, 10, 7);
    decodeAddInto(out, message, blocks);
    expect([...out]).toEqual([11, 8, 10.5, 10, 7]);
    decodeInto(out, message, blocks);
    expect([...out]).toEqual([1, -2, 0.5, 0, 7]);
  });

  it('writes nothing of the first block when the second is bad', () => {
    const message = encode(Float32Array.of(1, 2, 3, 4));
    new DataView(message.buffer).setFloat32(message.length - 4, Number.NEGATIVE_INFINITY, true);
    for (const decode of [decodeAddInto, decodeInto]) {
      const out = Float32Array.of(5, 6, 7, 8);
      expect(() => decode(out, message, blocks)).toThrowError(
        expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE', message: expect.stringContaining('"b"') }),
      );
      expect([...out]).toEqual([5, 6, 7, 8]);
    }
  });

  it('refuses a body length that the block does not have, before reading the body', () => {
    const message = encode(Float32Array.of(1, 2, 3, 4));
    for (const bodyBytes of [4, 12, 0xffffffff]) {
      const edited = message.slice();
      new DataView(edited.buffer).setUint32(4, bodyBytes, true);
      expect(() => decodeAddInto(new Float32Array(4), edited, blocks)).toThrowError(
        expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' }),
      );
    }
  });

  it('refuses an operator it does not know and lists those it does', () => {
    const message = encode(Float32Array.of(1, 2, 3, 4));
    message[16] = 200;
    expect(() => decodeAddInto(new Float32Array(4), message, blocks)).toThrowError(
      expect.objectContaining({
        code: 'PAYLOAD_BAD_OPERATOR',
        message: expect.stringContaining('operator 200, wanted one of 1 none, 2 int8, 3 low-rank, 4 top-k'),
      }),
    );
  });
});
