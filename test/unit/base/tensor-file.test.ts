import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeTensorFile, encodeTensorFile } from '../../../src/base/tensor-file.js';

const file = (): Uint8Array =>
  Buffer.concat(
    encodeTensorFile(
      [
        { name: 'dense/kernel', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
        { name: 'state.bytes', shape: [3], values: Uint8Array.of(1, 2, 3) },
        { name: 'state.wide', shape: [1], values: Float64Array.of(0.1) },
        { name: 'state.random', shape: [1], values: Uint32Array.of(0xffffffff) },
      ],
      { format: 'pt', note: 'a "quoted" é text' },
    ),
  );

function headerOf(
  bytes: Uint8Array,
): Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8'));
}

describe('a tensor file', () => {
  it('is laid out as SafeTensors wants it: no holes, aligned, types that every reader has', () => {
    const bytes = file();
    const { __metadata__: _metadata, ...tensors } = headerOf(bytes);
    const data =
      bytes.length - 8 - Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const ranges = Object.values(tensors).map(({ data_offsets: range }) => range);
    expect(ranges).toEqual([
      [0, 8],
      [8, 32],
      [32, 36],
      [36, 39],
    ]);
    expect(data).toBe(39);
    expect((bytes.length - data) % 8).toBe(0);
    expect(Object.values(tensors).map(({ dtype }) => dtype)).toEqual(['F64', 'F32', 'I32', 'U8']);
  });

  it('gives back its tensors and texts', () => {
    const read = decodeTensorFile(file());
    if (typeof read === 'string') throw new Error(read);
    expect(read.metadata.note).toBe('a "quoted" é text');
    expect(read.tensors.get('dense/kernel')?.shape).toEqual([2, 3]);
    expect(read.tensors.get('state.random')?.as('Uint32Array')).toEqual(Uint32Array.of(0xffffffff));
    expect(read.tensors.get('state.random')?.as('Float32Array')).toBeNull();
  });

  it('holds the SHA-256 of itself, counted with zeros in its place', () => {
    const bytes = file();
    const { sha256 } = headerOf(bytes).__metadata__ as unknown as { sha256: string };
    const text = Buffer.from(bytes).toString('latin1').replace(sha256, '0'.repeat(64));
    expect(createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex')).toBe(sha256);
  });

  it('is refused with any one bit flipped, and cut off anywhere', () => {
    const bytes = file();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Uint8Array.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeTensorFile(copy), `bit ${bit}`).toBeTypeOf('string');
    }
    for (let length = 0; length < bytes.length; length++)
      expect(decodeTensorFile(bytes.subarray(0, length)), `${length} bytes`).toBeTypeOf('string');
  });

  it('is not taken for one where there is no checksum', () => {
    expect(decodeTensorFile(new Uint8Array(64))).toBe('it has no checksum');
  });
});
