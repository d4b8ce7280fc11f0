import { describe, expect, it } from 'vitest';
import { contractionByBlock, namedOmegas } from '../../../src/compression/contraction.js';

const blocks = [
  { name: 'first', offset: 0, rows: 1, cols: 3 },
  { name: 'second', offset: 3, rows: 2, cols: 1 },
];

describe('the measured contraction omega = 1 - ||z - q||^2 / ||z||^2', () => {
  it('is the share of the squared norm that was captured, block by block', () => {
    const z = Float32Array.of(3, 0, 4, 1, 1);
    const q = Float32Array.of(0, 0, 4, 1, 0);
    const [first, second] = contractionByBlock(z, q, blocks);
    expect(first).toBeCloseTo(16 / 25, 12);
    expect(second).toBeCloseTo(1 / 2, 12);
  });

  it('is negative when sending did harm, and 1 for zero, of which nothing is lost', () => {
    const z = Float32Array.of(1, 0, 0, 0, 0);
    const q = Float32Array.of(-1, 0, 0, 0, 0);
    expect(contractionByBlock(z, q, blocks)).toEqual([-3, 1]);
  });

  it('is recorded by layer, or not at all', () => {
    expect(namedOmegas(blocks, [0.5, 1])).toEqual({ omega: { first: 0.5, second: 1 } });
    expect(namedOmegas(blocks, null)).toEqual({});
  });
});
