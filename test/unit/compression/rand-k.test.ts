import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto, decodeInto } from '../../../src/compression/message.js';
import { drawSubset } from '../../../src/compression/rand-k.js';
import { compressors } from '../../../src/compression/registry.js';
import { naiveSubset } from '../../reference/naive-compression.js';

const blocks: MatrixBlock[] = [{ name: 'z', offset: 0, rows: 2, cols: 4 }];
const values = Float32Array.of(1, -2, 3, -4, 5, -6, 7, -8);

function encode(spec: string): Uint8Array {
  const compressor = compressors.resolve(spec);
  return compressor.encode(values, blocks, compressor.createState(blocks, createRandom('rand-k')));
}

describe('rand-k', () => {
  it('draws the subset of a seed as the wire format says, step by step', () => {
    for (const [size, count] of [
      [1, 1],
      [7, 3],
      [32, 32],
      [33, 32],
      [1000, 10],
    ]) {
      const subset = [...drawSubset({ seed0: 123, seed1: size }, size, count)];
      expect(subset).toEqual(naiveSubset([123, size], size, count));
      expect(new Set(subset).size).toBe(count);
      expect(subset.every((index) => index < size)).toBe(true);
    }
  });

  it('draws every subset equally often: 6000 draws of 2 of 4 within 5 sigma (sqrt(6000 5 / 36) = 29) of 1000', () => {
    const counts = new Map<string, number>();
    for (let seed1 = 0; seed1 < 6000; seed1++) {
      const key = [...drawSubset({ seed0: 9, seed1 }, 4, 2)].sort().join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
  });

  it('lays out two words of seed and the values in the order drawn, and draws anew for each message', () => {
    const message = encode('rand-k:count=3');
    expect(message.length).toBe(8 + 8 + 4 * 3);
    const view = new DataView(message.buffer);
    expect([view.getUint8(0), view.getUint8(1), view.getUint16(2, true), view.getUint32(4, true)]).toEqual([
      20, 32, 0, 20,
    ]);
    const seed = { seed0: view.getUint32(8, true), seed1: view.getUint32(12, true) };
    const subset = drawSubset(seed, 8, 3);
    expect([0, 1, 2].map((e) => view.getFloat32(16 + 4 * e, true))).toEqual(
      [...subset].map((index) => values[index]),
    );
    const out = new Float32Array(8);
    decodeInto(out, message, blocks);
    expect([...out]).toEqual([...values].map((value, i) => (subset.includes(i) ? value : 0)));
  });

  it('scales by d / k on demand', () => {
    const out = new Float32Array(8);
    decodeInto(out, encode('rand-k:fraction=0.25,scaled=1'), blocks);
    const sent = [...out.keys()].filter((i) => out[i] !== 0);
    expect(sent.length).toBe(2);
    for (const i of sent) expect(out[i]).toBe(4 * values[i]);
  });

  it('refuses more values than the block has entries, none, and values that are not finite', () => {
    const out = new Float32Array(8);
    const length = expect.objectContaining({ code: 'PAYLOAD_BAD_LENGTH' });
    const none = Uint8Array.of(20, 32, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(() => decodeAddInto(out, none, blocks)).toThrowError(length);
    const nine = new Uint8Array(8 + 8 + 36);
    nine.set([20, 32, 0, 0, 44, 0, 0, 0]);
    expect(() => decodeAddInto(out, nine, blocks)).toThrowError(length);
    const message = encode('rand-k:count=2');
    new DataView(message.buffer).setFloat32(20, Number.NaN, true);
    expect(() => decodeAddInto(out, message, blocks)).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }),
    );
  });

  it('refuses to scale values out of float32', () => {
    const compressor = compressors.resolve('rand-k:count=1,scaled=1');
    const huge = new Float32Array(8).fill(3e38);
    expect(() =>
      compressor.encode(huge, blocks, compressor.createState(blocks, createRandom(1))),
    ).toThrowError(expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE' }));
  });
});
