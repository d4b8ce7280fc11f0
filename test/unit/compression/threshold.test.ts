import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';

const blocks: MatrixBlock[] = [{ name: 'z', offset: 0, rows: 2, cols: 3 }];
const values = Float32Array.of(1, -5, 0.5, 4, 2, -3);

function send(spec: string, given = values) {
  const compressor = compressors.resolve(spec);
  const message = compressor.encode(given, blocks, compressor.createState(blocks, createRandom(1)));
  const out = new Float32Array(6);
  decodeInto(out, message, blocks);
  return { message, out: [...out], longest: compressor.encodedBytes(blocks) };
}

describe('threshold', () => {
  it('keeps entries of at least the given magnitude, the boundary included', () => {
    expect(send('threshold:value=3').out).toEqual([0, -5, 0, 4, 0, -3]);
    expect(send('threshold:value=10').out).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('keeps entries of at least the given share of the largest, half of it unless told', () => {
    expect(send('threshold:relative=0.8').out).toEqual([0, -5, 0, 4, 0, 0]);
    expect(send('threshold').out).toEqual([0, -5, 0, 4, 0, -3]);
    expect(send('threshold:relative=0').out).toEqual([...values]);
  });

  it('asks for both when both are given', () => {
    expect(send('threshold:value=4.5,relative=0.1').out).toEqual([0, -5, 0, 0, 0, 0]);
    expect(send('threshold:value=0.1,relative=1').out).toEqual([0, -5, 0, 0, 0, 0]);
  });

  it('makes messages of 8 bytes an entry, none for zeros, and announces the longest', () => {
    expect(send('threshold:value=3').message.length).toBe(8 + 8 * 3);
    expect(send('threshold', new Float32Array(6)).message).toEqual(Uint8Array.of(21, 32, 0, 0, 0, 0, 0, 0));
    expect(send('threshold').longest).toBe(8 + 8 * 6);
  });
});
