/**
 * b-bit quantization of buckets by their largest magnitude, the everyday form of 8-bit and 4-bit messages:
 *
 *     L = 2^(b-1) - 1,   t = max|x| / L over the bucket,   code = round(x / t),   value = t code
 *
 * rounding=nearest (quantizer.ts, halves away from zero) is biased, deterministic and a contraction. The largest of n
 * entries is exact and adds L^2 t^2 to ||x||^2; any other errs by e with e^2 <= min(x^2, t^2 / 4). So
 *
 *     ||C(x) - x||^2 <= (1 - omega) ||x||^2,   omega = 4 L^2 / (4 L^2 + n - 1)
 *
 * rounding=stochastic is unbiased (Suresh et al. 2017, "Distributed mean estimation with limited communication",
 * section 2, in its symmetric form), U = min((n - 1) / (4 L^2), sqrt(n - 1) / (2 L)) (random-rounding.ts).
 *
 * bits=8,bucket=256,rounding=nearest has the numbers of int8 (vector.ts), which has an operator code of its own.
 * Body: scaled-codes.ts, 4 ceil(d / bucket) + ceil(d b / 8) bytes.
 */
import { choiceField, integerField, type RegistryEntry } from '../base/registry.js';
import { bucketCount, bucketField, bucketLength, normOf } from './buckets.js';
import type {
  BlockShape,
  BlockSlice,
  Operator,
  OperatorDecoder,
  OperatorFamily,
  OperatorPlan,
} from './operator.js';
import { levelsOf, roundToCode, scaleFor } from './quantizer.js';
import { gridVariance, randomOf, roundToGrid, type ScaledCodes } from './random-rounding.js';
import {
  addScaledCodesInto,
  checkScaledCodes,
  MAX_CODE_BITS,
  MIN_CODE_BITS,
  requireCodeBits,
  scaledCodesBytes,
  writeScaledCodes,
} from './scaled-codes.js';

const QUANTIZE_CODE = 11;

export interface QuantizeOptions {
  /** b, from 2 to 16. */
  readonly bits: number;
  /** Entries that share a scale; 0 for the whole block. */
  readonly bucket: number;
  readonly rounding: 'nearest' | 'stochastic';
}

/** omega of rounding to nearest on a block of `shape`. */
export function nearestOmega(shape: BlockShape, { bits, bucket }: Omit<QuantizeOptions, 'rounding'>): number {
  const largest = 4 * levelsOf(bits) ** 2;
  return largest / (largest + bucketLength(shape, bucket) - 1);
}

/** U of random rounding on a block of `shape`. */
export function stochasticVariance(
  shape: BlockShape,
  { bits, bucket }: Omit<QuantizeOptions, 'rounding'>,
): number {
  return gridVariance(bucketLength(shape, bucket), { levels: levelsOf(bits), norm: 'max' });
}

function roundToNearest(block: BlockSlice, bucket: number, levels: number): ScaledCodes {
  const { values } = block;
  const length = bucketLength(block, bucket);
  const scales = new Float32Array(bucketCount(block, bucket));
  const codes = new Int16Array(values.length);
  for (let b = 0; b < scales.length; b++) {
    const run = values.subarray(b * length, (b + 1) * length);
    scales[b] = scaleFor(normOf(run, 'max'), levels);
    for (let i = 0; i < run.length; i++) codes[b * length + i] = roundToCode(run[i], scales[b], levels);
  }
  return { scales, codes };
}

function createQuantizeOperator(shape: BlockShape, { bits, bucket, rounding }: QuantizeOptions): Operator {
  const params = { bits, parameter: bucket };
  const levels = levelsOf(bits);
  const nearest = rounding === 'nearest';
  return {
    code: QUANTIZE_CODE,
    ...params,
    bodyBytes: scaledCodesBytes(shape, params),
    createState: (random) => (nearest ? {} : { random }),
    encodeInto(writer, block, state) {
      const rounded = nearest
        ? roundToNearest(block, bucket, levels)
        : roundToGrid(block, { levels, norm: 'max', bucket, largestCode: levels }, randomOf(state));
      writeScaledCodes(writer, rounded, bits);
    },
  };
}

const decoder: OperatorDecoder = {
  code: QUANTIZE_CODE,
  name: 'quantize',
  check(body, block, params) {
    requireCodeBits(decoder, block, params);
    checkScaledCodes(body, block, params);
  },
  decodeAddInto: addScaledCodesInto,
};

const entry: RegistryEntry<QuantizeOptions, OperatorPlan> = {
  name: 'quantize',
  summary: 'b bits a number, scaled by the largest of each bucket',
  fields: {
    bits: integerField('bits per number', 8, MIN_CODE_BITS, MAX_CODE_BITS),
    bucket: bucketField(256),
    rounding: choiceField('nearest is biased, stochastic unbiased', 'nearest', ['nearest', 'stochastic']),
  },
  make: (options) => (shape) => createQuantizeOperator(shape, options),
};

export const quantizeFamily: OperatorFamily = { entry, decoder };
