/** Sign bits, eight to a byte, the earlier in the lower bit: a set bit is a number below 0. */

// @ts-ignore: decorator
@inline
function belowZero(x: usize): u32 {
  return i32x4.bitmask(f32x4.lt(v128.load(x), f32x4.splat(0)));
}

/** Packs `count` signs; the last byte is filled up with zeros. */
export function packSigns(bits: usize, x: usize, count: usize): void {
  const end = x + (count << 2);
  const vectors = x + ((count & ~63) << 2);
  while (x < vectors) {
    let word: u64 = 0;
    for (let k: u32 = 0; k < 64; k += 16) {
      const low = belowZero(x) | (belowZero(x + 16) << 4);
      const high = belowZero(x + 32) | (belowZero(x + 48) << 4);
      word |= (<u64>(low | (high << 8))) << k;
      x += 64;
    }
    store<u64>(bits, word);
    bits += 8;
  }
  while (x < end) {
    let byte: u32 = 0;
    for (let k: u32 = 0; k < 8 && x < end; k++, x += 4) byte |= u32(load<f32>(x) < 0) << k;
    store<u8>(bits, <u8>byte);
    bits++;
  }
}

/** out[i] = float32(out[i] + scale), or - scale where the bit is set. */
export function addSigns(out: usize, bits: usize, count: usize, scale: f32): void {
  const end = out + (count << 2);
  const vectors = out + ((count & ~7) << 2);
  const s = f32x4.splat(scale);
  const lower = i32x4(1, 2, 4, 8);
  const upper = i32x4(16, 32, 64, 128);
  const sign = i32x4.splat(0x80000000);
  for (; out < vectors; out += 32, bits++) {
    const byte = i32x4.splat(<i32>load<u8>(bits));
    const first = v128.and(i32x4.eq(v128.and(byte, lower), lower), sign);
    const second = v128.and(i32x4.eq(v128.and(byte, upper), upper), sign);
    v128.store(out, f32x4.add(v128.load(out), v128.xor(s, first)));
    v128.store(out, f32x4.add(v128.load(out, 16), v128.xor(s, second)), 16);
  }
  for (let k: u32 = 0; out < end; k++, out += 4) {
    const negative = (load<u8>(bits) >> (k as u8)) & 1;
    store<f32>(out, load<f32>(out) + (negative ? -scale : scale));
  }
}

/** Sum of |x| in float64, two lanes at a time. */
export function magnitudeSum(x: usize, count: usize): f64 {
  const end = x + (count << 2);
  const vectors = x + ((count & ~3) << 2);
  let a = f64x2.splat(0);
  let b = a;
  for (; x < vectors; x += 16) {
    const v = f32x4.abs(v128.load(x));
    a = f64x2.add(a, f64x2.promote_low_f32x4(v));
    b = f64x2.add(
      b,
      f64x2.promote_low_f32x4(
        i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
      ),
    );
  }
  const sum = f64x2.add(a, b);
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; x < end; x += 4) total += <f64>abs<f32>(load<f32>(x));
  return total;
}
