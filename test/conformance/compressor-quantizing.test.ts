/** The quantizing compressors meet the contract: one line each. */

import { nearestOmega, stochasticVariance } from '../../src/compression/block-quantization.js';
import { ditheringVariance } from '../../src/compression/natural-dithering.js';
import type { BlockShape } from '../../src/compression/operator.js';
import { type QsgdOptions, qsgdVariance } from '../../src/compression/qsgd.js';
import { ternaryVariance } from '../../src/compression/ternary.js';
import { type CompressorTraits, compressorConformance } from './compressor.js';

/** Unbiased with variance U; where U is below 1 throughout, also a contraction by 1 - U on average. */
const unbiased = (
  variance: (block: BlockShape) => number,
  rest: Partial<CompressorTraits> = {},
): CompressorTraits => ({ variance, deterministic: false, idempotent: false, ...rest });

const contracting = (variance: (block: BlockShape) => number): CompressorTraits =>
  unbiased(variance, { omega: (block) => 1 - variance(block) });

const qsgd =
  (levels: number, norm: QsgdOptions['norm'], bucket = 0) =>
  (block: BlockShape) =>
    qsgdVariance(block, { levels, norm, bucket });

/** The largest entry is exact up to the rounding of its scale to float32. */
const nearest = (options: { bits: number; bucket: number }) => (block: BlockShape) =>
  nearestOmega(block, options) - 2 ** -46;

/** C / (1 + U) is biased and contracts on average by 1 / (1 + U). */
const scaled = (
  variance: (block: BlockShape) => number,
  rest: Partial<CompressorTraits> = {},
): CompressorTraits => ({
  omega: (block) => 1 / (1 + variance(block)),
  deterministic: false,
  idempotent: false,
  ...rest,
});

compressorConformance('qsgd, 1 level', 'qsgd:levels=1', unbiased(qsgd(1, 'l2')));
compressorConformance('qsgd, 16 levels', 'qsgd:levels=16', unbiased(qsgd(16, 'l2')));
compressorConformance(
  'qsgd, maximum norm, buckets',
  'qsgd:levels=5,norm=max,bucket=6',
  contracting(qsgd(5, 'max', 6)),
);
compressorConformance('qsgd, scaled', 'qsgd:levels=4,scaled=1', scaled(qsgd(4, 'l2')));
compressorConformance('qsgd, Elias codes', 'qsgd:levels=2,code=elias,bucket=50', {
  ...unbiased(qsgd(2, 'l2', 50)),
  exactLength: false,
});
compressorConformance('qsgd, Elias codes, scaled', 'qsgd:levels=3,code=elias,scaled=1', {
  ...scaled(qsgd(3, 'l2')),
  exactLength: false,
});
compressorConformance('quantize, 8 bits', 'quantize', {
  omega: nearest({ bits: 8, bucket: 256 }),
  idempotent: false,
});
compressorConformance('quantize, 3 bits', 'quantize:bits=3,bucket=20', {
  omega: nearest({ bits: 3, bucket: 20 }),
  idempotent: false,
});
compressorConformance('quantize, 2 bits, one scale', 'quantize:bits=2,bucket=0', {
  omega: nearest({ bits: 2, bucket: 0 }),
  idempotent: false,
});
compressorConformance(
  'quantize, stochastic',
  'quantize:bits=4,bucket=64,rounding=stochastic',
  contracting((block) => stochasticVariance(block, { bits: 4, bucket: 64 })),
);
compressorConformance(
  'quantize, stochastic, 16 bits',
  'quantize:bits=16,bucket=0,rounding=stochastic',
  contracting((block) => stochasticVariance(block, { bits: 16, bucket: 0 })),
);
compressorConformance('natural', 'natural', { ...contracting(() => 1 / 8), idempotent: true });
compressorConformance(
  'natural dithering',
  'natural-dithering:levels=8',
  contracting((block) => ditheringVariance(block, { levels: 8, bucket: 0 })),
);
compressorConformance(
  'natural dithering, maximum norm, buckets',
  'natural-dithering:levels=3,norm=max,bucket=10',
  contracting((block) => ditheringVariance(block, { levels: 3, bucket: 10 })),
);
compressorConformance('sign', 'sign', {
  omega: ({ rows, cols }) => 1 / (rows * cols),
  idempotent: false,
  odd: false,
  // One entry of d that is off by a unit in the last place has a mean too small to move it.
  feedbackMessages: 3000,
  feedbackResidual: 2e-6,
});
compressorConformance(
  'sign, unbiased',
  'sign:unbiased=1',
  unbiased(({ rows, cols }) => rows * cols - 1, { odd: false }),
);
compressorConformance(
  'ternary',
  'ternary',
  unbiased((block) => ternaryVariance(block, 0), { idempotent: true }),
);
compressorConformance('ternary, clipped', 'ternary:clip=2.5,bucket=30', {
  deterministic: false,
  idempotent: false,
});
