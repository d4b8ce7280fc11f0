/**
 * Buckets of quantizers: runs of consecutive entries of a block that share a scale. A small bucket keeps an
 * outlier from spoiling many numbers and, where the variance grows with the length, lowers it (Alistarh et al.
 * 2017, "QSGD", section 4, who use 512); it costs 32 bits. On the wire the header's parameter is the bucket.
 */
import { integerField, type OptionField } from '../base/registry.js';
import { type BlockShape, MAX_FLOAT32, refuseValue } from './operator.js';

/** The bucket travels as u16. */
const MAX_BUCKET = 65_535;

/** Norms that a scale may be made of. */
export const norms = ['l2', 'max'] as const;
export type Norm = (typeof norms)[number];

/** The option `bucket`. */
export function bucketField(fallback: number): OptionField<number> {
  return integerField('entries that share a scale; 0 for the whole block', fallback, 0, MAX_BUCKET);
}

/** Entries of the longest bucket of a block. */
export function bucketLength({ rows, cols }: BlockShape, bucket: number): number {
  return bucket === 0 ? rows * cols : Math.min(bucket, rows * cols);
}

/** Buckets of a block, which is not empty. */
export function bucketCount(shape: BlockShape, bucket: number): number {
  return Math.ceil((shape.rows * shape.cols) / bucketLength(shape, bucket));
}

/** max |x|, or ||x||_2 summed in float64. */
export function normOf(values: Float32Array, norm: Norm): number {
  let result = 0;
  for (let i = 0; i < values.length; i++) {
    if (norm === 'max') result = Math.max(result, Math.abs(values[i]));
    else result += values[i] * values[i];
  }
  return norm === 'max' ? result : Math.sqrt(result);
}

/** The smallest float32 that is not below `value`, which is not negative. */
function ceilToFloat32(value: number): number {
  const single = new Float32Array([value]);
  if (single[0] < value) new Uint32Array(single.buffer)[0]++;
  return single[0];
}

/**
 * `value` as a scale, rounded upwards, so that no number is above its top level.
 * @throws GrapevineError PAYLOAD_BAD_VALUE when `largest` times the scale, the top code's value, leaves float32.
 */
export function scaleAtLeast(block: BlockShape, value: number, largest: number): number {
  const scale = ceilToFloat32(value);
  if (scale * largest <= MAX_FLOAT32) return scale;
  refuseValue(
    block,
    `its values are too large for a float32 scale (up to ${value * largest}). Lower the learning rate.`,
  );
}
