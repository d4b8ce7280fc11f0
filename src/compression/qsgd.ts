/**
 * QSGD (Alistarh, Grubic, Li, Tomioka and Vojnovic 2017, "QSGD: communication-efficient SGD via gradient
 * quantization and encoding", section 3.1): unbiased random rounding to s levels of the norm,
 *
 *     C(x)_i = ||x|| sign(x_i) l_i / s,   l_i = floor(y_i) or floor(y_i) + 1 with probability y_i - floor(y_i),
 *     y_i = s |x_i| / ||x||;   E C(x) = x,   E ||C(x) - x||^2 <= U ||x||^2
 *
 * norm=l2 (the paper's): U = min(d / s^2, sqrt(d) / s). norm=max (as in its experiments): random-rounding.ts has U.
 * d is the bucket's length. With bucket=0 the whole block is one bucket.
 *
 * scaled=1 sends C(x) / (1 + U), biased and a contraction on average, omega = 1 / (1 + U): what error feedback
 * wants (Koloskova, Stich and Jaggi 2019, "Decentralized stochastic optimization and gossip algorithms with compressed
 * communication"). The factor goes into the scale and costs nothing.
 *
 * code=fixed: scaled-codes.ts, b = 1 + ceil(log2(s + 1)) bits a number and 32 a bucket.
 * code=elias: elias-codes.ts, of variable length; the header's bits are 128 + b.
 */
import { choiceField, integerField, type RegistryEntry } from '../base/registry.js';
import { bucketField, bucketLength, type Norm, norms } from './buckets.js';
import {
  addEliasCodesInto,
  checkEliasCodes,
  ELIAS_FLAG,
  longestEliasBytes,
  writeEliasCodes,
} from './elias-codes.js';
import type { BlockShape, Operator, OperatorDecoder, OperatorFamily, OperatorPlan } from './operator.js';
import { levelsOf } from './quantizer.js';
import { gridVariance, randomOf, roundToGrid, type ScaledCodes } from './random-rounding.js';
import {
  addScaledCodesInto,
  checkScaledCodes,
  requireCodeBits,
  scaledCodesBytes,
  signedBits,
  writeScaledCodes,
} from './scaled-codes.js';

const QSGD_CODE = 10;
/** Codes of 16 bits. */
const MAX_LEVELS = 32_767;

export interface QsgdOptions {
  /** s, from 1 to 32767. */
  readonly levels: number;
  readonly code: 'fixed' | 'elias';
  readonly norm: Norm;
  /** Entries that share a scale; 0 for the whole block. */
  readonly bucket: number;
  /** 1 for C / (1 + U). */
  readonly scaled: 0 | 1;
}

/** U of a block of `shape`: that of its longest bucket. */
export function qsgdVariance(
  shape: BlockShape,
  { levels, norm, bucket }: Pick<QsgdOptions, 'levels' | 'norm' | 'bucket'>,
): number {
  return gridVariance(bucketLength(shape, bucket), { levels, norm });
}

/** Divides each bucket's scale by 1 + U of its length; the last bucket may be shorter. */
function shrink({ scales, codes }: ScaledCodes, length: number, options: QsgdOptions): void {
  for (let b = 0; b < scales.length; b++) {
    scales[b] /= 1 + gridVariance(Math.min(length, codes.length - b * length), options);
  }
}

function createQsgdOperator(shape: BlockShape, options: QsgdOptions): Operator {
  const { levels, norm, bucket, scaled } = options;
  const elias = options.code === 'elias';
  const bits = signedBits(levels);
  const params = { bits, parameter: bucket };
  const length = bucketLength(shape, bucket);
  const grid = { levels, norm, bucket, largestCode: levelsOf(bits) };
  return {
    code: QSGD_CODE,
    ...params,
    ...(elias
      ? { bits: ELIAS_FLAG + bits, bodyBytes: longestEliasBytes(shape, bucket, levels), variableLength: true }
      : { bodyBytes: scaledCodesBytes(shape, params) }),
    createState: (random) => ({ random }),
    encodeInto(writer, block, state) {
      const drawn = roundToGrid(block, grid, randomOf(state));
      if (scaled === 1) shrink(drawn, length, options);
      if (elias) writeEliasCodes(writer, drawn, length);
      else writeScaledCodes(writer, drawn, bits);
    },
  };
}

const decoder: OperatorDecoder = {
  code: QSGD_CODE,
  name: 'qsgd',
  check(body, block, params) {
    const elias = params.bits >= ELIAS_FLAG;
    const bits = elias ? params.bits - ELIAS_FLAG : params.bits;
    requireCodeBits(decoder, block, { bits });
    (elias ? checkEliasCodes : checkScaledCodes)(body, block, { ...params, bits });
  },
  decodeAddInto(out, body, params) {
    (params.bits >= ELIAS_FLAG ? addEliasCodesInto : addScaledCodesInto)(out, body, params);
  },
};

const entry: RegistryEntry<QsgdOptions, OperatorPlan> = {
  name: 'qsgd',
  summary: 'random rounding to levels of the norm, unbiased (Alistarh et al. 2017)',
  fields: {
    levels: integerField('s, levels of the norm', 16, 1, MAX_LEVELS),
    code: choiceField('how levels travel', 'fixed', ['fixed', 'elias']),
    norm: choiceField('norm that the levels divide', 'l2', norms),
    bucket: bucketField(0),
    scaled: choiceField('1 divides by 1 + U: biased, a contraction', 0, [0, 1]),
  },
  make: (options) => (shape) => createQsgdOperator(shape, options),
};

export const qsgdFamily: OperatorFamily = { entry, decoder };
