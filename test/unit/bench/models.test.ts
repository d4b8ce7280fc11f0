import { describe, expect, it } from 'vitest';
import { readingsOf } from '../../../bench/compression-cases.js';
import { models } from '../../../bench/models.js';

const numbersIn = (blocks: readonly { readonly rows: number; readonly cols: number }[]) =>
  blocks.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

describe('the models that compression is timed on', () => {
  it('cover their vectors without gaps', () => {
    for (const { blocks, size } of Object.values(models)) {
      let offset = 0;
      for (const block of blocks) {
        expect(block.offset).toBe(offset);
        offset += block.rows * block.cols;
      }
      expect(size).toBe(offset);
    }
  });

  it('have the sizes of the networks: 101,770, 669,706 and 16,777,216 numbers', () => {
    expect([models.small.size, models.medium.size, models.large.size]).toEqual([
      101_770, 669_706, 16_777_216,
    ]);
  });

  it('have ResNet-20 with 272,474 numbers (He et al. 2016, projection shortcuts), 1,568 of them in 42 norm vectors', () => {
    const { blocks, size } = models.convolutional;
    expect(size).toBe(272_474);
    const vectors = blocks.filter(({ rows }) => rows === 1);
    expect(vectors).toHaveLength(42);
    expect(numbersIn(vectors)).toBe(1568);
    const convolutions = blocks.filter(({ rows, cols }) => rows > 1 && cols > 10);
    expect(convolutions).toHaveLength(21);
    // 3 x 3: 3 to 16; six of 16; 16 to 32; five of 32; 32 to 64; five of 64. 1 x 1: 16 to 32 and 32 to 64.
    const kernels = 9 * (3 * 16 + 6 * 16 ** 2 + 16 * 32 + 5 * 32 ** 2 + 32 * 64 + 5 * 64 ** 2);
    expect(numbersIn(convolutions)).toBe(kernels + 16 * 32 + 32 * 64);
    expect(numbersIn(blocks.filter(({ cols }) => cols === 10))).toBe(650);
  });
});

describe('a target', () => {
  it('is read as it stands, by the copy of the large square and by one of its own size', () => {
    const timing = { name: 'resnet-20 low-rank:rank=4,bits=32', bothMs: 0.5, copyMs: 0.04, size: 250_000 };
    const [absolute, large, own] = readingsOf(timing, 12.5);
    expect(absolute).toMatchObject({ copied: 'nothing', wantedMs: 0.35, met: false });
    expect(large).toMatchObject({ copied: 'large square', wantedMs: 0.7, met: true });
    expect(own).toMatchObject({ copied: 'own size', met: false });
    expect(own!.copyRate).toBeCloseTo(25, 9);
    expect(own!.wantedMs).toBeCloseTo(0.35, 9);
    expect(readingsOf({ ...timing, name: 'resnet-20 none' }, 12.5)).toEqual([]);
  });
});
