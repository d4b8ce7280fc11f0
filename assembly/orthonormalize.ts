/**
 * Modified Gram-Schmidt in float64 on vectors one after another: the method of src/linalg/orthonormalize.ts, with
 * four running sums in place of one.
 */

/**
 * Below this share of its length a vector is noise of those before it. The twin's vectors are sums of float64; these
 * are sums of float32 products, and their noise is that of float32.
 */
const DEPENDENT: f64 = 1.0 / 1048576.0;
const LOST_HALF: f64 = 0.5;

// @ts-expect-error: decorator
@inline
function sumOf(a: v128, b: v128): f64 {
  const sum = f64x2.add(a, b);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

function dot(x: usize, y: usize, length: usize): f64 {
  const end = x + (length << 3);
  const vectors = x + ((length & ~7) << 3);
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  while (x < vectors) {
    a = f64x2.add(a, f64x2.mul(v128.load(x), v128.load(y)));
    b = f64x2.add(b, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    c = f64x2.add(c, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    d = f64x2.add(d, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
    x += 64;
    y += 64;
  }
  let sum = sumOf(f64x2.add(a, b), f64x2.add(c, d));
  for (; x < end; x += 8, y += 8) sum += load<f64>(x) * load<f64>(y);
  return sum;
}

/** y -= factor x. */
function subtractMultiple(y: usize, x: usize, factor: f64, length: usize): void {
  const end = y + (length << 3);
  const vectors = y + ((length & ~3) << 3);
  const f = f64x2.splat(factor);
  while (y < vectors) {
    v128.store(y, f64x2.sub(v128.load(y), f64x2.mul(f, v128.load(x))));
    v128.store(y, f64x2.sub(v128.load(y, 16), f64x2.mul(f, v128.load(x, 16))), 16);
    x += 32;
    y += 32;
  }
  for (; y < end; x += 8, y += 8) store<f64>(y, load<f64>(y) - factor * load<f64>(x));
}

/** y *= factor. */
function scale(y: usize, factor: f64, length: usize): void {
  const end = y + (length << 3);
  const vectors = y + ((length & ~3) << 3);
  const f = f64x2.splat(factor);
  for (; y < vectors; y += 32) {
    v128.store(y, f64x2.mul(f, v128.load(y)));
    v128.store(y, f64x2.mul(f, v128.load(y, 16)), 16);
  }
  for (; y < end; y += 8) store<f64>(y, factor * load<f64>(y));
}

function projectOut(values: usize, c: usize, length: usize): void {
  const stride = length << 3;
  const own = values + c * stride;
  for (let other = values; other < own; other += stride) {
    subtractMultiple(own, other, dot(other, own, length), length);
  }
}

/** Replaces `rank` float64 vectors by an orthonormal basis of their span; dependent ones become zero. */
export function orthonormalize(values: usize, length: usize, rank: usize): void {
  const stride = length << 3;
  for (let c: usize = 0; c < rank; c++) {
    const own = values + c * stride;
    const before = sqrt<f64>(dot(own, own, length));
    let after = before;
    if (c > 0) {
      projectOut(values, c, length);
      after = sqrt<f64>(dot(own, own, length));
    }
    if (after < LOST_HALF * before && after > DEPENDENT * before) {
      projectOut(values, c, length);
      after = sqrt<f64>(dot(own, own, length));
    }
    if (after > DEPENDENT * before) {
      scale(own, 1 / after, length);
    } else {
      memory.fill(own, 0, stride);
    }
  }
}
