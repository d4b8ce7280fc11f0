/**
 * The k entries of largest magnitude in O(d), ties to the lowest index. The bits of |x| as an integer order
 * float32 numbers as their values do, so a radix selection over 11 + 10 + 10 bits finds the exact k-th magnitude
 * with three histograms and no comparison sort; NaN must have been refused before.
 */

/** Bits of |x|: all but the sign. */
const MAGNITUDE_MASK = 0x7fffffff;
/** Digits of the 31-bit magnitude, most significant first. */
const DIGITS = [
  { shift: 20, bits: 11 },
  { shift: 10, bits: 10 },
  { shift: 0, bits: 10 },
];

/** The bit pattern of the k-th largest magnitude, and how many entries exceed it. */
function findThreshold(words: Uint32Array, count: number): { threshold: number; above: number } {
  let prefix = 0;
  let above = 0;
  for (const { shift, bits } of DIGITS) {
    const histogram = new Uint32Array(2 ** bits);
    const digitMask = 2 ** bits - 1;
    const knownShift = shift + bits;
    for (let i = 0; i < words.length; i++) {
      const magnitude = words[i] & MAGNITUDE_MASK;
      // `>>> 31` of a magnitude is 0 as is the empty prefix, so the first digit counts every entry.
      if (magnitude >>> knownShift === prefix) histogram[(magnitude >>> shift) & digitMask]++;
    }
    let digit = digitMask;
    while (above + histogram[digit] < count) above += histogram[digit--];
    prefix = prefix * 2 ** bits + digit;
  }
  return { threshold: prefix, above };
}

/** Indices of the `count` entries of largest |x|, ascending; `count` from 1 to values.length. */
export function selectTop(values: Float32Array, count: number): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const { threshold, above } = findThreshold(words, count);
  const chosen = new Uint32Array(count);
  let ties = count - above;
  let used = 0;
  for (let i = 0; used < count; i++) {
    const magnitude = words[i] & MAGNITUDE_MASK;
    if (magnitude > threshold || (magnitude === threshold && ties-- > 0)) chosen[used++] = i;
  }
  return chosen;
}
