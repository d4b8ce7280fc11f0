/**
 * C = A B or C += A B in float32 (Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
 * Blocks of A and B are packed into panels of four rows and eight columns, so that the innermost loop reads both in
 * order and transposed operands cost nothing; A may also be the patches of an image (patches.ts), which exist only as
 * panels. A product is described by 16 numbers in memory:
 *
 *     0 C   1 A   2 B   3 m   4 n   5 k   6, 7, 8 numbers from row to row of C, A, B
 *     9 kind of A (below)   10 B is stored transposed   11 add to C   12 room for panels, ROOM bytes   13 geometry
 */
import { packPatches, packTransposedPatches } from './patches';
import { multiplyAdd } from './multiply-add';

/** Depth of a panel; rows of A and columns of B in a block. The packed blocks fit a second-level cache. */
const DEPTH: i32 = 256;
const ROWS: i32 = 96;
const COLS: i32 = 512;
/** Bytes: packed A, packed B, one tile of C. */
const PACKED_A: usize = ROWS * DEPTH * 4;
const PACKED_B: usize = COLS * DEPTH * 4;

/** Kinds of A. */
const PLAIN: i32 = 0;
const TRANSPOSED: i32 = 1;
const PATCHES: i32 = 2;

/** Bytes that `product` needs at its room. */
export function roomBytes(): usize {
  return PACKED_A + PACKED_B + 128;
}

// @ts-expect-error: decorator
@inline
function field(at: usize, index: usize): i32 {
  return load<i32>(at + (index << 2));
}

/** Runs the product described at `at`. */
export function product(at: usize): void {
  const c = <usize>field(at, 0);
  const m = field(at, 3);
  const n = field(at, 4);
  const k = field(at, 5);
  const cStride = <usize>field(at, 6) << 2;
  const more = field(at, 11) != 0;
  const packedA = <usize>field(at, 12);
  const packedB = packedA + PACKED_A;
  for (let j = 0; j < n; j += COLS) {
    const cols = min(COLS, n - j);
    for (let p = 0; p < k; p += DEPTH) {
      const depth = min(DEPTH, k - p);
      packB(packedB, at, p, depth, j, cols);
      for (let i = 0; i < m; i += ROWS) {
        const rows = min(ROWS, m - i);
        packA(packedA, at, i, rows, p, depth);
        const corner = c + <usize>i * cStride + (<usize>j << 2);
        block(corner, cStride, packedA, packedB, rows, cols, depth, more || p > 0);
      }
    }
  }
}

/** One block of C: panels of B outside, so that each stays in the first-level cache while A passes. */
function block(c: usize, cStride: usize, a: usize, b: usize, rows: i32, cols: i32, depth: i32, more: bool): void {
  const tile = b + PACKED_B;
  const panelA = <usize>depth << 4;
  const panelB = <usize>depth << 5;
  for (let j = 0; j < cols; j += 8, b += panelB) {
    const width = min(8, cols - j);
    let own = a;
    for (let i = 0; i < rows; i += 4, own += panelA) {
      const height = min(4, rows - i);
      const out = c + <usize>i * cStride + (<usize>j << 2);
      if (height == 4 && width == 8) {
        tileProduct(out, cStride, own, b, depth, more);
      } else {
        tileProduct(tile, 32, own, b, depth, false);
        copyTile(out, cStride, tile, height, width, more);
      }
    }
  }
}

function copyTile(out: usize, stride: usize, tile: usize, height: i32, width: i32, more: bool): void {
  for (let i = 0; i < height; i++, out += stride, tile += 32) {
    for (let j: usize = 0; j < (<usize>width << 2); j += 4) {
      const value = load<f32>(tile + j);
      store<f32>(out + j, more ? load<f32>(out + j) + value : value);
    }
  }
}

/** 4 x 8 numbers of C from a panel of A, four numbers a step, and a panel of B, eight a step. */
function tileProduct(c: usize, stride: usize, a: usize, b: usize, depth: i32, more: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = a + (<usize>depth << 4);
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  if (more) {
    storeRowMore(c, c00, c01);
    storeRowMore(c + stride, c10, c11);
    storeRowMore(c + 2 * stride, c20, c21);
    storeRowMore(c + 3 * stride, c30, c31);
    return;
  }
  storeRow(c, c00, c01);
  storeRow(c + stride, c10, c11);
  storeRow(c + 2 * stride, c20, c21);
  storeRow(c + 3 * stride, c30, c31);
}

// @ts-expect-error: decorator
@inline
function storeRow(c: usize, low: v128, high: v128): void {
  v128.store(c, low);
  v128.store(c, high, 16);
}

