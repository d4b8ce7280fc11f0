import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeAddInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { squaredNorm } from '../../reference/naive-compression.js';

const blocks: MatrixBlock[] = [
  { name: 'a', offset: 0, rows: 12, cols: 10 },
  { name: 'b', offset: 120, rows: 1, cols: 7 },
];

describe('error feedback', () => {
  it('sends in the end all it was given but for the error it keeps (Karimireddy et al. 2019, algorithm 1)', () => {
    for (const spec of [
      'ef+top-k:fraction=0.1',
      'ef+sign',
      'ef+low-rank:rank=2',
      'ef+adaptive-rank:budget=160',
      'ef+threshold:value=3',
      'ef+low-rank:rank=1++rand-k:fraction=0.2',
      'ef+per-layer:a=low-rank:rank=2+int8,*=int8',
    ]) {
      const compressor = compressors.resolve(spec);
      const state = compressor.createState(blocks, createRandom('ef', spec));
      const random = createRandom('stream');
      const given = new Float64Array(127);
      const sent = new Float32Array(127);
      for (let k = 0; k < 20; k++) {
        const z = Float32Array.from({ length: 127 }, () => gaussian(random));
        z.forEach((value, i) => {
          given[i] += value;
        });
        const message = compressor.encode(z, blocks, state);
        expect(message.length).toBeLessThanOrEqual(compressor.encodedBytes(blocks));
        decodeAddInto(sent, message, blocks);
      }
      const error = Float64Array.from(blocks.flatMap((_, b) => [...state[b]!.e!]));
      expect(error.some((value) => value !== 0)).toBe(true);
      given.forEach((value, i) => expect(Math.abs(value - sent[i] - error[i])).toBeLessThan(1e-4));
    }
  });

  it('keeps the error bounded for a contraction: a constant z is sent on average, entry by entry', () => {
    const compressor = compressors.resolve('ef+top-k:fraction=0.1');
    const state = compressor.createState(blocks, createRandom('bounded'));
    const z = Float32Array.from({ length: 127 }, (_, i) => 1 + (i % 7));
    const sent = new Float32Array(127);
    for (let k = 0; k < 400; k++) decodeAddInto(sent, compressor.encode(z, blocks, state), blocks);
    z.forEach((value, i) => expect(Math.abs(sent[i] / 400 / value - 1)).toBeLessThan(0.15));
    expect(squaredNorm(state[0].e as Float32Array)).toBeLessThan((2 / 0.1) ** 2 * squaredNorm(z));
  });

  it('makes the messages of A, so that receivers see no difference: the first one is equal to the byte', () => {
    const z = Float32Array.from({ length: 127 }, (_, i) => Math.sin(i));
    const [plain, wrapped] = ['top-k', 'ef+top-k'].map((spec) => {
      const compressor = compressors.resolve(spec);
      return compressor.encode(z, blocks, compressor.createState(blocks, createRandom(1)));
    });
    expect(wrapped).toEqual(plain);
  });

  it('keeps plain data only, and leaves its state when it refuses what is not finite', () => {
    const compressor = compressors.resolve('ef+low-rank:rank=2');
    const state = compressor.createState(blocks, createRandom('refuse'));
    compressor.encode(new Float32Array(127).fill(0.3), blocks, state);
    expect(Object.keys(state[0]).sort()).toEqual(['e', 'inner.q', 'inner.random', 'inner.warm']);
    const before = structuredClone(state);
    const bad = new Float32Array(127);
    bad[121] = Number.NaN;
    expect(() => compressor.encode(bad, blocks, state)).toThrowError(
      expect.objectContaining({ code: 'PAYLOAD_BAD_VALUE', message: expect.stringContaining('"b"') }),
    );
    expect(state).toEqual(before);
  });
});
