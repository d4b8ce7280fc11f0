/**
 * e^x of four float32 numbers, relative error below 2e-7 (Cephes' expf by S. Moshier: x = n ln 2 + r, a polynomial of
 * degree 5 in r). Below -87 the result is 0 to float32, above 88 it stays finite.
 */

const LOG2_E: f32 = 1.44269504088896341;
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;

// @ts-expect-error: decorator
@inline
function horner(sum: v128, r: v128, next: f32): v128 {
  return f32x4.add(f32x4.mul(sum, r), f32x4.splat(next));
}

// @ts-expect-error: decorator
@inline
export function exponential(value: v128): v128 {
  const x = f32x4.min(f32x4.max(value, f32x4.splat(-87.33)), f32x4.splat(88.37));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2_E)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let sum = f32x4.splat(1.9875691500e-4);
  sum = horner(sum, r, 1.3981999507e-3);
  sum = horner(sum, r, 8.3334519073e-3);
  sum = horner(sum, r, 4.1665795894e-2);
  sum = horner(sum, r, 1.6666665459e-1);
  sum = horner(sum, r, 5.0000001201e-1);
  sum = f32x4.add(f32x4.add(f32x4.mul(sum, f32x4.mul(r, r)), r), f32x4.splat(1));
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(sum, exponent);
}

/** 1 / (1 + e^-x) */
// @ts-expect-error: decorator
@inline
export function logistic(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exponential(f32x4.neg(x))));
}

/** tanh x: by 1 - 2 / (e^2x + 1), near 0 by its odd polynomial (Cephes' tanhf), where the other loses digits. */
// @ts-expect-error: decorator
@inline
export function hyperbolicTangent(x: v128): v128 {
  const size = f32x4.abs(x);
  const one = f32x4.splat(1);
  const e = exponential(f32x4.add(size, size));
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(e, one)));
  const sign = v128.and(x, i32x4.splat(i32.MIN_VALUE));
  const z = f32x4.mul(x, x);
  let sum = f32x4.splat(-5.70498872745e-3);
  sum = horner(sum, z, 2.06390887954e-2);
  sum = horner(sum, z, -5.37397155531e-2);
  sum = horner(sum, z, 1.33314422036e-1);
  sum = horner(sum, z, -3.33332819422e-1);
  const near = f32x4.add(f32x4.mul(f32x4.mul(sum, z), x), x);
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(size, f32x4.splat(0.625)));
}
