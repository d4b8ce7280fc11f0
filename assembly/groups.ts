/**
 * Between float64 vectors, one after another, and the float32 form in which products.ts multiplies: four vectors side
 * by side in a group, the one to three that are left over whole.
 */

// @ts-expect-error: decorator
@inline
function highHalf(v: v128): v128 {
  return v128.shuffle<i64>(v, v, 1, 1);
}

/** Writes two numbers, or adds them to what is there. */
// @ts-expect-error: decorator
@inline
function put(at: usize, v: v128, add: bool): void {
  v128.store(at, add ? f64x2.add(v128.load(at), v) : v);
}

// @ts-expect-error: decorator
@inline
function putOne(at: usize, value: f64, add: bool): void {
  store<f64>(at, add ? load<f64>(at) + value : value);
}

/** The groups and single vectors of `rank` float64 vectors of `length` entries, rounded to float32. */
export function groupVectors(groups: usize, vectors: usize, length: usize, rank: usize): void {
  const stride = length << 3;
  let c: usize = 0;
  for (; c + 4 <= rank; c += 4, groups += length << 4, vectors += stride << 2) groupFour(groups, vectors, length);
  for (; c < rank; c++, groups += length << 2, vectors += stride) {
    for (let i: usize = 0; i < length; i++) store<f32>(groups + (i << 2), <f32>load<f64>(vectors + (i << 3)));
  }
}

function groupFour(groups: usize, v0: usize, length: usize): void {
  const stride = length << 3;
  const end = v0 + stride;
  const pairs = v0 + ((length & ~1) << 3);
  let v1 = v0 + stride;
  let v2 = v1 + stride;
  let v3 = v2 + stride;
  while (v0 < pairs) {
    const a = f32x4.demote_f64x2_zero(v128.load(v0));
    const b = f32x4.demote_f64x2_zero(v128.load(v1));
    const c = f32x4.demote_f64x2_zero(v128.load(v2));
    const d = f32x4.demote_f64x2_zero(v128.load(v3));
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(groups, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(groups, v128.shuffle<i64>(ab, cd, 1, 3), 16);
    v0 += 16;
    v1 += 16;
    v2 += 16;
    v3 += 16;
    groups += 32;
  }
  if (v0 < end) {
    store<f32>(groups, <f32>load<f64>(v0));
    store<f32>(groups, <f32>load<f64>(v1), 4);
    store<f32>(groups, <f32>load<f64>(v2), 8);
    store<f32>(groups, <f32>load<f64>(v3), 12);
  }
}

/** The float64 vectors of groups and single vectors: the inverse of groupVectors. */
export function ungroupVectors(vectors: usize, groups: usize, length: usize, rank: usize): void {
  ungroup(vectors, groups, length, rank, false);
}

/** vectors += the groups and single vectors, in float64: how the sums of tiles come together. */
export function addGroups(vectors: usize, groups: usize, length: usize, rank: usize): void {
  ungroup(vectors, groups, length, rank, true);
}

// @ts-expect-error: decorator
@inline
function ungroup(vectors: usize, groups: usize, length: usize, rank: usize, add: bool): void {
  const stride = length << 3;
  let c: usize = 0;
  for (; c + 4 <= rank; c += 4, groups += length << 4, vectors += stride << 2) {
    ungroupFour(vectors, groups, length, add);
  }
  for (; c < rank; c++, groups += length << 2, vectors += stride) {
    for (let i: usize = 0; i < length; i++) putOne(vectors + (i << 3), <f64>load<f32>(groups + (i << 2)), add);
  }
}

// @ts-expect-error: decorator
@inline
function ungroupFour(v0: usize, groups: usize, length: usize, add: bool): void {
  const stride = length << 3;
  const end = v0 + stride;
  const pairs = v0 + ((length & ~1) << 3);
  let from = groups;
  let v1 = v0 + stride;
  let v2 = v1 + stride;
  let v3 = v2 + stride;
  while (v0 < pairs) {
    const x = v128.load(from);
    const y = v128.load(from, 16);
    const ab = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
    put(v0, f64x2.promote_low_f32x4(ab), add);
    put(v1, f64x2.promote_low_f32x4(highHalf(ab)), add);
    put(v2, f64x2.promote_low_f32x4(cd), add);
    put(v3, f64x2.promote_low_f32x4(highHalf(cd)), add);
    v0 += 16;
    v1 += 16;
    v2 += 16;
    v3 += 16;
    from += 32;
  }
  if (v0 < end) {
    putOne(v0, <f64>load<f32>(from), add);
    putOne(v1, <f64>load<f32>(from, 4), add);
    putOne(v2, <f64>load<f32>(from, 8), add);
    putOne(v3, <f64>load<f32>(from, 12), add);
  }
}
