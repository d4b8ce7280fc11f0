/**
 * One pass over a block: the difference to be compressed and its energy, or its largest magnitude. Magnitudes are
 * compared as integers (the bits of |x| order as the numbers do, infinities and NaN on top): one instruction, where a
 * maximum of numbers that minds NaN takes eight.
 */

/** Numbers whose squares are summed in float32 before the sum goes on in float64. */
const RUN_BYTES: usize = 4096;
const MAGNITUDE_MASK: u32 = 0x7fffffff;

// @ts-expect-error: decorator
@inline
function magnitudesAt(x: usize): v128 {
  return v128.and(v128.load(x), i32x4.splat(MAGNITUDE_MASK));
}

// @ts-expect-error: decorator
@inline
function sumOfLanes(v: v128): f64 {
  const low = <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1);
  return low + (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3));
}

// @ts-expect-error: decorator
@inline
function largestOfLanes(v: v128): u32 {
  const low = max<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
  return max<u32>(low, max<u32>(i32x4.extract_lane(v, 2), i32x4.extract_lane(v, 3)));
}

/**
 * z = x - y for `count` float32 numbers; z may be x. Returns the sum of squares: not finite when a number is not, and
 * infinite, too, when squares leave float32.
 */
export function formDifference(z: usize, x: usize, y: usize, count: usize): f64 {
  return pass(z, x, y, count, true);
}

/** The sum of squares of x, to the bit that of formDifference. */
export function energyOf(x: usize, count: usize): f64 {
  return pass(x, x, x, count, false);
}

// @ts-expect-error: decorator
@inline
function pass(z: usize, x: usize, y: usize, count: usize, subtract: bool): f64 {
  const end = x + (count << 2);
  const vectors = x + ((count & ~15) << 2);
  const zero = f32x4.splat(0);
  let energy: f64 = 0;
  while (x < vectors) {
    const stop = min(vectors, x + RUN_BYTES);
    let s0 = zero;
    let s1 = zero;
    let s2 = zero;
    let s3 = zero;
    while (x < stop) {
      let v0 = v128.load(x);
      let v1 = v128.load(x, 16);
      let v2 = v128.load(x, 32);
      let v3 = v128.load(x, 48);
      if (subtract) {
        v0 = f32x4.sub(v0, v128.load(y));
        v1 = f32x4.sub(v1, v128.load(y, 16));
        v2 = f32x4.sub(v2, v128.load(y, 32));
        v3 = f32x4.sub(v3, v128.load(y, 48));
        v128.store(z, v0);
        v128.store(z, v1, 16);
        v128.store(z, v2, 32);
        v128.store(z, v3, 48);
        y += 64;
        z += 64;
      }
      s0 = f32x4.add(s0, f32x4.mul(v0, v0));
      s1 = f32x4.add(s1, f32x4.mul(v1, v1));
      s2 = f32x4.add(s2, f32x4.mul(v2, v2));
      s3 = f32x4.add(s3, f32x4.mul(v3, v3));
      x += 64;
    }
    energy += sumOfLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  while (x < end) {
    let v = load<f32>(x);
    if (subtract) {
      v = v - load<f32>(y);
      store<f32>(z, v);
      y += 4;
      z += 4;
    }
    energy += <f64>v * <f64>v;
    x += 4;
  }
  return energy;
}

/** max |x| of `count` float32 numbers; infinite or NaN when one is. */
export function largestMagnitude(x: usize, count: usize): f32 {
  const end = x + (count << 2);
  const vectors = x + ((count & ~15) << 2);
  let a = i32x4.splat(0);
  let b = a;
  for (; x < vectors; x += 64) {
    a = i32x4.max_u(a, i32x4.max_u(magnitudesAt(x), magnitudesAt(x + 16)));
    b = i32x4.max_u(b, i32x4.max_u(magnitudesAt(x + 32), magnitudesAt(x + 48)));
  }
  let top = largestOfLanes(i32x4.max_u(a, b));
  for (; x < end; x += 4) top = max(top, load<u32>(x) & MAGNITUDE_MASK);
  return reinterpret<f32>(top);
}
