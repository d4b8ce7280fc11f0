import { describe, expect, it } from 'vitest';
import { nearestOmega, stochasticVariance } from '../../../src/compression/block-quantization.js';
import { decodeAddInto } from '../../../src/compression/message.js';
import { bodyBytes, compressVector, createSender, rowOf } from '../../reference/compress-vector.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';

const plain = (out: Float32Array) => [...out].map((x) => x + 0);

describe('quantize', () => {
  it('rounds to the nearest of 2^b - 1 steps between -max and max of the bucket', () => {
    expect(plain(compressVector('quantize:bits=3', [3, 1.4, -1.6, 0.4, -0.5]).out)).toEqual([
      3, 1, -2, 0, -1,
    ]);
    expect(plain(compressVector('quantize:bits=2,bucket=2', [4, 1, 8, -4]).out)).toEqual([4, 0, 8, -8]);
  });

  it('has the numbers of int8 at 8 bits in buckets of 256', () => {
    const x = Array.from({ length: 700 }, (_, i) => Math.sin(i) * (1 + i));
    const [quantized, int8] = ['quantize', 'int8'].map((spec) => compressVector(spec, x));
    expect(quantized!.out).toEqual(int8!.out);
    expect(quantized!.body).toEqual(int8!.body);
  });

  it('takes 4 ceil(d / bucket) + ceil(d b / 8) bytes', () => {
    expect(bodyBytes('quantize', 1000)).toBe(16 + 1000);
    expect(bodyBytes('quantize:bits=3,bucket=0', 1001)).toBe(4 + 376);
    expect(bodyBytes('quantize:bits=16,bucket=1', 10)).toBe(40 + 20);
  });

  it('contracts by no more than omega = 4 L^2 / (4 L^2 + n - 1), attained by numbers half a step large', () => {
    const x = Float32Array.from({ length: 10 }, (_, i) => (i === 0 ? 3 : 0.5));
    const { out } = createSender('quantize:bits=3', 10)(x);
    const omega = nearestOmega({ name: 'x', rows: 1, cols: 10 }, { bits: 3, bucket: 256 });
    expect(omega).toBeCloseTo(36 / 45, 12);
    expect(squaredDistance(x, out) / squaredNorm(x)).toBeCloseTo(1 - omega, 12);
  });

  it('is unbiased when stochastic: 0.25 steps up one time in four', () => {
    const send = createSender('quantize:bits=3,rounding=stochastic', 2);
    let ups = 0;
    for (let draw = 0; draw < 4000; draw++) {
      const [largest, quarter] = send(Float32Array.of(3, 1.25)).out;
      expect(largest).toBe(3);
      expect([1, 2]).toContain(quarter);
      ups += quarter! - 1;
    }
    expect(Math.abs(ups / 4000 - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 4000));
    expect(stochasticVariance({ name: 'x', rows: 1, cols: 2 }, { bits: 3, bucket: 0 })).toBeCloseTo(
      1 / 36,
      12,
    );
  });

  it('refuses the code that is not used, padding, and scales out of range', () => {
    const { message } = compressVector('quantize:bits=3', [3, 1, 2]);
    const refusal = expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' });
    const decode = (edit: (bytes: Uint8Array) => void) => () => {
      const bytes = message.slice();
      edit(bytes);
      decodeAddInto(new Float32Array(3), bytes, rowOf(3));
    };
    expect(decode(() => {})).not.toThrow();
    expect(decode((bytes) => bytes.set([0b100], 12))).toThrowError(refusal);
    expect(decode((bytes) => bytes.set([0b10], 13))).toThrowError(refusal);
    for (const scale of [-1, Number.NaN, 3e38]) {
      expect(decode((bytes) => new DataView(bytes.buffer).setFloat32(8, scale, true))).toThrowError(refusal);
    }
  });
});
