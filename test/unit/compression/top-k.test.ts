import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';

const blocks: MatrixBlock[] = [{ name: 'z', offset: 0, rows: 2, cols: 3 }];
const values = Float32Array.of(1, -5, 0.5, 5, 2, -3);

function encode(spec: string, given = blocks): Uint8Array {
  const compressor = compressors.resolve(spec);
  const size = given.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  return compressor.encode(
    values.length === size ? values : new Float32Array(size),
    given,
    compressor.createState(given, createRandom(1)),
  );
}

describe('top-k', () => {
  it('sends the k entries of largest magnitude exactly', () => {
    const out = new Float32Array(6);
    decodeInto(out, encode('top-k:count=3'), blocks);
    expect([...out]).toEqual([0, -5, 0, 5, 0, -3]);
  });

  it('lays out a header of 8 bytes, k indices as u32 and k values as float32', () => {
    const view = new DataView(encode('top-k:count=2').buffer);
    expect([view.getUint8(0), view.getUint8(1), view.getUint16(2, true), view.getUint32(4, true)]).toEqual([
      4, 32, 0, 16,
    ]);
    expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([1, 3]);
    expect([view.getFloat32(16, true), view.getFloat32(20, true)]).toEqual([-5, 5]);
  });

  it('keeps round(fraction d) entries of each block, at least one and at most all', () => {
    const bytes = (spec: string, rows: number, cols: number) =>
      compressors.resolve(spec).encodedBytes([{ name: 'z', offset: 0, rows, cols }]);
    expect(bytes('top-k', 785, 128)).toBe(8 + 8 * 1005);
    expect(bytes('top-k:fraction=0.01', 1, 10)).toBe(8 + 8);
    expect(bytes('top-k:fraction=1', 2, 3)).toBe(8 + 8 * 6);
    expect(bytes('top-k:count=20', 2, 3)).toBe(8 + 8 * 6);
  });

  it('refuses indices that are out of range, doubled or not ascending, and values that are not finite', () => {
    const edits: [number, number][] = [
      [12, 6], // out of range
      [12, 1], // doubled
      [8, 5], // not ascending
    ];
    const out = new Float32Array(6);
    const refusal = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    for (const [position, index] of edits) {
      const message = encode('top-k:count=2');
      new DataView(message.buffer).setUint32(position, index, true);
      expect(() => decodeAddInto(out, message, blocks)).toThrowError(refusal);
    }
    const message = encode('top-k:count=2');
    new DataView(message.buffer).setFloat32(20, Number.NaN, true);
    expect(() => decodeAddInto(out, message, blocks)).toThrowError(refusal);
    expect([...out]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('refuses more entries than the block has, and none', () => {
    const refusal = expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' });
    const wide = encode('top-k:fraction=1', [{ name: 'z', offset: 0, rows: 1, cols: 7 }]);
    expect(() => decodeAddInto(new Float32Array(6), wide, blocks)).toThrowError(refusal);
    const empty = Uint8Array.of(4, 32, 0, 0, 0, 0, 0, 0);
    expect(() => decodeAddInto(new Float32Array(6), empty, blocks)).toThrowError(refusal);
  });
});
