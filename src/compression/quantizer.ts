/**
 * Symmetric rounding to b-bit integers, shared by all operators that quantize:
 *
 *     L = 2^(b-1) - 1,   s = max|x| / L as float32,   code = round(x / s) in -L .. L,   value = code * s
 *
 * Rounding is to nearest, halves away from zero, so that C(-x) = -C(x). Zero is a code, so |x - value| <= |x|: a
 * rounded number is never farther from the truth than zero is (apart from scales in the subnormal range, where
 * float32 itself runs out of digits). Four-bit codes travel two a byte, the earlier one in the low half.
 */
import { type BlockShape, MAX_FLOAT32, refuseValue } from './operator.js';

/** Largest code of `bits` bits: 7 for 4, 127 for 8. The most negative code, -L - 1, is not used. */
export function levelsOf(bits: number): number {
  return 2 ** (bits - 1) - 1;
}

/** The float32 scale for magnitudes up to `max`, a finite number; `levels` times it stays a float32. */
export function scaleFor(max: number, levels: number): number {
  const scale = Math.fround(max / levels);
  return scale * levels > MAX_FLOAT32 && max <= MAX_FLOAT32 ? Math.fround(scale * (1 - 2 ** -23)) : scale;
}

/** The code of `value` for `scale`; 0 for a scale of 0. */
export function roundToCode(value: number, scale: number, levels: number): number {
  if (scale === 0) return 0;
  const steps = value / scale;
  if (steps >= levels) return levels;
  if (steps <= -levels) return -levels;
  return (steps + (steps < 0 ? -0.5 : 0.5)) | 0; // truncates; |steps| <= 127
}

/** Bytes of `count` codes of 4 or 8 bits. */
export function codeBytes(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** Packs signed codes of 4 or 8 bits. */
export function packCodes(codes: Int8Array, bits: number): Uint8Array {
  if (bits === 8) return new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
  const packed = new Uint8Array(codeBytes(codes.length, bits));
  for (let i = 0; i < codes.length; i++) packed[i >> 1] |= (codes[i] & 15) << ((i & 1) << 2);
  return packed;
}

/** Reverses packCodes: out[i] = the i-th code of `packed`. */
export function unpackCodesInto(out: Int8Array, packed: Uint8Array, bits: number): void {
  if (bits === 8) {
    for (let i = 0; i < out.length; i++) out[i] = packed[i];
    return;
  }
  for (let i = 0; i < out.length; i++) out[i] = (packed[i >> 1] << (28 - ((i & 1) << 2))) >> 28;
}

/** Refuses a scale that is negative, not finite, or that times `levels` leaves float32. */
export function checkScale(block: BlockShape, scale: number, levels: number): void {
  if (scale >= 0 && scale * levels <= MAX_FLOAT32) return;
  refuseValue(block, `got the scale ${scale}, wanted a number from 0 to ${MAX_FLOAT32 / levels}`);
}

/** Refuses the code -L - 1, which no encoder writes, and padding that is not zero. */
export function checkCodes(
  block: BlockShape,
  packed: Uint8Array,
  form: { bits: number; count: number },
): void {
  if (form.bits === 8 && packed.includes(0x80))
    refuseValue(block, 'got the byte 128, which no 8-bit code uses');
  for (let i = 0; form.bits === 4 && i < packed.length; i++) {
    const unused = (packed[i] & 0x0f) === 0x08 || (packed[i] & 0xf0) === 0x80;
    if (unused) refuseValue(block, `got the byte ${packed[i]}, which no 4-bit code uses`);
  }
  if (form.bits === 4 && form.count % 2 === 1 && packed[packed.length - 1] >> 4 !== 0) {
    refuseValue(block, 'the padding after the last 4-bit code is not zero');
  }
}
