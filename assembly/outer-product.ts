/**
 * out += P Q^T, the receiver's arithmetic, in float32 and in the order that docs/wire-format.md fixes: entry (i, j)
 * gains ((P[0][i] Q[0][j] + P[1][i] Q[1][j]) + P[2][i] Q[2][j]) + ..., each product and each sum rounded. Columns
 * are independent of each other, so four of them share an instruction without any change of bits. Groups of four
 * vectors pass over a row one after another; the sums wait in `sums`, which changes no bit either.
 */

// @ts-expect-error: decorator
@inline
function term(p: v128, q: usize): v128 {
  return f32x4.mul(p, v128.load(q));
}

/** The next four columns: an offset in the instruction costs no addition. */
// @ts-expect-error: decorator
@inline
function nextTerm(p: v128, q: usize): v128 {
  return f32x4.mul(p, v128.load(q, 16));
}

// @ts-expect-error: decorator
@inline
function scalarTerm(p: v128, q: usize): f32 {
  return f32x4.extract_lane(p, 0) * load<f32>(q);
}

/** sums (+)= the terms of four vectors; `from` is where the sums so far are read (0: none), `to` where they go. */
// @ts-expect-error: decorator
@inline
function passOfFour(out: usize, sums: usize, p: usize, pStride: usize, q: usize, width: usize, first: bool, last: bool): void {
  const p0 = v128.load_splat<f32>(p);
  const p1 = v128.load_splat<f32>(p + pStride);
  const p2 = v128.load_splat<f32>(p + 2 * pStride);
  const p3 = v128.load_splat<f32>(p + 3 * pStride);
  const end = q + width;
  const vectors = q + (width & ~15);
  let q1 = q + width;
  let q2 = q1 + width;
  let q3 = q2 + width;
  if (first && last) {
    const pairs = q + (width & ~31);
    while (q < pairs) {
      let s = f32x4.add(term(p0, q), term(p1, q1));
      let t = f32x4.add(nextTerm(p0, q), nextTerm(p1, q1));
      s = f32x4.add(f32x4.add(s, term(p2, q2)), term(p3, q3));
      t = f32x4.add(f32x4.add(t, nextTerm(p2, q2)), nextTerm(p3, q3));
      v128.store(out, f32x4.add(v128.load(out), s));
      v128.store(out, f32x4.add(v128.load(out, 16), t), 16);
      q += 32;
      q1 += 32;
      q2 += 32;
      q3 += 32;
      out += 32;
    }
  }
  while (q < vectors) {
    let s = term(p0, q);
    if (!first) s = f32x4.add(v128.load(sums), s);
    s = f32x4.add(s, term(p1, q1));
    s = f32x4.add(s, term(p2, q2));
    s = f32x4.add(s, term(p3, q3));
    if (last) v128.store(out, f32x4.add(v128.load(out), s));
    else v128.store(sums, s);
    q += 16;
    q1 += 16;
    q2 += 16;
    q3 += 16;
    out += 16;
    sums += 16;
  }
  while (q < end) {
    let s = scalarTerm(p0, q);
    if (!first) s = load<f32>(sums) + s;
    s = s + scalarTerm(p1, q1);
    s = s + scalarTerm(p2, q2);
    s = s + scalarTerm(p3, q3);
    if (last) store<f32>(out, load<f32>(out) + s);
    else store<f32>(sums, s);
    q += 4;
    q1 += 4;
    q2 += 4;
    q3 += 4;
    out += 4;
    sums += 4;
  }
}

// @ts-expect-error: decorator
@inline
function passOfOne(out: usize, sums: usize, p: usize, q: usize, width: usize, first: bool, last: bool): void {
  const p0 = v128.load_splat<f32>(p);
  const end = q + width;
  const vectors = q + (width & ~15);
  while (q < vectors) {
    let s = term(p0, q);
    if (!first) s = f32x4.add(v128.load(sums), s);
    if (last) v128.store(out, f32x4.add(v128.load(out), s));
    else v128.store(sums, s);
    q += 16;
    out += 16;
    sums += 16;
  }
  while (q < end) {
    let s = scalarTerm(p0, q);
    if (!first) s = load<f32>(sums) + s;
    if (last) store<f32>(out, load<f32>(out) + s);
    else store<f32>(sums, s);
    q += 4;
    out += 4;
    sums += 4;
  }
}

function onlyFour(out: usize, rows: usize, width: usize, p: usize, pStride: usize, q: usize): void {
  let i: usize = 0;
  for (; i + 2 <= rows; i += 2, out += width << 1, p += 8) twoRowsOfFour(out, p, pStride, q, width);
  for (; i < rows; i++, out += width, p += 4) passOfFour(out, 0, p, pStride, q, width, true, true);
}

