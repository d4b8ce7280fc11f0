/**
 * Ternary gradients (Wen et al. 2017, "TernGrad: ternary gradients to reduce communication in distributed deep
 * learning", equations 1 to 3): each number becomes 0 or plus or minus the largest magnitude,
 *
 *     s = max|x|,   C(x)_i = s sign(x_i) b_i,   b_i = 1 with probability |x_i| / s, else 0
 *     E C(x) = x,   E ||C(x) - x||^2 = s ||x||_1 - ||x||_2^2 <= U ||x||^2,   U = (sqrt(n) - 1) / 2
 *
 * for n entries. U is attained by one entry of size s and the rest of s / (1 + sqrt(n)); from sqrt(n) = 3 on it is
 * above 1 and the operator does not contract. It is QSGD with one level of the maximum norm (qsgd.ts), packed closer.
 *
 * clip=c first limits each number to c standard deviations of its bucket (the paper's gradient clipping, c = 2.5; the
 * deviation is from 0, so that equal numbers stay): less variance, and a bias. 0 is no clipping.
 *
 * Body: one float32 scale for each bucket, then five digits a byte, the first the least significant in base 3: 0 for
 * 0, 1 for s, 2 for -s; digits past the last entry are 0. 1.6 bits a number of log2(3) = 1.585:
 * 4 ceil(d / bucket) + ceil(d / 5) bytes. bits = 2, parameter = bucket.
 */
import { numberField, type RegistryEntry } from '../base/registry.js';
import { bucketCount, bucketField, bucketLength, normOf } from './buckets.js';
import {
  type BlockShape,
  type BlockSlice,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  requireLength,
  viewOf,
} from './operator.js';
import { checkScale } from './quantizer.js';
import { randomOf, roundToGrid } from './random-rounding.js';

const TERNARY_CODE = 15;
const TERNARY_BITS = 2;
/** Digits of a byte, and their places: 3^5 = 243 of its 256 values are used. */
const PLACES = [1, 3, 9, 27, 81];
const BYTE_LIMIT = 243;
/** No number of n is more than sqrt(n) deviations away: wider than this clips nothing in any block. */
const MAX_CLIP = 1e6;

export interface TernaryOptions {
  /** Standard deviations to keep; 0 for all. */
  readonly clip: number;
  /** Entries that share a scale; 0 for the whole block. */
  readonly bucket: number;
}

/** U of a block of `shape` without clipping. */
export function ternaryVariance(shape: BlockShape, bucket: number): number {
  return (Math.sqrt(bucketLength(shape, bucket)) - 1) / 2;
}

function bodyBytesOf(shape: BlockShape, bucket: number): number {
  return 4 * bucketCount(shape, bucket) + Math.ceil((shape.rows * shape.cols) / PLACES.length);
}

/** Root of the mean square of `values`: their deviation from 0, which the paper takes for the mean. */
function deviationOf(values: Float32Array): number {
  return normOf(values, 'l2') / Math.sqrt(values.length);
}

/** The block with each bucket's numbers limited to `clip` of its standard deviations. */
function clipBlock(block: BlockSlice, { clip, bucket }: TernaryOptions): BlockSlice {
  const values = block.values.slice();
  const length = bucketLength(block, bucket);
  for (let start = 0; start < values.length; start += length) {
    const run = values.subarray(start, start + length);
    const limit = clip * deviationOf(run);
    for (let i = 0; i < run.length; i++) run[i] = Math.min(limit, Math.max(-limit, run[i]));
  }
  return { ...block, values };
}

/** Codes -1, 0 and 1 as digits 2, 0 and 1, five a byte. */
function packDigits(codes: Int16Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(codes.length / PLACES.length));
  for (let i = 0; i < codes.length; i++) {
    const digit = codes[i] < 0 ? 2 : codes[i];
    packed[Math.floor(i / PLACES.length)] += digit * PLACES[i % PLACES.length];
  }
  return packed;
}

function createTernaryOperator(shape: BlockShape, options: TernaryOptions): Operator {
  const { clip, bucket } = options;
  const grid = { levels: 1, norm: 'max', bucket, largestCode: 1 } as const;
  return {
    code: TERNARY_CODE,
    bits: TERNARY_BITS,
    parameter: bucket,
    bodyBytes: bodyBytesOf(shape, bucket),
    createState: (random) => ({ random }),
    encodeInto(writer, block, state) {
      const kept = clip > 0 ? clipBlock(block, options) : block;
      const { scales, codes } = roundToGrid(kept, grid, randomOf(state));
      writer.f32Array(scales);
      writer.bytes(packDigits(codes));
    },
  };
}

const decoder: OperatorDecoder = {
  code: TERNARY_CODE,
  name: 'ternary',
  check(body, block, { bits, parameter: bucket }) {
    if (bits !== TERNARY_BITS) refuseParams(decoder, block, `got ${bits} bits, wanted ${TERNARY_BITS}`);
    requireLength(body, block, bodyBytesOf(block, bucket));
    const digitsAt = 4 * bucketCount(block, bucket);
    const view = viewOf(body);
    for (let at = 0; at < digitsAt; at += 4) checkScale(block, view.getFloat32(at, true), 1);
    for (let at = digitsAt; at < body.length; at++) {
      if (body[at] >= BYTE_LIMIT) refuseValue(block, `got the byte ${body[at]}, which is no five digits`);
    }
    const used = (block.rows * block.cols) % PLACES.length;
    if (used > 0 && body[body.length - 1] >= PLACES[used]) {
      refuseValue(block, 'the digits after the last entry are not zero');
    }
  },
  decodeAddInto(out, body, { parameter: bucket }) {
    const { values } = out;
    const length = bucketLength(out, bucket);
    const view = viewOf(body);
    const digitsAt = 4 * bucketCount(out, bucket);
    let rest = 0;
    for (let i = 0; i < values.length; i++) {
      if (i % PLACES.length === 0) rest = body[digitsAt + i / PLACES.length];
      const digit = rest % 3;
      rest = (rest - digit) / 3;
      if (digit === 0) continue;
      const scale = view.getFloat32(4 * Math.floor(i / length), true);
      values[i] += digit === 1 ? scale : -scale;
    }
  },
};

const entry: RegistryEntry<TernaryOptions, OperatorPlan> = {
  name: 'ternary',
  summary: '0 or plus or minus the largest, at random and unbiased (TernGrad, Wen et al. 2017)',
  fields: {
    clip: numberField('standard deviations to keep (the paper: 2.5), a bias; 0 for all', 0, 0, MAX_CLIP),
    bucket: bucketField(0),
  },
  make: (options) => (shape) => createTernaryOperator(shape, options),
};

export const ternaryFamily: OperatorFamily = { entry, decoder };
