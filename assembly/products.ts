/**
 * Z Q and Z^T P for a row-major float32 matrix Z. Two rows of Z, four columns at a time, meet the four vectors of a
 * group (groups.ts): six loads for eight products of four numbers, and what is summed up stays in the 15 registers that
 * V8 has. One row more, and it spills. Groups of one to three vectors cost as much less.
 *
 * Encoder only: the order of sums is free, and is chosen in blocks so that float32 loses little.
 */
import { firstOf, groupBytes, groupSize } from './groups';

/** Bytes of a row whose products are summed in registers, before the sums are added up: 256 numbers a lane. */
const CHUNK: usize = 4096;

// @ts-expect-error: decorator
@inline
function withProduct(sum: v128, z: v128, q: v128): v128 {
  return f32x4.add(sum, f32x4.mul(z, q));
}

/** The sums of the lanes of a, b, c and d. */
// @ts-expect-error: decorator
@inline
function sumsOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

// @ts-expect-error: decorator
@inline
function storeEntries(p: usize, sums: v128, k: usize): void {
  v128.store32_lane(p, sums, 0);
  if (k > 1) v128.store32_lane(p, sums, 1, 16);
  if (k > 2) v128.store32_lane(p, sums, 2, 32);
  if (k > 3) v128.store32_lane(p, sums, 3, 48);
}

/**
 * Entries first .. first + rows of the factor p = Z q, whose vectors have `length` entries; Z is rows x cols, q has
 * `rank` vectors of `cols` entries; `first` is a multiple of 4.
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
  for (let c: usize = 0; c < rank; c += 4) {
    const k = groupSize(c, rank);
    const pc = p + groupBytes(c, length) + (first << 2) * k;
    const qc = q + groupBytes(c, cols);
    if (k == 4) projectFour(pc, z, rows, cols, qc);
    else if (k == 3) projectThree(pc, z, rows, cols, qc);
    else if (k == 2) projectTwo(pc, z, rows, cols, qc);
    else projectOne(pc, z, rows, cols, qc);
  }
}

function projectFour(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
  projectGroup(p, z, rows, cols, q, 4);
}

function projectThree(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
  projectGroup(p, z, rows, cols, q, 3);
}

function projectTwo(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
  projectGroup(p, z, rows, cols, q, 2);
}

function projectOne(p: usize, z: usize, rows: usize, cols: usize, q: usize): void {
  projectGroup(p, z, rows, cols, q, 1);
}

// @ts-expect-error: decorator
@inline
function projectGroup(
  p: usize,
  z: usize,
  rows: usize,
  cols: usize,
  q: usize,
  k: usize,
): void {
  const stride = cols << 2;
  let i: usize = 0;
  for (; i + 2 <= rows; i += 2, z += stride << 1) {
    projectRows(p + (i & ~3) * (k << 2) + ((i & 2) << 2), z, stride, q, k, true);
  }
  if (i < rows) {
    projectRows(p + (i & ~3) * (k << 2) + ((i & 2) << 2), z, stride, q, k, false);
  }
}

/** One row or two: their entries of k vectors, at p and 4 bytes on. */
// @ts-expect-error: decorator
@inline
function projectRows(p: usize, z: usize, stride: usize, q: usize, k: usize, two: bool): void {
  const end = z + stride;
  const whole = z + (stride & ~15);
  const zero = f32x4.splat(0);
  let below = z + stride;
  let totals = zero;
  let totalsBelow = zero;
  while (z < end) {
    const stop = min(whole, z + CHUNK);
    let a0 = zero;
    let a1 = zero;
    let a2 = zero;
    let a3 = zero;
    let b0 = zero;
    let b1 = zero;
    let b2 = zero;
    let b3 = zero;
    while (z < stop) {
      const a = v128.load(z);
      const b = two ? v128.load(below) : zero;
      let own = v128.load(q);
      a0 = withProduct(a0, a, own);
      if (two) b0 = withProduct(b0, b, own);
      if (k > 1) {
        own = v128.load(q, 16);
        a1 = withProduct(a1, a, own);
        if (two) b1 = withProduct(b1, b, own);
      }
      if (k > 2) {
        own = v128.load(q, 32);
        a2 = withProduct(a2, a, own);
        if (two) b2 = withProduct(b2, b, own);
      }
      if (k > 3) {
        own = v128.load(q, 48);
        a3 = withProduct(a3, a, own);
        if (two) b3 = withProduct(b3, b, own);
      }
      z += 16;
      if (two) below += 16;
      q += k << 4;
    }
    if (z == whole && whole < end) {
      const a = firstOf(z, end - z);
      const b = two ? firstOf(below, end - z) : zero;
      a0 = withProduct(a0, a, v128.load(q));
      if (k > 1) a1 = withProduct(a1, a, v128.load(q, 16));
      if (k > 2) a2 = withProduct(a2, a, v128.load(q, 32));
      if (k > 3) a3 = withProduct(a3, a, v128.load(q, 48));
      if (two) b0 = withProduct(b0, b, v128.load(q));
      if (two && k > 1) b1 = withProduct(b1, b, v128.load(q, 16));
      if (two && k > 2) b2 = withProduct(b2, b, v128.load(q, 32));
      if (two && k > 3) b3 = withProduct(b3, b, v128.load(q, 48));
      z = end;
    }
    totals = f32x4.add(totals, sumsOf(a0, a1, a2, a3));
    if (two) totalsBelow = f32x4.add(totalsBelow, sumsOf(b0, b1, b2, b3));
  }
  storeEntries(p, totals, k);
  if (two) storeEntries(p + 4, totalsBelow, k);
}

