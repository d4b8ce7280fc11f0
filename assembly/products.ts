/**
 * Z Q and Z^T P for a row-major float32 matrix Z and four vectors at a time. The four stand side by side, a
 * "group": 16 bytes hold entry j of all four, so that one entry of Z, broadcast, meets one load, and neither odd
 * sizes nor horizontal sums occur. Encoder only: the order of sums is free, and is chosen in blocks so that float32
 * loses little.
 */

// @ts-expect-error: decorator
@inline
function times(z: usize, q: v128): v128 {
  return f32x4.mul(v128.load_splat<f32>(z), q);
}

/** Columns whose products are summed in registers, before the sums are added up. */
const CHUNK: usize = 256;

/** The group p = Z q of `rows` entries; Z is rows x cols, q a group of `cols` entries. */
export function project(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
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
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    while (z0 < pairs) {
      const even = v128.load(q);
      const odd = v128.load(q, 16);
      a0 = f32x4.add(a0, times(z0, even));
      a1 = f32x4.add(a1, times(z1, even));
      a2 = f32x4.add(a2, times(z2, even));
      a3 = f32x4.add(a3, times(z3, even));
      b0 = f32x4.add(b0, times(z0 + 4, odd));
      b1 = f32x4.add(b1, times(z1 + 4, odd));
      b2 = f32x4.add(b2, times(z2 + 4, odd));
      b3 = f32x4.add(b3, times(z3 + 4, odd));
      z0 += 8;
      z1 += 8;
      z2 += 8;
      z3 += 8;
      q += 32;
    }
    if (z0 < stop) {
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
    t0 = f32x4.add(t0, f32x4.add(a0, b0));
    t1 = f32x4.add(t1, f32x4.add(a1, b1));
    t2 = f32x4.add(t2, f32x4.add(a2, b2));
    t3 = f32x4.add(t3, f32x4.add(a3, b3));
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

/** The group q = Z^T p of `cols` entries, or q += Z^T p with `more`; Z is rows x cols, p a group of `rows`. */
export function backProject(q: usize, z: usize, rows: usize, cols: usize, p: usize, more: bool): void {
  if (!more) memory.fill(q, 0, cols << 4);
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
      f32x4.add(times(z0 + 4, p0), times(z1 + 4, p1)),
      f32x4.add(times(z2 + 4, p2), times(z3 + 4, p3)),
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

/** Groups from `rank` float64 vectors of `length` entries, rounded to float32; missing vectors are zero. */
export function groupVectors(groups: usize, vectors: usize, length: usize, rank: usize): void {
  const stride = length << 3;
  for (let c: usize = 0; c < rank; c += 4) {
    const count = min(4, rank - c);
    if (count < 4) memory.fill(groups, 0, length << 4);
    for (let i: usize = 0; i < length; i++) {
      const from = vectors + (i << 3);
      const to = groups + (i << 4);
      store<f32>(to, <f32>load<f64>(from));
      if (count > 1) store<f32>(to, <f32>load<f64>(from + stride), 4);
      if (count > 2) store<f32>(to, <f32>load<f64>(from + 2 * stride), 8);
      if (count > 3) store<f32>(to, <f32>load<f64>(from + 3 * stride), 12);
    }
    groups += length << 4;
    vectors += stride << 2;
  }
}

/** The float64 vectors of groups: the inverse of groupVectors. */
export function ungroupVectors(vectors: usize, groups: usize, length: usize, rank: usize): void {
  const stride = length << 3;
  for (let c: usize = 0; c < rank; c += 4) {
    const count = min(4, rank - c);
    for (let i: usize = 0; i < length; i++) {
      const from = groups + (i << 4);
      const to = vectors + (i << 3);
      store<f64>(to, <f64>load<f32>(from));
      if (count > 1) store<f64>(to + stride, <f64>load<f32>(from, 4));
      if (count > 2) store<f64>(to + 2 * stride, <f64>load<f32>(from, 8));
      if (count > 3) store<f64>(to + 3 * stride, <f64>load<f32>(from, 12));
    }
    groups += length << 4;
    vectors += stride << 2;
  }
}

/** vectors += the groups, in float64: how the sums of tiles come together. */
export function addGroups(vectors: usize, groups: usize, length: usize, rank: usize): void {
  for (let c: usize = 0; c < rank; c++) {
    let from = groups + (c >> 2) * (length << 4) + ((c & 3) << 2);
    const end = vectors + (length << 3);
    for (; vectors < end; vectors += 8, from += 16) store<f64>(vectors, load<f64>(vectors) + <f64>load<f32>(from));
  }
}
