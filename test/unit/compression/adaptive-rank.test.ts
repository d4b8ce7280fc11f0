import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import type { MatrixBlock } from '../../../src/compression/compressor.js';
import { decodeInto } from '../../../src/compression/message.js';
import { compressors } from '../../../src/compression/registry.js';
import { squaredDistance, squaredNorm } from '../../reference/naive-compression.js';
import { gaussianMatrix, matrixWithSpectrum } from '../../reference/naive-linalg.js';

const blocks: MatrixBlock[] = [
  { name: 'steep', offset: 0, rows: 40, cols: 30 },
  { name: 'bias', offset: 1200, rows: 1, cols: 20 },
  { name: 'flat', offset: 1220, rows: 30, cols: 40 },
];
const size = 2420;

/** One block of three directions, one of noise with less energy. */
function sample(flatness = 0.02): Float32Array {
  const values = new Float32Array(size);
  values.set(matrixWithSpectrum(blocks[0], [5, 4, 3, 0.2, 0.1], 'steep').values);
  values.fill(0.3, 1200, 1220);
  values.set(
    gaussianMatrix(30, 40).values.map((x) => flatness * x),
    1220,
  );
  return values;
}

/** Ranks in the headers of a message: 0 for blocks of another operator. */
function ranksOf(message: Uint8Array): number[] {
  const view = new DataView(message.buffer);
  const ranks: number[] = [];
  for (let at = 0; at < message.length; at += 8 + view.getUint32(at + 4, true))
    ranks.push(view.getUint8(at) === 3 ? view.getUint16(at + 2, true) : 0);
  return ranks;
}

function send(spec: string, values = sample(), messages = 3) {
  const compressor = compressors.resolve(spec);
  const state = compressor.createState(blocks, createRandom('adaptive'));
  let message = new Uint8Array(0) as Uint8Array;
  for (let k = 0; k < messages; k++) message = compressor.encode(values, blocks, state);
  const decoded = new Float32Array(size);
  decodeInto(decoded, message, blocks);
  return { message, ranks: ranksOf(message), decoded, values, announced: compressor.encodedBytes(blocks) };
}

describe('adaptive rank', () => {
  it('takes the smallest rank that captures the wanted energy, block by block', () => {
    // 25 + 16 + 9 of 50.05: one vector holds 0.4995, two 0.819, three 0.999.
    expect(send('adaptive-rank:energy=0.49').ranks[0]).toBe(1);
    expect(send('adaptive-rank:energy=0.6').ranks[0]).toBe(2);
    expect(send('adaptive-rank:energy=0.9').ranks[0]).toBe(3);
    expect(send('adaptive-rank:energy=0.9').ranks[1]).toBe(0);
    expect(send('adaptive-rank:energy=0.9,max-rank=5').ranks[2]).toBe(5);
    expect(send('adaptive-rank:energy=1,max-rank=100').ranks[2]).toBe(17); // 18 x 70 numbers are more than 1200
  });

  it('captures what it promises, before rounding', () => {
    for (const energy of [0.3, 0.7, 0.9]) {
      const { decoded, values } = send(`adaptive-rank:energy=${energy},bits=32,max-rank=40`);
      for (const { offset, rows, cols } of [blocks[0]]) {
        const cut = (x: Float32Array) => x.subarray(offset, offset + rows * cols);
        const share = 1 - squaredDistance(cut(values), cut(decoded)) / squaredNorm(cut(values));
        expect(share).toBeGreaterThanOrEqual(energy - 1e-6);
      }
    }
  });

  it('spends a budget where a byte captures most, and never more than it', () => {
    const flatPoor = send('adaptive-rank:budget=400', sample(0.002));
    expect(flatPoor.ranks[0]).toBeGreaterThanOrEqual(3);
    expect(flatPoor.ranks[2]).toBeLessThan(flatPoor.ranks[0]);
    const flatRich = send('adaptive-rank:budget=700', sample(1));
    expect(flatRich.ranks[2]).toBeGreaterThan(flatRich.ranks[0]);
    for (const budget of [170, 300, 500, 1000, 5000]) {
      const { message, announced } = send(`adaptive-rank:budget=${budget}`);
      expect(message.length).toBeLessThanOrEqual(budget);
      expect(message.length).toBeLessThanOrEqual(announced);
      expect(announced).toBeLessThanOrEqual(budget);
    }
  });

  it('refuses a budget below rank 1 of all blocks, and says what that takes', () => {
    // Three headers; 4 + 20 for the bias; 2 x (4 + 20 + 4 + 15) for rank 1 of both matrices.
    const least = 24 + 24 + 86;
    const refusal = expect.objectContaining({
      code: 'BAD_SPEC',
      message: expect.stringContaining(`at least ${least} bytes`),
    });
    expect(() => compressors.resolve(`adaptive-rank:budget=${least - 1}`).encodedBytes(blocks)).toThrowError(
      refusal,
    );
    expect(() => send(`adaptive-rank:budget=${least - 1}`)).toThrowError(refusal);
    expect(send(`adaptive-rank:budget=${least}`).message.length).toBe(least);
  });

  it('lets the rank rise and fall from message to message, and starts warm', () => {
    const compressor = compressors.resolve('adaptive-rank:energy=0.9');
    const state = compressor.createState(blocks, createRandom('change'));
    const steep = sample();
    const single = sample();
    single.set(matrixWithSpectrum(blocks[0], [5], 'single').values);
    const ranks = [steep, single, steep].map(
      (values) => ranksOf(compressor.encode(values, blocks, state))[0],
    );
    expect(ranks).toEqual([3, 1, 3]);
  });
});
