/** Selection of the largest magnitudes: histogram of digits of |x|, then gather (src/compression/select-top.ts). */

const MAGNITUDE_MASK: u32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function count(slot: usize): void {
  store<u32>(slot, load<u32>(slot) + 1);
}

/**
 * Counts the highest digit, bits 20 to 30 of |x|, of `length` numbers into four histograms of 2048 u32, which are
 * added to: each takes every fourth number, because neighbors are often of one size and would wait for each other.
 */
export function countHighDigits(histograms: usize, x: usize, length: usize): void {
  const end = x + (length << 2);
  const quads = x + ((length & ~3) << 2);
  for (; x < quads; x += 16) {
    count(histograms + (((load<u32>(x) & MAGNITUDE_MASK) >> 20) << 2));
    count(histograms + 8192 + (((load<u32>(x, 4) & MAGNITUDE_MASK) >> 20) << 2));
    count(histograms + 16384 + (((load<u32>(x, 8) & MAGNITUDE_MASK) >> 20) << 2));
    count(histograms + 24576 + (((load<u32>(x, 12) & MAGNITUDE_MASK) >> 20) << 2));
  }
  for (; x < end; x += 4) count(histograms + (((load<u32>(x) & MAGNITUDE_MASK) >> 20) << 2));
}

/**
 * Counts bits `shift` to shift + 9 of |x| into a histogram of 1024 u32, of those numbers whose bits above are
 * `prefix`. Four numbers without one of these are skipped by one comparison.
 */
export function countDigits(histogram: usize, x: usize, length: usize, shift: u32, prefix: u32): void {
  const known = shift + 10;
  const wanted = i32x4.splat(prefix);
  const mask = i32x4.splat(MAGNITUDE_MASK);
  const end = x + (length << 2);
  while (x < end) {
    if (x + 16 <= end) {
      const prefixes = i32x4.shr_u(v128.and(v128.load(x), mask), known);
      if (!v128.any_true(i32x4.eq(prefixes, wanted))) {
        x += 16;
        continue;
      }
    }
    const stop = min(end, x + 16);
    for (; x < stop; x += 4) {
      const magnitude = load<u32>(x) & MAGNITUDE_MASK;
      if (magnitude >> known == prefix) count(histogram + (((magnitude >> shift) & 1023) << 2));
    }
  }
}

/**
 * Indices (from `base`) of the entries with |x| bits above `threshold`, and of the first that equal it, as many as the
 * u32 at `ties` says, which is counted down; in order. Returns how many were written.
 */
export function collectAbove(
  indices: usize,
  x: usize,
  length: usize,
  base: u32,
  threshold: u32,
  ties: usize,
): u32 {
  const start = indices;
  const mask = i32x4.splat(MAGNITUDE_MASK);
  const least = i32x4.splat(threshold);
  let i: usize = 0;
  while (i < length) {
    if (i + 4 <= length) {
      const magnitudes = v128.and(v128.load(x + (i << 2)), mask);
      if (!v128.any_true(i32x4.ge_s(magnitudes, least))) {
        i += 4;
        continue;
      }
    }
    const stop = min(length, i + 4);
    for (; i < stop; i++) {
      const magnitude = load<u32>(x + (i << 2)) & MAGNITUDE_MASK;
      if (magnitude < threshold) continue;
      if (magnitude == threshold) {
        const left = load<u32>(ties);
        if (left == 0) continue;
        store<u32>(ties, left - 1);
      }
      store<u32>(indices, base + <u32>i);
      indices += 4;
    }
  }
  return <u32>((indices - start) >> 2);
}