// @ts-expect-error: decorator
@inline
function storeRowMore(c: usize, low: v128, high: v128): void {
  storeRow(c, f32x4.add(v128.load(c), low), f32x4.add(v128.load(c, 16), high));
}

/** Rows i .. i + rows and columns p .. p + depth of A, as panels of four rows. */
function packA(out: usize, at: usize, i: i32, rows: i32, p: i32, depth: i32): void {
  const kind = field(at, 9);
  const a = <usize>field(at, 1);
  const stride = <usize>field(at, 7) << 2;
  if (kind == PLAIN) packAlong4(out, a + <usize>i * stride + (<usize>p << 2), stride, rows, depth);
  else if (kind == TRANSPOSED) packAcross(out, a + <usize>p * stride + (<usize>i << 2), stride, rows, depth, 4);
  else if (kind == PATCHES) packPatches(out, a, <usize>field(at, 13), i, rows, p, depth);
  else packTransposedPatches(out, a, <usize>field(at, 13), i, rows, p, depth);
}

/** Rows p .. p + depth and columns j .. j + cols of B, as panels of eight columns. */
function packB(out: usize, at: usize, p: i32, depth: i32, j: i32, cols: i32): void {
  const b = <usize>field(at, 2);
  const stride = <usize>field(at, 8) << 2;
  if (field(at, 10) == 0) {
    packAcross(out, b + <usize>p * stride + (<usize>j << 2), stride, cols, depth, 8);
    return;
  }
  const corner = b + <usize>j * stride + (<usize>p << 2);
  for (let first = 0; first < cols; first += 8, out += <usize>depth << 5) {
    const from = corner + <usize>first * stride;
    for (let half = 0; half < 2; half++) {
      const lanes = min(4, cols - first - 4 * half);
      packFour(out + (<usize>half << 4), 32, from + <usize>(4 * half) * stride, stride, lanes, depth);
    }
  }
}

/** Panels whose lanes lie next to each other in memory: step d of the panel is a run of `width` numbers. */
function packAcross(out: usize, from: usize, stride: usize, lanes: i32, depth: i32, width: i32): void {
  const bytes = <usize>width << 2;
  for (let first = 0; first < lanes; first += width, from += bytes) {
    const count = lanes - first;
    let row = from;
    if (count >= width) {
      for (let d = 0; d < depth; d++, row += stride, out += bytes) {
        v128.store(out, v128.load(row));
        if (width == 8) v128.store(out, v128.load(row, 16), 16);
      }
      continue;
    }
    for (let d = 0; d < depth; d++, row += stride, out += bytes) {
      for (let lane = 0; lane < width; lane++) {
        const offset = <usize>lane << 2;
        store<f32>(out + offset, lane < count ? load<f32>(row + offset) : 0);
      }
    }
  }
}

/** Panels of four lanes that lie `stride` bytes apart: a transposition. */
function packAlong4(out: usize, from: usize, stride: usize, lanes: i32, depth: i32): void {
  for (let first = 0; first < lanes; first += 4, from += stride << 2, out += <usize>depth << 4) {
    packFour(out, 16, from, stride, min(4, lanes - first), depth);
  }
}

/** One panel: lane l of step d is at from + l stride + 4 d, and goes to out + d step + 4 l. Missing lanes are 0. */
export function packFour(out: usize, step: usize, from: usize, stride: usize, lanes: i32, depth: i32): void {
  let d = 0;
  if (lanes == 4) {
    for (; d + 4 <= depth; d += 4, from += 16, out += step << 2) transposeFour(out, step, from, stride);
  }
  for (; d < depth; d++, from += 4, out += step) {
    for (let lane = 0; lane < 4; lane++) {
      const value = lane < lanes ? load<f32>(from + <usize>lane * stride) : 0;
      store<f32>(out + (<usize>lane << 2), value);
    }
  }
}

// @ts-expect-error: decorator
@inline
function transposeFour(out: usize, step: usize, from: usize, stride: usize): void {
  storeTransposed(out, step, v128.load(from), v128.load(from + stride), v128.load(from + 2 * stride), v128.load(from + 3 * stride));
}

/** Four steps of a panel from four numbers of each of four lanes. */
// @ts-expect-error: decorator
@inline
export function storeTransposed(out: usize, step: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(t0, t2, 0, 2));
  v128.store(out + step, v128.shuffle<i64>(t0, t2, 1, 3));
  v128.store(out + 2 * step, v128.shuffle<i64>(t1, t3, 0, 2));
  v128.store(out + 3 * step, v128.shuffle<i64>(t1, t3, 1, 3));
}
