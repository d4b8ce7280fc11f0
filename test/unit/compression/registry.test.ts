import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { compressors } from '../../../src/compression/registry.js';

describe('the registry of compressors', () => {
  it('spells out every option in the canonical spec', () => {
    expect(compressors.canonical('low-rank')).toBe('low-rank:rank=8,bits=4,iterations=1');
    expect(compressors.resolve('low-rank:bits=8').spec).toBe('low-rank:rank=8,bits=8,iterations=1');
    expect(compressors.canonical('top-k')).toBe('top-k:fraction=0.01');
    expect(compressors.resolve('none').spec).toBe('none');
    expect(compressors.canonical('threshold')).toBe('threshold:relative=0.5');
    expect(compressors.canonical('threshold:value=3')).toBe('threshold:value=3');
    expect(compressors.canonical('wangni')).toBe('wangni:epsilon=0.5');
    expect(compressors.canonical('wangni:density=0.1')).toBe('wangni:density=0.1');
  });

  it('refuses unknown names, keys and values, and says what there is', () => {
    const refusal = (part: string) =>
      expect.objectContaining({ code: 'BAD_SPEC', message: expect.stringContaining(part) });
    expect(() => compressors.resolve('low-rnk')).toThrowError(refusal('Did you mean "low-rank"?'));
    expect(() => compressors.resolve('low-rank:rnk=2')).toThrowError(refusal('rank, bits, iterations'));
    expect(() => compressors.resolve('low-rank:bits=5')).toThrowError(refusal('wanted one of 4, 8, 16, 32'));
    expect(() => compressors.resolve('low-rank:rank=0')).toThrowError(refusal('an integer from 1 to 1024'));
    expect(() => compressors.resolve('top-k:fraction=0')).toThrowError(refusal('a number from 1e-9 to 1'));
  });

  it('gives every block a generator of its own', () => {
    const blocks = [0, 1].map((k) => ({ name: `b${k}`, offset: 600 * k, rows: 30, cols: 20 }));
    const [first, second] = compressors.resolve('low-rank').createState(blocks, createRandom(5));
    expect(first.q).not.toEqual(second.q);
    expect(first.random).not.toEqual(second.random);
  });
});
