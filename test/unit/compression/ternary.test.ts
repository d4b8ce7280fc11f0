import { describe, expect, it } from 'vitest';
import { decodeAddInto } from '../../../src/compression/message.js';
import { ternaryVariance } from '../../../src/compression/ternary.js';
import { bodyBytes, compressVector, createSender, rowOf } from '../../reference/compress-vector.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';

describe('ternary', () => {
  it('sends 0 or plus or minus the largest, each with the share |x| / s', () => {
    const send = createSender('ternary', 4);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 4000; draw++) {
      send(Float32Array.of(4, -1, 2, 0)).out.forEach((value, i) => {
        expect([0, i === 1 ? -4 : 4]).toContain(value + 0);
        if (value !== 0) counts[i]!++;
      });
    }
    expect([counts[0], counts[3]]).toEqual([4000, 0]);
    expect(Math.abs(counts[1]! / 4000 - 1 / 4)).toBeLessThan(0.04);
    expect(Math.abs(counts[2]! / 4000 - 1 / 2)).toBeLessThan(0.04);
  });

  it('attains U = (sqrt(n) - 1) / 2 for one number s and n - 1 of s / (1 + sqrt(n))', () => {
    const x = Float32Array.from({ length: 16 }, (_, i) => (i === 0 ? 5 : 1));
    const u = ternaryVariance({ name: 'x', rows: 1, cols: 16 }, 0);
    expect(u).toBe(1.5);
    // s ||x||_1 - ||x||^2 = 5 (5 + 15) - (25 + 15) = 60 = 1.5 x 40.
    const send = createSender('ternary', 16);
    let error = 0;
    for (let draw = 0; draw < 4000; draw++) error += squaredDistance(send(x).out, x) / 4000;
    expect(Math.abs(error / squaredNorm(x) - u)).toBeLessThan(0.05);
  });

  it('packs five digits a byte, the first the least significant in base 3', () => {
    const { body } = compressVector('ternary', [1, -1, 0, 1, -1, -1]);
    expect([...body]).toEqual([0, 0, 0x80, 0x3f, 1 + 2 * 3 + 0 * 9 + 1 * 27 + 2 * 81, 2]);
    expect(bodyBytes('ternary', 1000)).toBe(4 + 200);
    expect(bodyBytes('ternary:bucket=100', 1001)).toBe(44 + 201);
  });

  it('limits numbers to c standard deviations when clipped, so that more of the small ones are sent', () => {
    const x = Float32Array.from({ length: 100 }, (_, i) => (i === 0 ? 1000 : 1));
    const { out } = createSender('ternary:clip=2.5', 100)(x);
    // The deviation from 0 is sqrt((10^6 + 99) / 100) = 100.005.
    expect(out[0]).toBeCloseTo(250.01, 2);
    expect([...compressVector('ternary:clip=2.5', [3, 3, 3]).out]).toEqual([3, 3, 3]);
  });

  it('refuses bytes and digits that no sender writes', () => {
    const { message } = compressVector('ternary', [1, -1, 0, 1, -1, -1]);
    for (const [at, byte] of [
      [12, 243],
      [13, 3],
    ]) {
      const bytes = message.slice();
      bytes[at!] = byte!;
      expect(() => decodeAddInto(new Float32Array(6), bytes, rowOf(6))).toThrowError(
        expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
      );
    }
  });
});
