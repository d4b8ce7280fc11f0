/** Selection of the largest magnitudes: histogram of digits of |x|, then gather (src/compression/select-top.ts). */

const MAGNITUDE_MASK: u32 = 0x7fffffff;

/**
 * histogram[digit]++ for the entries whose bits above the digit are `prefix`. The digit is bits `shift` to
 * shift + bits - 1 of |x|. The histogram holds u32 counts and is added to.
 */
export function countDigits(
  histogram: usize,
  x: usize,
  count: usize,
  shift: u32,
  bits: u32,
  prefix: u32,
): void {
  const end = x + (count << 2);
  const mask: u32 = (1 << bits) - 1;
  const known = shift + bits;
  if (known == 31) {
    for (; x < end; x += 4) {
      const slot = histogram + (((load<u32>(x) & MAGNITUDE_MASK) >> shift) << 2);
      store<u32>(slot, load<u32>(slot) + 1);
    }
    return;
  }
  for (; x < end; x += 4) {
    const magnitude = load<u32>(x) & MAGNITUDE_MASK;
    if (magnitude >> known == prefix) {
      const slot = histogram + (((magnitude >> shift) & mask) << 2);
      store<u32>(slot, load<u32>(slot) + 1);
    }
  }
}

/**
 * Indices (from `base`) of the entries with |x| bits above `threshold`, and of the first `ties` that equal it, in
 * order; returns how many were written. Vectors of four without a candidate are skipped by one comparison.
 */
export function collectAbove(
  indices: usize,
  x: usize,
  count: usize,
  base: u32,
  threshold: u32,
  ties: u32,
): u32 {
  const start = indices;
  const mask = i32x4.splat(MAGNITUDE_MASK);
  const least = i32x4.splat(threshold);
  let i: usize = 0;
  while (i < count) {
    if (i + 4 <= count) {
      const magnitudes = v128.and(v128.load(x + (i << 2)), mask);
      if (!v128.any_true(i32x4.ge_s(magnitudes, least))) {
        i += 4;
        continue;
      }
    }
    const stop = min(count, i + 4);
    for (; i < stop; i++) {
      const magnitude = load<u32>(x + (i << 2)) & MAGNITUDE_MASK;
      if (magnitude < threshold) continue;
      if (magnitude == threshold) {
        if (ties == 0) continue;
        ties--;
      }
      store<u32>(indices, base + <u32>i);
      indices += 4;
    }
  }
  return <u32>((indices - start) >> 2);
}
