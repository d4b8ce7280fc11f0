/**
 * The form in which products.ts and outer-product.ts read a factor: vectors in groups of four, the last group of one
 * to four. A group of k vectors is a row of blocks, each with entries 4 b .. 4 b + 3 of its k vectors one after
 * another, 16 k bytes: whoever walks along the vectors needs one address for all of them. The last block is filled up
 * with zeros.
 */

/** Bytes before the group that begins with vector c, a multiple of 4. */
// @ts-expect-error: decorator
@inline
export function groupBytes(c: usize, length: usize): usize {
  return (c * ((length + 3) & ~3)) << 2;
}

/** Vectors of the group that begins with vector c. */
// @ts-expect-error: decorator
@inline
export function groupSize(c: usize, rank: usize): usize {
  return min<usize>(4, rank - c);
}

/** The one to three numbers in `bytes` bytes, and zeros. */
export function firstOf(at: usize, bytes: usize): v128 {
  if (bytes == 4) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  return bytes == 8 ? two : v128.load32_lane(at, two, 2, 8);
}

// @ts-expect-error: decorator
@inline
function highHalf(v: v128): v128 {
  return v128.shuffle<i64>(v, v, 1, 1);
}

/** Where block 0 of vector c is. */
// @ts-expect-error: decorator
@inline
function placeOf(groups: usize, c: usize, length: usize): usize {
  return groups + groupBytes(c & ~3, length) + ((c & 3) << 4);
}

// @ts-expect-error: decorator
@inline
function blockBytes(c: usize, rank: usize): usize {
  return groupSize(c & ~3, rank) << 4;
}

/** The groups of `rank` float64 vectors of `length` entries, rounded to float32. */
export function groupVectors(groups: usize, vectors: usize, length: usize, rank: usize): void {
  for (let c: usize = 0; c < rank; c++, vectors += length << 3) {
    const step = blockBytes(c, rank);
    const end = vectors + (length << 3);
    const whole = vectors + ((length & ~3) << 3);
    let at = placeOf(groups, c, length);
    let v = vectors;
    for (; v < whole; v += 32, at += step) {
      const low = f32x4.demote_f64x2_zero(v128.load(v));
      v128.store(at, v128.shuffle<i64>(low, f32x4.demote_f64x2_zero(v128.load(v, 16)), 0, 2));
    }
    if (v == end) continue;
    v128.store(at, f32x4.splat(0));
    for (; v < end; v += 8, at += 4) store<f32>(at, <f32>load<f64>(v));
  }
}

/** The groups of `rank` float32 vectors of `length` entries. */
export function groupSingles(groups: usize, vectors: usize, length: usize, rank: usize): void {
  for (let c: usize = 0; c < rank; c++, vectors += length << 2) {
    const step = blockBytes(c, rank);
    const end = vectors + (length << 2);
    const whole = vectors + ((length & ~3) << 2);
    let at = placeOf(groups, c, length);
    let v = vectors;
    for (; v < whole; v += 16, at += step) v128.store(at, v128.load(v));
    if (v < end) v128.store(at, firstOf(v, end - v));
  }
}

/** The float64 vectors of groups: the inverse of groupVectors. */
export function ungroupVectors(vectors: usize, groups: usize, length: usize, rank: usize): void {
  ungroup(vectors, groups, length, rank, false);
}

/** vectors += the groups, in float64: how the sums of tiles come together. */
export function addGroups(vectors: usize, groups: usize, length: usize, rank: usize): void {
  ungroup(vectors, groups, length, rank, true);
}

/** Writes two numbers, or adds them to what is there. */
// @ts-expect-error: decorator
@inline
function put(at: usize, v: v128, add: bool): void {
  v128.store(at, add ? f64x2.add(v128.load(at), v) : v);
}

// @ts-expect-error: decorator
@inline
function ungroup(vectors: usize, groups: usize, length: usize, rank: usize, add: bool): void {
  for (let c: usize = 0; c < rank; c++, vectors += length << 3) {
    const step = blockBytes(c, rank);
    const end = vectors + (length << 3);
    const whole = vectors + ((length & ~3) << 3);
    let at = placeOf(groups, c, length);
    let v = vectors;
    for (; v < whole; v += 32, at += step) {
      const own = v128.load(at);
      put(v, f64x2.promote_low_f32x4(own), add);
      put(v + 16, f64x2.promote_low_f32x4(highHalf(own)), add);
    }
    for (; v < end; v += 8, at += 4) {
      const value = <f64>load<f32>(at);
      store<f64>(v, add ? load<f64>(v) + value : value);
    }
  }
}
