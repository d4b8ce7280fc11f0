/**
 * Z Q and Z^T P for a row-major float32 matrix Z. Four vectors at a time stand side by side, a "group": 16 bytes hold
 * entry j of all four, so that one entry of Z, broadcast, meets one load, and neither odd sizes nor horizontal sums
 * occur. The one to three vectors that make no group stay whole (single-products.ts). A factor of `rank` vectors of
 * `length` is its groups and then its single vectors: vector or group c begins at entry c * length.
 *
 * Encoder only: the order of sums is free, and is chosen in blocks so that float32 loses little.
 */
import { backProjectSingle, projectSingle } from './single-products';

// @ts-expect-error: decorator
@inline
function times(z: usize, q: v128): v128 {
  return f32x4.mul(v128.load_splat<f32>(z), q);
}

/** Columns whose products are summed in registers, before the sums are added up. */
const CHUNK: usize = 256;

/**
 * Entries first .. first + rows of the factor p = Z q, whose vectors have `length` entries; Z is rows x cols, q has
 * `rank` vectors of `cols` entries.
 */
export function project(
  p: usize,
  length: usize,
  first: usize,
  z: usize,
  rows: usize,
  cols: usize,
  q: usize,
  rank: usize,
): void {
  let c: usize = 0;
  for (; c + 4 <= rank; c += 4) projectGroup(p + ((c * length + (first << 2)) << 2), z, rows, cols, q + ((c * cols) << 2));
  for (; c < rank; c++) projectSingle(p + ((c * length + first) << 2), z, rows, cols, q + ((c * cols) << 2));
}

/**
 * The factor q = Z^T p, or q += Z^T p with `more`, for the entries first .. first + rows of p; Z is rows x cols, p has
 * `rank` vectors of `length` entries.
 */
export function backProject(
  q: usize,
  z: usize,
  rows: usize,
  cols: usize,
  p: usize,
  length: usize,
  first: usize,
  rank: usize,
  more: bool,
): void {
  if (!more) memory.fill(q, 0, (rank * cols) << 2);
  let c: usize = 0;
  for (; c + 4 <= rank; c += 4) backProjectGroup(q + ((c * cols) << 2), z, rows, cols, p + ((c * length + (first << 2)) << 2));
  for (; c < rank; c++) backProjectSingle(q + ((c * cols) << 2), z, rows, cols, p + ((c * length + first) << 2));
}

function projectGroup(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
  const stride = cols << 2;
  let i: usize = 0;
  for (; i + 4 <= rows; i += 4) {
    projectFour(p, z, stride, q);
    p += 64;
    z += stride << 2;
  }
  for (; i < rows; i++) {
    projectOne(p, z, stride, q);
    p += 16;
    z += stride;
  }
}

function projectFour(p: usize, z0: usize, stride: usize, q: usize): void {
  const end = z0 + stride;
  let z1 = z0 + stride;
  let z2 = z1 + stride;
  let z3 = z2 + stride;
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  while (z0 < end) {
    const stop = min(end, z0 + (CHUNK << 2));
    const pairs = z0 + ((stop - z0) & ~7);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    while (z0 < pairs) {
      const even = v128.load(q);
      const odd = v128.load(q, 16);
      a0 = f32x4.add(a0, f32x4.add(times(z0, even), f32x4.mul(v128.load_splat<f32>(z0, 4), odd)));
      a1 = f32x4.add(a1, f32x4.add(times(z1, even), f32x4.mul(v128.load_splat<f32>(z1, 4), odd)));
      a2 = f32x4.add(a2, f32x4.add(times(z2, even), f32x4.mul(v128.load_splat<f32>(z2, 4), odd)));
      a3 = f32x4.add(a3, f32x4.add(times(z3, even), f32x4.mul(v128.load_splat<f32>(z3, 4), odd)));
      z0 += 8;
      z1 += 8;
      z2 += 8;
      z3 += 8;
      q += 32;
    }
    while (z0 < stop) {
      const last = v128.load(q);
      a0 = f32x4.add(a0, times(z0, last));
      a1 = f32x4.add(a1, times(z1, last));
      a2 = f32x4.add(a2, times(z2, last));
      a3 = f32x4.add(a3, times(z3, last));
      z0 += 4;
      z1 += 4;
      z2 += 4;
      z3 += 4;
      q += 16;
    }
    t0 = f32x4.add(t0, a0);
    t1 = f32x4.add(t1, a1);
    t2 = f32x4.add(t2, a2);
    t3 = f32x4.add(t3, a3);
  }
  v128.store(p, t0);
  v128.store(p, t1, 16);
  v128.store(p, t2, 32);
  v128.store(p, t3, 48);
}

function projectOne(p: usize, z: usize, stride: usize, q: usize): void {
  const end = z + stride;
  let total = f32x4.splat(0);
  while (z < end) {
    const stop = min(end, z + (CHUNK << 2));
    let sum = f32x4.splat(0);
    for (; z < stop; z += 4, q += 16) sum = f32x4.add(sum, times(z, v128.load(q)));
    total = f32x4.add(total, sum);
  }
  v128.store(p, total);
}

function backProjectGroup(q: usize, z: usize, rows: usize, cols: usize, p: usize): void {
  const stride = cols << 2;
  let i: usize = 0;
  for (; i + 4 <= rows; i += 4) {
    backProjectFour(q, z, stride, p);
    p += 64;
    z += stride << 2;
  }
  for (; i < rows; i++) {
    const own = v128.load(p);
    const end = z + stride;
    for (let out = q; z < end; z += 4, out += 16) v128.store(out, f32x4.add(v128.load(out), times(z, own)));
    p += 16;
  }
}

function backProjectFour(q: usize, z0: usize, stride: usize, p: usize): void {
  const p0 = v128.load(p);
  const p1 = v128.load(p, 16);
  const p2 = v128.load(p, 32);
  const p3 = v128.load(p, 48);
  const end = z0 + stride;
  const pairs = z0 + (stride & ~7);
  let z1 = z0 + stride;
  let z2 = z1 + stride;
  let z3 = z2 + stride;
  while (z0 < pairs) {
    const even = f32x4.add(
      f32x4.add(times(z0, p0), times(z1, p1)),
      f32x4.add(times(z2, p2), times(z3, p3)),
    );
    v128.store(q, f32x4.add(v128.load(q), even));
    const odd = f32x4.add(
      f32x4.add(f32x4.mul(v128.load_splat<f32>(z0, 4), p0), f32x4.mul(v128.load_splat<f32>(z1, 4), p1)),
      f32x4.add(f32x4.mul(v128.load_splat<f32>(z2, 4), p2), f32x4.mul(v128.load_splat<f32>(z3, 4), p3)),
    );
    v128.store(q, f32x4.add(v128.load(q, 16), odd), 16);
    z0 += 8;
    z1 += 8;
    z2 += 8;
    z3 += 8;
    q += 32;
  }
  if (z0 < end) {
    const last = f32x4.add(
      f32x4.add(times(z0, p0), times(z1, p1)),
      f32x4.add(times(z2, p2), times(z3, p3)),
    );
    v128.store(q, f32x4.add(v128.load(q), last));
  }
}
