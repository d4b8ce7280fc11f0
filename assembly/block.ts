/**
 * One pass over a block: the difference to be compressed, its largest magnitude and its energy. Magnitudes are
 * compared as integers (the bits of |x| order as the numbers do, infinities and NaN on top): one instruction, where a
 * maximum of numbers that minds NaN takes eight.
 */

/** Numbers whose squares are summed in float32 before the sum goes on in float64. */
const RUN_BYTES: usize = 4096;
const MAGNITUDE_MASK: u32 = 0x7fffffff;

// @ts-expect-error: decorator
@inline
function magnitudesOf(v: v128): v128 {
  return v128.and(v, i32x4.splat(MAGNITUDE_MASK));
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
 * z = x - y for `count` float32 numbers; z may be x. Adds the sum of squares to the float64 at `result` and raises
 * the u32 at result + 8 to the bits of max |z|. The squares must fit float32, or the sum is infinite.
 */
export function formDifference(z: usize, x: usize, y: usize, count: usize, result: usize): void {
  pass(z, x, y, count, result, true);
}

/** As formDifference, of x as it is. */
export function measure(x: usize, count: usize, result: usize): void {
  pass(x, x, x, count, result, false);
}

// @ts-expect-error: decorator
@inline
function pass(z: usize, x: usize, y: usize, count: usize, result: usize, subtract: bool): void {
  const end = x + (count << 2);
  const vectors = x + ((count & ~7) << 2);
  let energy = load<f64>(result);
  let largest = i32x4.splat(load<u32>(result, 8));
  while (x < vectors) {
    const stop = min(vectors, x + RUN_BYTES);
    let a = f32x4.splat(0);
    let b = a;
    while (x < stop) {
      let v = v128.load(x);
      let w = v128.load(x, 16);
      if (subtract) {
        v = f32x4.sub(v, v128.load(y));
        w = f32x4.sub(w, v128.load(y, 16));
        v128.store(z, v);
        v128.store(z, w, 16);
        y += 32;
        z += 32;
      }
      a = f32x4.add(a, f32x4.mul(v, v));
      b = f32x4.add(b, f32x4.mul(w, w));
      largest = i32x4.max_u(largest, i32x4.max_u(magnitudesOf(v), magnitudesOf(w)));
      x += 32;
    }
    energy += sumOfLanes(f32x4.add(a, b));
  }
  let top = largestOfLanes(largest);
  while (x < end) {
    let v = load<f32>(x);
    if (subtract) {
      v = v - load<f32>(y);
      store<f32>(z, v);
      y += 4;
      z += 4;
    }
    energy += <f64>v * <f64>v;
    top = max(top, reinterpret<u32>(v) & MAGNITUDE_MASK);
    x += 4;
  }
  store<f64>(result, energy);
  store<u32>(result, top, 8);
}
