/**
 * Z q and Z^T p for one whole vector: what is left over when vectors have been taken in groups of four. Four columns
 * share an instruction, so that one vector costs a quarter of a group.
 */

/** Columns whose products are summed in registers, before the sums are added up. */
const CHUNK_BYTES: usize = 1024;

// @ts-expect-error: decorator
@inline
function sumOfLanes(v: v128): f32 {
  const low = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1);
  return low + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The `rows` entries of p = Z q; Z is rows x cols. */
export function projectSingle(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
  const stride = cols << 2;
  let i: usize = 0;
  for (; i + 4 <= rows; i += 4, p += 16, z += stride << 2) projectFourRows(p, z, stride, q);
  for (; i < rows; i++, p += 4, z += stride) projectRow(p, z, stride, q);
}

function projectFourRows(p: usize, z0: usize, stride: usize, q: usize): void {
  const end = z0 + stride;
  const vectors = z0 + (stride & ~15);
  let z1 = z0 + stride;
  let z2 = z1 + stride;
  let z3 = z2 + stride;
  let s0: f32 = 0;
  let s1: f32 = 0;
  let s2: f32 = 0;
  let s3: f32 = 0;
  while (z0 < vectors) {
    const stop = min(vectors, z0 + CHUNK_BYTES);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    while (z0 < stop) {
      const own = v128.load(q);
      a0 = f32x4.add(a0, f32x4.mul(v128.load(z0), own));
      a1 = f32x4.add(a1, f32x4.mul(v128.load(z1), own));
      a2 = f32x4.add(a2, f32x4.mul(v128.load(z2), own));
      a3 = f32x4.add(a3, f32x4.mul(v128.load(z3), own));
      z0 += 16;
      z1 += 16;
      z2 += 16;
      z3 += 16;
      q += 16;
    }
    s0 += sumOfLanes(a0);
    s1 += sumOfLanes(a1);
    s2 += sumOfLanes(a2);
    s3 += sumOfLanes(a3);
  }
  for (; z0 < end; z0 += 4, z1 += 4, z2 += 4, z3 += 4, q += 4) {
    const own = load<f32>(q);
    s0 += load<f32>(z0) * own;
    s1 += load<f32>(z1) * own;
    s2 += load<f32>(z2) * own;
    s3 += load<f32>(z3) * own;
  }
  store<f32>(p, s0);
  store<f32>(p, s1, 4);
  store<f32>(p, s2, 8);
  store<f32>(p, s3, 12);
}

function projectRow(p: usize, z: usize, stride: usize, q: usize): void {
  const end = z + stride;
  const vectors = z + (stride & ~15);
  let sum: f32 = 0;
  while (z < vectors) {
    const stop = min(vectors, z + CHUNK_BYTES);
    let a = f32x4.splat(0);
    for (; z < stop; z += 16, q += 16) a = f32x4.add(a, f32x4.mul(v128.load(z), v128.load(q)));
    sum += sumOfLanes(a);
  }
  for (; z < end; z += 4, q += 4) sum += load<f32>(z) * load<f32>(q);
  store<f32>(p, sum);
}

/** q += Z^T p for `rows` entries of p; Z is rows x cols. */
export function backProjectSingle(q: usize, z: usize, rows: usize, cols: usize, p: usize): void {
  const stride = cols << 2;
  let i: usize = 0;
  for (; i + 4 <= rows; i += 4, p += 16, z += stride << 2) addFourRows(q, z, stride, p);
  for (; i < rows; i++, p += 4, z += stride) addRow(q, z, stride, load<f32>(p));
}

function addFourRows(q: usize, z0: usize, stride: usize, p: usize): void {
  const p0 = v128.load_splat<f32>(p);
  const p1 = v128.load_splat<f32>(p, 4);
  const p2 = v128.load_splat<f32>(p, 8);
  const p3 = v128.load_splat<f32>(p, 12);
  const end = z0 + stride;
  const vectors = z0 + (stride & ~15);
  let z1 = z0 + stride;
  let z2 = z1 + stride;
  let z3 = z2 + stride;
  for (; z0 < vectors; z0 += 16, z1 += 16, z2 += 16, z3 += 16, q += 16) {
    const low = f32x4.add(f32x4.mul(v128.load(z0), p0), f32x4.mul(v128.load(z1), p1));
    const high = f32x4.add(f32x4.mul(v128.load(z2), p2), f32x4.mul(v128.load(z3), p3));
    v128.store(q, f32x4.add(v128.load(q), f32x4.add(low, high)));
  }
  for (; z0 < end; z0 += 4, z1 += 4, z2 += 4, z3 += 4, q += 4) {
    const low = load<f32>(z0) * load<f32>(p) + load<f32>(z1) * load<f32>(p, 4);
    const high = load<f32>(z2) * load<f32>(p, 8) + load<f32>(z3) * load<f32>(p, 12);
    store<f32>(q, load<f32>(q) + (low + high));
  }
}

function addRow(q: usize, z: usize, stride: usize, own: f32): void {
  const end = z + stride;
  const vectors = z + (stride & ~15);
  const p = f32x4.splat(own);
  for (; z < vectors; z += 16, q += 16) v128.store(q, f32x4.add(v128.load(q), f32x4.mul(v128.load(z), p)));
  for (; z < end; z += 4, q += 4) store<f32>(q, load<f32>(q) + load<f32>(z) * own);
}
