/**
 * IEEE 754 half precision (binary16): 1 sign, 5 exponent and 10 fraction bits. Numbers from 2^-14 to 65504 have 11
 * significant bits, below that multiples of 2^-24. Rounding is to nearest, ties to even, straight from float64:
 * a detour through float32 would round twice. Reading is exact. Node 20 has no Math.f16round and no Float16Array.
 */

/** Largest finite half. */
export const MAX_HALF = 65504;
/** From here on a number rounds to infinity: halfway between MAX_HALF and the 2^16 that does not exist. */
const OVERFLOW = 65520;
/** Exponent of the smallest normal half; below it the quantum no longer shrinks. */
const SMALLEST_EXPONENT = -14;
const INFINITY_BITS = 0x7c00;
const SIGN_BIT = 0x8000;

/** 2^(e - 25) for each biased exponent e > 0: the weight of the last bit of a fraction. Powers of two are exact. */
const QUANTA = Float64Array.from({ length: 31 }, (_, e) => 2 ** (Math.max(e, 1) - 25));

const scratch = new DataView(new ArrayBuffer(8));

/** floor(log2(magnitude)) of a positive normal float64, from its bits. */
function exponentOf(magnitude: number): number {
  scratch.setFloat64(0, magnitude);
  return (scratch.getUint16(0) >>> 4) - 1023;
}

/** The bits of the half nearest to `value`, which is not NaN; ties go to the even one, 65520 and more to infinity. */
export function toHalfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? SIGN_BIT : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= OVERFLOW) return sign | INFINITY_BITS;
  const exponent = Math.max(exponentOf(magnitude), SMALLEST_EXPONENT);
  const quanta = magnitude / 2 ** (exponent - 10);
  const whole = Math.floor(quanta);
  const rest = quanta - whole;
  const rounded = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
  // A subnormal's quanta are its bits; a normal number brings its hidden bit along, and a carry moves the exponent.
  return sign | (((exponent - SMALLEST_EXPONENT) << 10) + rounded);
}

/** The number that `bits` stand for; infinite or NaN when all exponent bits are set. */
export function fromHalfBits(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & SIGN_BIT ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction : 1024 + fraction) * QUANTA[exponent];
}

/**
 * The power of two that brings `max`, a positive float32, to 2^14 .. 2^15, where halves are finest and no rounding
 * overflows; at least 2^-149, the smallest float32, and 0 for 0.
 */
export function halfScaleFor(max: number): number {
  return max === 0 ? 0 : 2 ** Math.max(exponentOf(max) - 14, -149);
}
