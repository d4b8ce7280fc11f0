/** What consensus does with two vectors; to the bit what src/linalg/pairs.ts does in plain arithmetic. */

// @ts-expect-error: decorator
@inline
function scaledHalf(x: v128, y: v128, factor: v128): v128 {
  return f64x2.mul(factor, f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)));
}

/** out = factor (x - y), in float64 and rounded once. */
export function scaleDifference(out: usize, x: usize, y: usize, count: i32, factor: f64): void {
  const end = out + (<usize>count << 2);
  const vectors = out + ((<usize>count & ~3) << 2);
  const factors = f64x2.splat(factor);
  for (; out < vectors; out += 16, x += 16, y += 16) {
    const a = v128.load(x);
    const b = v128.load(y);
    const low = f32x4.demote_f64x2_zero(scaledHalf(a, b, factors));
    const high = scaledHalf(v128.shuffle<i64>(a, a, 1, 1), v128.shuffle<i64>(b, b, 1, 1), factors);
    v128.store(out, v128.shuffle<i64>(low, f32x4.demote_f64x2_zero(high), 0, 2));
  }
  for (; out < end; out += 4, x += 4, y += 4) {
    store<f32>(out, <f32>(factor * (<f64>load<f32>(x) - <f64>load<f32>(y))));
  }
}

/** target += values, or -= with `negative`. */
export function addVector(target: usize, values: usize, count: i32, negative: bool): void {
  const end = target + (<usize>count << 2);
  const vectors = target + ((<usize>count & ~3) << 2);
  for (; target < vectors; target += 16, values += 16) {
    const own = v128.load(target);
    const other = v128.load(values);
    v128.store(target, negative ? f32x4.sub(own, other) : f32x4.add(own, other));
  }
  for (; target < end; target += 4, values += 4) {
    const other = load<f32>(values);
    store<f32>(target, negative ? load<f32>(target) - other : load<f32>(target) + other);
  }
}

/**
 * What an exchange does to the two replicas of its edge, in one pass: out = factor (high - low) as scaleDifference has it,
 * low += out, high -= out.
 */
export function mirrorDifference(out: usize, low: usize, high: usize, count: i32, factor: f64): void {
  const end = out + (<usize>count << 2);
  const vectors = out + ((<usize>count & ~3) << 2);
  const factors = f64x2.splat(factor);
  for (; out < vectors; out += 16, low += 16, high += 16) {
    const a = v128.load(low);
    const b = v128.load(high);
    const head = f32x4.demote_f64x2_zero(scaledHalf(b, a, factors));
    const tail = scaledHalf(v128.shuffle<i64>(b, b, 1, 1), v128.shuffle<i64>(a, a, 1, 1), factors);
    const c = v128.shuffle<i64>(head, f32x4.demote_f64x2_zero(tail), 0, 2);
    v128.store(out, c);
    v128.store(low, f32x4.add(a, c));
    v128.store(high, f32x4.sub(b, c));
  }
  for (; out < end; out += 4, low += 4, high += 4) {
    const a = load<f32>(low);
    const b = load<f32>(high);
    const c = <f32>(factor * (<f64>b - <f64>a));
    store<f32>(out, c);
    store<f32>(low, a + c);
    store<f32>(high, b - c);
  }
}

/** Sum of the squares of x - y, each difference rounded to float32, in float64. */
export function squaredDistance(x: usize, y: usize, count: i32): f64 {
  const end = x + (<usize>count << 2);
  const vectors = x + ((<usize>count & ~3) << 2);
  let low = f64x2.splat(0);
  let high = low;
  for (; x < vectors; x += 16, y += 16) {
    const z = f32x4.sub(v128.load(x), v128.load(y));
    const a = f64x2.promote_low_f32x4(z);
    const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(z, z, 1, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; x += 4, y += 4) {
    const z = <f64>(load<f32>(x) - load<f32>(y));
    sum += z * z;
  }
  return sum;
}
