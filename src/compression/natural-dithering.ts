/**
 * Natural dithering (Horvath et al. 2019, "Natural compression for distributed deep learning"): random
 * rounding as in QSGD (qsgd.ts), with levels that are powers of two: few levels reach far down.
 *
 *     y = |x| / ||x||;   levels 0, 2^(1-s), ..., 1/4, 1/2, 1;   C(x) = ||x|| sign(x) l, l one of the two levels
 *     around y, at random with E l = y
 *
 * Unbiased, with U = 1/8 + sqrt(n) 2^(1-s) min(1, sqrt(n) 2^(1-s)) for n entries and both norms (the paper's, with r =
 * min(p, 2) = 2). To see it with q = 2^(1-s): an entry above q errs by x^2 / 8 at most, as in natural.ts; those below
 * err by y (q - y) each, less than q ||y||_1 <= q sqrt(n) ||y||_2 in all and less than n q^2, and ||y||_2 >= 1.
 *
 * Body: one float32 for the norm of each bucket, rounded upwards, then codes of b = 1 + ceil(log2(s + 1)) bits as in
 * scaled-codes.ts, but of exponents: a code of magnitude c >= 1 is the level 2^(1-c) with the code's sign, 0 is 0.
 * 4 ceil(d / bucket) + ceil(d b / 8) bytes. bits = b, from 2 to 8, parameter = bucket.
 */

import type { Random } from '../base/random.js';
import { choiceField, integerField, type RegistryEntry } from '../base/registry.js';
import { bucketCount, bucketField, bucketLength, type Norm, normOf, norms, scaleAtLeast } from './buckets.js';
import type {
  BlockShape,
  BlockSlice,
  Operator,
  OperatorDecoder,
  OperatorFamily,
  OperatorPlan,
} from './operator.js';
import { happens, randomOf, type ScaledCodes } from './random-rounding.js';
import {
  checkScaledCodes,
  readScaledCodes,
  requireCodeBits,
  scaledCodesBytes,
  signedBits,
  writeScaledCodes,
} from './scaled-codes.js';

const DITHERING_CODE = 13;
/** The lowest level, 2^-126, is as far down as float32 reaches below 1 with all its digits. */
const MAX_LEVELS = 127;

export interface DitheringOptions {
  /** s: levels above 0; the lowest is 2^(1-s) of the norm. */
  readonly levels: number;
  readonly norm: Norm;
  /** Entries that share a norm; 0 for the whole block. */
  readonly bucket: number;
}

/** U of a block of `shape`: that of its longest bucket. */
export function ditheringVariance(
  shape: BlockShape,
  { levels, bucket }: Pick<DitheringOptions, 'levels' | 'bucket'>,
): number {
  const reach = Math.sqrt(bucketLength(shape, bucket)) * 2 ** (1 - levels);
  return 1 / 8 + reach * Math.min(1, reach);
}

/** Code of |x| / norm = `share`, from 0 to 1: c for the level 2^(1-c), 0 for 0. */
function ditherToCode(share: number, levels: number, random: Random): number {
  let code = 1;
  let upper = 1;
  while (code < levels && share <= upper / 2) {
    code++;
    upper /= 2;
  }
  const lower = code === levels ? 0 : upper / 2;
  if (happens((share - lower) / (upper - lower), random)) return code;
  return code === levels ? 0 : code + 1;
}

function dither(block: BlockSlice, { levels, norm, bucket }: DitheringOptions, random: Random): ScaledCodes {
  const { values } = block;
  const length = bucketLength(block, bucket);
  const scales = Float32Array.from({ length: bucketCount(block, bucket) }, (_, b) =>
    scaleAtLeast(block, normOf(values.subarray(b * length, (b + 1) * length), norm), 1),
  );
  const codes = new Int16Array(values.length);
  for (let b = 0; b < scales.length; b++) {
    if (scales[b] === 0) continue;
    const end = Math.min((b + 1) * length, values.length);
    for (let i = b * length; i < end; i++) {
      const code = ditherToCode(Math.abs(values[i]) / scales[b], levels, random);
      codes[i] = values[i] < 0 ? -code : code;
    }
  }
  return { scales, codes };
}

function createDitheringOperator(shape: BlockShape, options: DitheringOptions): Operator {
  const params = { bits: signedBits(options.levels), parameter: options.bucket };
  return {
    code: DITHERING_CODE,
    ...params,
    bodyBytes: scaledCodesBytes(shape, params),
    createState: (random) => ({ random }),
    encodeInto(writer, block, state) {
      writeScaledCodes(writer, dither(block, options, randomOf(state)), params.bits);
    },
  };
}

/** The value of a code for a norm of 1. */
const levelOfCode = Float64Array.from({ length: MAX_LEVELS + 1 }, (_, c) => (c === 0 ? 0 : 2 ** (1 - c)));

const decoder: OperatorDecoder = {
  code: DITHERING_CODE,
  name: 'natural-dithering',
  check(body, block, params) {
    requireCodeBits(decoder, block, { bits: params.bits, most: signedBits(MAX_LEVELS) });
    checkScaledCodes(body, block, { ...params, top: 1 });
  },
  decodeAddInto(out, body, params) {
    const { values } = out;
    const { scales, codes } = readScaledCodes(body, out, params);
    const length = bucketLength(out, params.parameter);
    for (let b = 0; b < scales.length; b++) {
      const end = Math.min((b + 1) * length, values.length);
      for (let i = b * length; i < end; i++) {
        const value = Math.fround(scales[b] * levelOfCode[Math.abs(codes[i])]);
        values[i] += codes[i] < 0 ? -value : value;
      }
    }
  },
};

const entry: RegistryEntry<DitheringOptions, OperatorPlan> = {
  name: 'natural-dithering',
  summary: 'random rounding to the norm times powers of two, unbiased (Horvath et al. 2019)',
  fields: {
    levels: integerField('s, levels above 0; the lowest is 2^(1-s)', 8, 1, MAX_LEVELS),
    norm: choiceField('norm that is the top level', 'l2', norms),
    bucket: bucketField(0),
  },
  make: (options) => (shape) => createDitheringOperator(shape, options),
};

export const naturalDitheringFamily: OperatorFamily = { entry, decoder };
