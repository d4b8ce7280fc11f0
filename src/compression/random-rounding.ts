/**
 * Unbiased rounding to a uniform grid, the core of QSGD, TernGrad and stochastic b-bit quantization:
 *
 *     t = norm(x) / s as float32, rounded upwards;   y = |x| / t;   code = floor(y), or floor(y) + 1
 *     with probability y - floor(y);   value = sign(x) t code,   E value = x
 *
 * The decoder needs t and the codes, and neither s nor the norm. Probabilities are multiples of 2^-32. An entry on
 * the grid draws no number. With n entries and x in units of t, each entry errs by f(1 - f) <= 1/4 on average,
 * f = y - floor(y), and by at most y (1 - y) below the first level; hence the variances (of U ||x||^2):
 *
 *     l2:  U = min(n / s^2, sqrt(n) / s)                         (Alistarh et al. 2017, lemma 3.1)
 *     max: U = min((n - 1) / (4 s^2), sqrt(n - 1) / (2 s))
 *
 * For the maximum norm the largest entry is on the grid and adds s^2 to ||y||^2; the other n - 1 err by at most 1/4
 * each (first term), or by at most y each, where sum y / (s^2 + sum y^2) <= sqrt(n - 1) / (2 s) (second term).
 */
import { assert } from '../base/assert.js';
import { nextUint32, type Random } from '../base/random.js';
import { bucketCount, bucketLength, type Norm, normOf, scaleAtLeast } from './buckets.js';
import type { BlockSlice, BlockState } from './operator.js';

/** Codes with the scales of their buckets. */
export interface ScaledCodes {
  readonly scales: Float32Array;
  readonly codes: Int16Array;
}

export interface Grid {
  /** s: the norm is the s-th level; from 1 to 32767. */
  readonly levels: number;
  readonly norm: Norm;
  /** Entries that share a scale; 0 for all. */
  readonly bucket: number;
  /** Largest code of the number format, which times the scale must be a float32; at least `levels`. */
  readonly largestCode: number;
}

/** The generator in the state of an operator that draws. */
export function randomOf({ random }: BlockState): Random {
  assert(random instanceof Uint32Array, 'the state of an operator that draws holds its generator');
  return random;
}

/** True with `probability`, up to 2^-32; draws nothing for 0. */
export function happens(probability: number, random: Random): boolean {
  return probability > 0 && nextUint32(random) < probability * 2 ** 32;
}

/** U of a bucket of `length` entries: E ||C(x) - x||^2 <= U ||x||^2. */
export function gridVariance(length: number, { levels, norm }: Pick<Grid, 'levels' | 'norm'>): number {
  return norm === 'l2'
    ? Math.min(length / levels ** 2, Math.sqrt(length) / levels)
    : Math.min((length - 1) / (4 * levels ** 2), Math.sqrt(length - 1) / (2 * levels));
}

/**
 * Rounds the values of `block`; draws from `random`.
 * @throws GrapevineError PAYLOAD_BAD_VALUE when the norm is too large for float32; then nothing was drawn.
 */
export function roundToGrid(block: BlockSlice, grid: Grid, random: Random): ScaledCodes {
  const { values } = block;
  const length = bucketLength(block, grid.bucket);
  const bucketAt = (b: number): Float32Array => values.subarray(b * length, (b + 1) * length);
  const scales = Float32Array.from({ length: bucketCount(block, grid.bucket) }, (_, b) =>
    scaleAtLeast(block, normOf(bucketAt(b), grid.norm) / grid.levels, grid.largestCode),
  );
  const codes = new Int16Array(values.length);
  scales.forEach((scale, b) => {
    if (scale > 0) roundBucketInto(codes.subarray(b * length), bucketAt(b), { scale, random, ...grid });
  });
  return { scales, codes };
}

function roundBucketInto(
  out: Int16Array,
  values: Float32Array,
  { scale, levels, random }: { readonly scale: number; readonly levels: number; readonly random: Random },
): void {
  for (let i = 0; i < values.length; i++) {
    const steps = Math.min(Math.abs(values[i]) / scale, levels);
    const low = Math.floor(steps);
    const code = happens(steps - low, random) ? low + 1 : low;
    out[i] = values[i] < 0 ? -code : code;
  }
}
