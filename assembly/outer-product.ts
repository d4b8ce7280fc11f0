/**
 * out += P Q^T, the receiver's arithmetic, in float32 and in the order that docs/wire-format.md fixes: entry (i, j)
 * gains ((P[0][i] Q[0][j] + P[1][i] Q[1][j]) + P[2][i] Q[2][j]) + ..., each product and each sum rounded. Columns
 * are independent of each other, so four of them share an instruction without any change of bits.
 *
 * Q comes in groups of up to four vectors (groups.ts). With one group two rows share what is read of Q; several pass
 * over a row one after another, and the sums wait in `sums`, which changes no bit either.
 */
import { firstOf, groupBytes, groupSize } from './groups';

/** The first 4, 8 or 12 bytes of `v`. */
function storeFirst(at: usize, v: v128, bytes: usize): void {
  v128.store32_lane(at, v, 0);
  if (bytes > 4) v128.store32_lane(at, v, 1, 4);
  if (bytes > 8) v128.store32_lane(at, v, 2, 8);
}

/** The terms of k vectors for four columns, added up in their order, from the block of Q at q. */
// @ts-expect-error: decorator
@inline
function termsOf(q: usize, p0: v128, p1: v128, p2: v128, p3: v128, k: usize): v128 {
  let s = f32x4.mul(p0, v128.load(q));
  if (k > 1) s = f32x4.add(s, f32x4.mul(p1, v128.load(q, 16)));
  if (k > 2) s = f32x4.add(s, f32x4.mul(p2, v128.load(q, 32)));
  if (k > 3) s = f32x4.add(s, f32x4.mul(p3, v128.load(q, 48)));
  return s;
}

/** Entry `first row` of vector c of P for all columns, or zeros where the group has no such vector. */
// @ts-expect-error: decorator
@inline
function entryOf(p: usize, pStride: usize, c: usize, k: usize): v128 {
  return c < k ? v128.load_splat<f32>(p + c * pStride) : f32x4.splat(0);
}

function addGroupOfFour(out: usize, rows: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  addGroup(out, rows, width, p, pStride, q, 4);
}

function addGroupOfThree(out: usize, rows: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  addGroup(out, rows, width, p, pStride, q, 3);
}

function addGroupOfTwo(out: usize, rows: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  addGroup(out, rows, width, p, pStride, q, 2);
}

function addGroupOfOne(out: usize, rows: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  addGroup(out, rows, width, p, pStride, q, 1);
}

// @ts-expect-error: decorator
@inline
function addGroup(out: usize, rows: usize, width: usize, p: usize, pStride: usize, q: usize, k: usize): void {
  let i: usize = 0;
  for (; i + 2 <= rows; i += 2, out += width << 1, p += 8) addRows(out, width, p, pStride, q, k, true);
  if (i < rows) addRows(out, width, p, pStride, q, k, false);
}

/** One row of `out` or two: all there is to add to them. */
// @ts-expect-error: decorator
@inline
function addRows(out: usize, width: usize, p: usize, pStride: usize, q: usize, k: usize, two: bool): void {
  const p0 = entryOf(p, pStride, 0, k);
  const p1 = entryOf(p, pStride, 1, k);
  const p2 = entryOf(p, pStride, 2, k);
  const p3 = entryOf(p, pStride, 3, k);
  const r0 = two ? entryOf(p + 4, pStride, 0, k) : p0;
  const r1 = two ? entryOf(p + 4, pStride, 1, k) : p1;
  const r2 = two ? entryOf(p + 4, pStride, 2, k) : p2;
  const r3 = two ? entryOf(p + 4, pStride, 3, k) : p3;
  const end = out + width;
  const whole = out + (width & ~15);
  let below = out + width;
  while (out < whole) {
    let own = v128.load(q);
    let s = f32x4.mul(p0, own);
    let t = two ? f32x4.mul(r0, own) : s;
    if (k > 1) {
      own = v128.load(q, 16);
      s = f32x4.add(s, f32x4.mul(p1, own));
      if (two) t = f32x4.add(t, f32x4.mul(r1, own));
    }
    if (k > 2) {
      own = v128.load(q, 32);
      s = f32x4.add(s, f32x4.mul(p2, own));
      if (two) t = f32x4.add(t, f32x4.mul(r2, own));
    }
    if (k > 3) {
      own = v128.load(q, 48);
      s = f32x4.add(s, f32x4.mul(p3, own));
      if (two) t = f32x4.add(t, f32x4.mul(r3, own));
    }
    v128.store(out, f32x4.add(v128.load(out), s));
    if (two) v128.store(below, f32x4.add(v128.load(below), t));
    out += 16;
    if (two) below += 16;
    q += k << 4;
  }
  if (out == end) return;
  const rest = end - out;
  storeFirst(out, f32x4.add(firstOf(out, rest), termsOf(q, p0, p1, p2, p3, k)), rest);
  if (two) storeFirst(below, f32x4.add(firstOf(below, rest), termsOf(q, r0, r1, r2, r3, k)), rest);
}

