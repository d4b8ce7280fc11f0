/** Every compressor meets the contract: one line each. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MatrixBlock } from '../../src/compression/compressor.js';
import { compressors } from '../../src/compression/registry.js';
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

/** Entries kept by `fraction`, as a share. */
const keptShare =
  (fraction: number) =>
  ({ rows, cols }: MatrixBlock): number =>
    Math.max(1, Math.round(fraction * rows * cols)) / (rows * cols);

compressorConformance('rand-k, as they are', 'rand-k:fraction=0.2', {
  omega: keptShare(0.2),
  idempotent: true,
  deterministic: false,
});
compressorConformance('rand-k, scaled', 'rand-k:fraction=0.2,scaled=1', {
  variance: (block) => 1 / keptShare(0.2)(block) - 1,
  idempotent: false,
  deterministic: false,
});
compressorConformance('threshold, relative', 'threshold:relative=0.5', {
  omega: ({ rows, cols }) => 1 / (rows * cols),
  idempotent: true,
  exactLength: false,
});
compressorConformance('threshold, absolute', 'threshold:value=0.7', {
  idempotent: true,
  exactLength: false,
  homogeneous: false,
});
compressorConformance('wangni, by variance', 'wangni:epsilon=0.5', {
  omega: () => 0.5,
  variance: () => 0.5,
  idempotent: false,
  deterministic: false,
  exactLength: false,
});
compressorConformance('wangni, by density', 'wangni:density=0.3', {
  variance: () => 1 / 0.3,
  idempotent: false,
  deterministic: false,
  exactLength: false,
});
compressorConformance('top-k, its values as int8', 'top-k:fraction=0.1+int8', {
  omega: (block) => keptShare(0.1)(block) * INT8_OMEGA,
  idempotent: false,
});
compressorConformance('rand-k, its values as int8', 'rand-k:fraction=0.3+int8', {
  omega: (block) => keptShare(0.3)(block) * INT8_OMEGA,
  idempotent: false,
  deterministic: false,
});
compressorConformance('low-rank, its factors as int8', 'low-rank:rank=3+int8', {
  omega: lowRankOmega(3, INT8_OMEGA),
  idempotent: false,
});
compressorConformance(
  'low-rank, the entries of its factors sparse and in int8',
  'low-rank:rank=4+top-k:fraction=0.6+int8',
  {
    omega: ({ rows, cols }) => (rows * cols > 4 * (rows + cols) ? 0.05 : 0.5 * INT8_OMEGA),
    idempotent: false,
  },
);
compressorConformance('two stages, low-rank and top-k', 'low-rank:rank=1++top-k:fraction=0.1', {
  omega: (block) => 1 - (1 - lowRankOmega(1, INT8_OMEGA)(block)) * (1 - keptShare(0.1)(block)),
  idempotent: false,
});
compressorConformance('error feedback', 'ef+low-rank:rank=2++top-k:fraction=0.1', {
  idempotent: false,
  remembers: true,
});
compressorConformance('per layer', 'per-layer:tall=low-rank:rank=4,s*=top-k:fraction=0.1+int8,*=int8', {
  omega: (block) => {
    if (block.name === 'tall') return lowRankOmega(4, INT8_OMEGA)(block);
    return /^s/.test(block.name) ? keptShare(0.1)(block) * INT8_OMEGA : INT8_OMEGA;
  },
  idempotent: false,
});

compressorConformance('svd', 'svd:rank=3', {
  omega: ({ rows, cols }) => {
    const rank = Math.min(3, rows, cols);
    return rows * cols > rank * (rows + cols) ? rank / Math.min(rows, cols) : 1;
  },
  idempotent: false,
});
compressorConformance('svd, 4 bits', 'svd:rank=3,bits=4', {
  omega: lowRankOmega(3, INT8_OMEGA),
  idempotent: false,
});
compressorConformance('svd, its factors as int8', 'svd:rank=3+int8', {
  omega: lowRankOmega(3, INT8_OMEGA),
  idempotent: false,
});
compressorConformance('randomized svd', 'randomized-svd:rank=3,oversampling=5,power=1', {
  omega: lowRankOmega(3, 1),
  idempotent: false,
});
compressorConformance('adaptive rank, by energy', 'adaptive-rank:energy=0.6,max-rank=8', {
  omega: lowRankOmega(1, INT8_OMEGA),
  idempotent: false,
  exactLength: false,
});
compressorConformance('adaptive rank, by budget', 'adaptive-rank:budget=400,bits=8', {
  omega: lowRankOmega(1, INT8_OMEGA),
  idempotent: false,
  exactLength: false,
});
compressorConformance('sums of signs', 'sdd:terms=6', {
  omega: ({ rows, cols }) =>
    24 + Math.ceil((6 * (rows + cols)) / 8) < 4 * Math.ceil((rows * cols) / 256) + rows * cols
      ? 1 / (rows * rows * cols)
      : INT8_OMEGA,
  idempotent: false,
  odd: false,
});

describe('the conformance suite', () => {
  it('has a line for every compressor in the registry', () => {
    const lines = ['compressor.test.ts', 'compressor-quantizing.test.ts']
      .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
      .join();
    const missing = compressors.entries.filter(
      ({ name }) => !new RegExp(`compressorConformance\\([^)]*'${name}[':]`).test(lines),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
