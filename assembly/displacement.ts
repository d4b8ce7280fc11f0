/**
 * Quasi-global momentum over vectors (src/training/quasi-global-momentum.ts), in float64 and rounded once; to the bit
 * what plain arithmetic gives, but for the order of the sums.
 */

// @ts-expect-error: decorator
@inline
function low(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Adds sum (a - b - carry m)^2 to the float64 at `result` and sum (b - c)^2 to the next. */
export function displacementEnergies(
  a: usize,
  b: usize,
  c: usize,
  m: usize,
  count: i32,
  carry: f64,
  result: usize,
): void {
  const end = a + (<usize>count << 2);
  const pairs = a + ((<usize>count & ~1) << 2);
  const carries = f64x2.splat(carry);
  let first = f64x2.splat(0);
  let second = first;
  for (; a < pairs; a += 8, b += 8, c += 8, m += 8) {
    const middle = low(b);
    const before = f64x2.sub(f64x2.sub(low(a), middle), f64x2.mul(carries, low(m)));
    const after = f64x2.sub(middle, low(c));
    first = f64x2.add(first, f64x2.mul(before, before));
    second = f64x2.add(second, f64x2.mul(after, after));
  }
  let firstSum = f64x2.extract_lane(first, 0) + f64x2.extract_lane(first, 1);
  let secondSum = f64x2.extract_lane(second, 0) + f64x2.extract_lane(second, 1);
  if (a < end) {
    const before = <f64>load<f32>(a) - <f64>load<f32>(b) - carry * <f64>load<f32>(m);
    const after = <f64>load<f32>(b) - <f64>load<f32>(c);
    firstSum += before * before;
    secondSum += after * after;
  }
  store<f64>(result, load<f64>(result) + firstSum);
  store<f64>(result, load<f64>(result, 8) + secondSum, 8);
}

/** out = keep out + gain (a - b + factor (b - c)) */
export function absorbDisplacement(
  out: usize,
  a: usize,
  b: usize,
  c: usize,
  count: i32,
  keep: f64,
  gain: f64,
  factor: f64,
): void {
  const end = out + (<usize>count << 2);
  const pairs = out + ((<usize>count & ~1) << 2);
  const keeps = f64x2.splat(keep);
  const gains = f64x2.splat(gain);
  const factors = f64x2.splat(factor);
  for (; out < pairs; out += 8, a += 8, b += 8, c += 8) {
    const middle = low(b);
    const moved = f64x2.add(f64x2.sub(low(a), middle), f64x2.mul(factors, f64x2.sub(middle, low(c))));
    const value = f64x2.add(f64x2.mul(keeps, low(out)), f64x2.mul(gains, moved));
    v128.store64_lane(out, f32x4.demote_f64x2_zero(value), 0);
  }
  if (out < end) {
    const middle = <f64>load<f32>(b);
    const moved = <f64>load<f32>(a) - middle + factor * (middle - <f64>load<f32>(c));
    store<f32>(out, <f32>(keep * <f64>load<f32>(out) + gain * moved));
  }
}