/** sums = the terms of the first four vectors, for one row; the last block is written whole. */
function sumFirst(sums: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  const p0 = entryOf(p, pStride, 0, 4);
  const p1 = entryOf(p, pStride, 1, 4);
  const p2 = entryOf(p, pStride, 2, 4);
  const p3 = entryOf(p, pStride, 3, 4);
  for (const end = sums + width; sums < end; sums += 16, q += 64) v128.store(sums, termsOf(q, p0, p1, p2, p3, 4));
}

/** sums += the terms of k more vectors, one after another. */
function sumMore(sums: usize, width: usize, p: usize, pStride: usize, q: usize, k: usize): void {
  const step = k << 4;
  const end = sums + width;
  for (let c: usize = 0; c < k; c++, q += 16, p += pStride) {
    const own = v128.load_splat<f32>(p);
    let block = q;
    for (let at = sums; at < end; at += 16, block += step) {
      v128.store(at, f32x4.add(v128.load(at), f32x4.mul(own, v128.load(block))));
    }
  }
}

/** sums += the terms of four more vectors. */
function sumFour(sums: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  const p0 = entryOf(p, pStride, 0, 4);
  const p1 = entryOf(p, pStride, 1, 4);
  const p2 = entryOf(p, pStride, 2, 4);
  const p3 = entryOf(p, pStride, 3, 4);
  for (const end = sums + width; sums < end; sums += 16, q += 64) {
    let s = f32x4.add(v128.load(sums), f32x4.mul(p0, v128.load(q)));
    s = f32x4.add(s, f32x4.mul(p1, v128.load(q, 16)));
    s = f32x4.add(s, f32x4.mul(p2, v128.load(q, 32)));
    v128.store(sums, f32x4.add(s, f32x4.mul(p3, v128.load(q, 48))));
  }
}

/** out += sums, for one row. */
function addSums(out: usize, width: usize, sums: usize): void {
  const end = out + width;
  const whole = out + (width & ~15);
  for (; out < whole; out += 16, sums += 16) v128.store(out, f32x4.add(v128.load(out), v128.load(sums)));
  for (; out < end; out += 4, sums += 4) store<f32>(out, load<f32>(out) + load<f32>(sums));
}

/**
 * out += P Q^T for `rows` rows of `cols` float32 numbers. p is the address of entry `first row` of vector 0; the
 * vectors of P lie `length` entries apart, those of Q in groups. `sums` has room for one row and three numbers.
 */
export function addOuterProduct(
  out: usize,
  rows: usize,
  cols: usize,
  rank: usize,
  p: usize,
  length: usize,
  q: usize,
  sums: usize,
): void {
  const width = cols << 2;
  const pStride = length << 2;
  if (rank == 4) return addGroupOfFour(out, rows, width, p, pStride, q);
  if (rank == 3) return addGroupOfThree(out, rows, width, p, pStride, q);
  if (rank == 2) return addGroupOfTwo(out, rows, width, p, pStride, q);
  if (rank == 1) return addGroupOfOne(out, rows, width, p, pStride, q);
  for (let i: usize = 0; i < rows; i++, out += width, p += 4) {
    sumFirst(sums, width, p, pStride, q);
    for (let c: usize = 4; c < rank; c += 4) {
      const k = groupSize(c, rank);
      const qc = q + groupBytes(c, cols);
      if (k == 4) sumFour(sums, width, p + c * pStride, pStride, qc);
      else sumMore(sums, width, p + c * pStride, pStride, qc, k);
    }
    addSums(out, width, sums);
  }
}
