/** Every compressor meets the contract: one line each. */
import type { MatrixBlock } from '../../src/compression/compressor.js';
import { compressorConformance } from './compressor.js';

/** vector.ts: 1 - 256 / 254^2. */
const INT8_OMEGA = 0.996;

/**
 * For a low-rank compressor: the share r / min(m, n) that the r leading singular vectors hold at least, halved
 * for iterations that have not converged and for rounded factors; small blocks go as `vectorOmega`.
 */
const lowRankOmega =
  (rank: number, vectorOmega: number) =>
  ({ rows, cols }: MatrixBlock): number => {
    const clipped = Math.min(rank, rows, cols);
    return rows * cols > clipped * (rows + cols) ? (0.5 * clipped) / Math.min(rows, cols) : vectorOmega;
  };

compressorConformance('none', 'none', { omega: () => 1, idempotent: true });
compressorConformance('int8', 'int8', { omega: () => INT8_OMEGA, idempotent: false });
compressorConformance('low-rank, 4 bits', 'low-rank:rank=4,bits=4', {
  omega: lowRankOmega(4, INT8_OMEGA),
  idempotent: false,
});
compressorConformance('low-rank, rank 1', 'low-rank:rank=1,bits=4', {
  omega: lowRankOmega(1, INT8_OMEGA),
  idempotent: false,
});
compressorConformance('low-rank, 8 bits', 'low-rank:rank=3,bits=8', {
  omega: lowRankOmega(3, INT8_OMEGA),
  idempotent: false,
});
compressorConformance('low-rank, 16 bits', 'low-rank:rank=3,bits=16', {
  omega: lowRankOmega(3, INT8_OMEGA),
  idempotent: false,
});
compressorConformance('low-rank, float32', 'low-rank:rank=5,bits=32,iterations=2', {
  omega: lowRankOmega(5, 1),
  idempotent: false,
});
compressorConformance('top-k, fraction', 'top-k:fraction=0.05', {
  omega: ({ rows, cols }) => Math.max(1, Math.round(0.05 * rows * cols)) / (rows * cols),
  idempotent: true,
});
compressorConformance('top-k, count', 'top-k:count=10', {
  omega: ({ rows, cols }) => Math.min(1, 10 / (rows * cols)),
  idempotent: true,
});