/** Two rows share what they read of Q: on narrow matrices a quarter less time than row by row. */
// @ts-expect-error: decorator
@inline
function twoRowsOfFour(out: usize, p: usize, pStride: usize, q: usize, width: usize): void {
  const p0 = v128.load_splat<f32>(p);
  const p1 = v128.load_splat<f32>(p + pStride);
  const p2 = v128.load_splat<f32>(p + 2 * pStride);
  const p3 = v128.load_splat<f32>(p + 3 * pStride);
  const r0 = v128.load_splat<f32>(p, 4);
  const r1 = v128.load_splat<f32>(p + pStride, 4);
  const r2 = v128.load_splat<f32>(p + 2 * pStride, 4);
  const r3 = v128.load_splat<f32>(p + 3 * pStride, 4);
  const end = q + width;
  const vectors = q + (width & ~15);
  let q1 = q + width;
  let q2 = q1 + width;
  let q3 = q2 + width;
  let below = out + width;
  while (q < vectors) {
    let own = v128.load(q);
    let s = f32x4.mul(p0, own);
    let t = f32x4.mul(r0, own);
    own = v128.load(q1);
    s = f32x4.add(s, f32x4.mul(p1, own));
    t = f32x4.add(t, f32x4.mul(r1, own));
    own = v128.load(q2);
    s = f32x4.add(s, f32x4.mul(p2, own));
    t = f32x4.add(t, f32x4.mul(r2, own));
    own = v128.load(q3);
    s = f32x4.add(s, f32x4.mul(p3, own));
    t = f32x4.add(t, f32x4.mul(r3, own));
    v128.store(out, f32x4.add(v128.load(out), s));
    v128.store(below, f32x4.add(v128.load(below), t));
    q += 16;
    q1 += 16;
    q2 += 16;
    q3 += 16;
    out += 16;
    below += 16;
  }
  while (q < end) {
    const s = scalarTerm(p0, q) + scalarTerm(p1, q1) + scalarTerm(p2, q2) + scalarTerm(p3, q3);
    const t = scalarTerm(r0, q) + scalarTerm(r1, q1) + scalarTerm(r2, q2) + scalarTerm(r3, q3);
    store<f32>(out, load<f32>(out) + s);
    store<f32>(below, load<f32>(below) + t);
    q += 4;
    q1 += 4;
    q2 += 4;
    q3 += 4;
    out += 4;
    below += 4;
  }
}

function firstFour(sums: usize, p: usize, pStride: usize, q: usize, width: usize): void {
  passOfFour(0, sums, p, pStride, q, width, true, false);
}

function innerFour(sums: usize, p: usize, pStride: usize, q: usize, width: usize): void {
  passOfFour(0, sums, p, pStride, q, width, false, false);
}

function lastFour(out: usize, sums: usize, p: usize, pStride: usize, q: usize, width: usize): void {
  passOfFour(out, sums, p, pStride, q, width, false, true);
}

function onlyOne(out: usize, rows: usize, width: usize, p: usize, q: usize): void {
  for (let i: usize = 0; i < rows; i++, out += width, p += 4) passOfOne(out, 0, p, q, width, true, true);
}

function firstOne(sums: usize, p: usize, q: usize, width: usize): void {
  passOfOne(0, sums, p, q, width, true, false);
}

function innerOne(sums: usize, p: usize, q: usize, width: usize): void {
  passOfOne(0, sums, p, q, width, false, false);
}

function lastOne(out: usize, sums: usize, p: usize, q: usize, width: usize): void {
  passOfOne(out, sums, p, q, width, false, true);
}

/**
 * out += P Q^T for `rows` rows of `cols` float32 numbers. p is the address of entry `first row` of vector 0; the
 * vectors of P are `length` entries apart, those of Q `cols`. `sums` has room for one row.
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
  if (rank == 4) return onlyFour(out, rows, width, p, pStride, q);
  if (rank == 1) return onlyOne(out, rows, width, p, q);
  const pFour = pStride << 2;
  const qFour = width << 2;
  for (let i: usize = 0; i < rows; i++, out += width, p += 4) {
    let pc = p;
    let qc = q;
    let c: usize = 0;
    for (; c + 4 <= rank; c += 4, pc += pFour, qc += qFour) {
      if (c == 0) firstFour(sums, pc, pStride, qc, width);
      else if (c + 4 == rank) lastFour(out, sums, pc, pStride, qc, width);
      else innerFour(sums, pc, pStride, qc, width);
    }
    for (; c < rank; c++, pc += pStride, qc += width) {
      if (c == 0) firstOne(sums, pc, qc, width);
      else if (c + 1 == rank) lastOne(out, sums, pc, qc, width);
      else innerOne(sums, pc, qc, width);
    }
  }
}
