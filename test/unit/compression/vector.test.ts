import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { RUN_LENGTH } from '../../../src/compression/run-codes.js';

const int8 = compressors.resolve('int8');

function encode(values: Float32Array) {
  const blocks = [{ name: 'v', offset: 0, rows: 1, cols: values.length }];
  return { blocks, message: int8.encode(values, blocks, int8.createState(blocks, createRandom(1))) };
}

describe('int8', () => {
  it('rounds to the nearest of 255 steps between -max and max of the run', () => {
    const values = Float32Array.of(127, -127, 1.4, 1.6, -0.5, 0.4);
    const { blocks, message } = encode(values);
    const out = new Float32Array(6);
    decodeInto(out, message, blocks);
    expect([...out].map((x) => x + 0)).toEqual([127, -127, 1, 2, -1, 0]);
  });

  it('takes 4 bytes for each 256 numbers begun and a byte a number', () => {
    for (const [length, bytes] of [
      [1, 8 + 4 + 1],
      [256, 8 + 4 + 256],
      [257, 8 + 8 + 257],
    ]) {
      expect(encode(new Float32Array(length)).message.length).toBe(bytes);
    }
  });

  it('keeps an outlier from spoiling any run but its own', () => {
    const values = new Float32Array(2 * RUN_LENGTH).fill(0.01);
    values[0] = 1e6;
    const { blocks, message } = encode(values);
    const out = new Float32Array(values.length);
    decodeInto(out, message, blocks);
    expect(out[1]).toBe(0);
    expect(out[RUN_LENGTH]).toBeCloseTo(0.01, 8);
  });

  it('refuses a scale that is not finite or that times 127 leaves float32', () => {
    for (const scale of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e37]) {
      const { blocks, message } = encode(Float32Array.of(1, 2));
      new DataView(message.buffer).setFloat32(8, scale, true);
      expect(() => decodeAddInto(new Float32Array(2), message, blocks)).toThrowError(
        expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
      );
    }
  });
});
