/** The contract holds on machines without the kernels, too: the compressors that use them, on their twins. */
import { afterAll, beforeAll, describe } from 'vitest';
import { forceTwins } from '../../src/linalg/kernels.js';
import { compressorConformance } from './compressor.js';

describe('without kernels', () => {
  beforeAll(() => forceTwins('the conformance suite runs both ways'));
  afterAll(() => forceTwins(null));

  for (const [spec, floor] of [
    ['low-rank:rank=4,bits=4', 0.996],
    ['low-rank:rank=3,bits=16', 0.996],
    ['low-rank:rank=5,bits=32,iterations=2', 1],
  ] as const) {
    const rank = Number(/rank=(\d+)/.exec(spec)![1]);
    compressorConformance(spec, spec, {
      omega({ rows, cols }) {
        const clipped = Math.min(rank, rows, cols);
        return rows * cols > clipped * (rows + cols) ? (0.5 * clipped) / Math.min(rows, cols) : floor;
      },
      idempotent: false,
    });
  }
  compressorConformance('int8', 'int8', { omega: () => 0.996, idempotent: false });
  compressorConformance('top-k', 'top-k:fraction=0.05', {
    omega: ({ rows, cols }) => Math.max(1, Math.round(0.05 * rows * cols)) / (rows * cols),
    idempotent: true,
  });
});