/**
 * The factor q = Z^T p, or q += Z^T p with `more`, for the entries first .. first + rows of p; Z is rows x cols, p has
 * `rank` vectors of `length` entries; `first` is a multiple of 4.
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
  for (let c: usize = 0; c < rank; c += 4) {
    const k = groupSize(c, rank);
    const pc = p + groupBytes(c, length) + (first << 2) * k;
    const qc = q + groupBytes(c, cols);
    if (!more) memory.fill(qc, 0, ((cols + 3) & ~3) * (k << 2));
    if (k == 4) backProjectFour(qc, z, rows, cols, pc);
    else if (k == 3) backProjectThree(qc, z, rows, cols, pc);
    else if (k == 2) backProjectTwo(qc, z, rows, cols, pc);
    else backProjectOne(qc, z, rows, cols, pc);
  }
}

function backProjectFour(q: usize, z: usize, rows: usize, cols: usize, p: usize): void {
  backProjectGroup(q, z, rows, cols, p, 4);
}

function backProjectThree(q: usize, z: usize, rows: usize, cols: usize, p: usize): void {
  backProjectGroup(q, z, rows, cols, p, 3);
}

function backProjectTwo(q: usize, z: usize, rows: usize, cols: usize, p: usize): void {
  backProjectGroup(q, z, rows, cols, p, 2);
}

function backProjectOne(q: usize, z: usize, rows: usize, cols: usize, p: usize): void {
  backProjectGroup(q, z, rows, cols, p, 1);
}

// @ts-expect-error: decorator
@inline
function backProjectGroup(
  q: usize,
  z: usize,
  rows: usize,
  cols: usize,
  p: usize,
  k: usize,
): void {
  const stride = cols << 2;
  let i: usize = 0;
  for (; i + 2 <= rows; i += 2, z += stride << 1) {
    backProjectRows(q, z, stride, p + (i & ~3) * (k << 2) + ((i & 2) << 2), k, true);
  }
  if (i < rows) backProjectRows(q, z, stride, p + (i & ~3) * (k << 2) + ((i & 2) << 2), k, false);
}

/** Four columns of q + a p + b r. */
// @ts-expect-error: decorator
@inline
function withProducts(q: v128, a: v128, p: v128, b: v128, r: v128, two: bool): v128 {
  const product = f32x4.mul(a, p);
  return f32x4.add(q, two ? f32x4.add(product, f32x4.mul(b, r)) : product);
}

/** One row or two, with the entries of p at p and 4 bytes on. */
// @ts-expect-error: decorator
@inline
function backProjectRows(q: usize, z: usize, stride: usize, p: usize, k: usize, two: bool): void {
  const end = z + stride;
  const whole = z + (stride & ~15);
  const zero = f32x4.splat(0);
  const p0 = v128.load_splat<f32>(p);
  const p1 = k > 1 ? v128.load_splat<f32>(p, 16) : zero;
  const p2 = k > 2 ? v128.load_splat<f32>(p, 32) : zero;
  const p3 = k > 3 ? v128.load_splat<f32>(p, 48) : zero;
  const r0 = two ? v128.load_splat<f32>(p, 4) : zero;
  const r1 = two && k > 1 ? v128.load_splat<f32>(p, 20) : zero;
  const r2 = two && k > 2 ? v128.load_splat<f32>(p, 36) : zero;
  const r3 = two && k > 3 ? v128.load_splat<f32>(p, 52) : zero;
  let below = z + stride;
  while (z < whole) {
    const a = v128.load(z);
    const b = two ? v128.load(below) : zero;
    v128.store(q, withProducts(v128.load(q), a, p0, b, r0, two));
    if (k > 1) v128.store(q, withProducts(v128.load(q, 16), a, p1, b, r1, two), 16);
    if (k > 2) v128.store(q, withProducts(v128.load(q, 32), a, p2, b, r2, two), 32);
    if (k > 3) v128.store(q, withProducts(v128.load(q, 48), a, p3, b, r3, two), 48);
    z += 16;
    if (two) below += 16;
    q += k << 4;
  }
  if (whole < end) {
    const a = firstOf(z, end - z);
    const b = two ? firstOf(below, end - z) : zero;
    v128.store(q, withProducts(v128.load(q), a, p0, b, r0, two));
    if (k > 1) v128.store(q, withProducts(v128.load(q, 16), a, p1, b, r1, two), 16);
    if (k > 2) v128.store(q, withProducts(v128.load(q, 32), a, p2, b, r2, two), 32);
    if (k > 3) v128.store(q, withProducts(v128.load(q, 48), a, p3, b, r3, two), 48);
  }
}
