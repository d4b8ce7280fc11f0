/**
 * ln x of a positive float64, relative error below 1e-14: x = m 2^e with m in [0.7, 1.42), and the series of
 * 2 artanh((m - 1) / (m + 1)). The standard library's has tables, and this program may hold no data: its memory is
 * someone else's.
 */

const LN2: f64 = 0.6931471805599453;
const MANTISSA: u64 = 0x000fffffffffffff;
const ONE: u64 = 0x3ff0000000000000;

export function logarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <f64>(<i64>(bits >> 52) - 1023);
  let m = reinterpret<f64>((bits & MANTISSA) | ONE);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const q = s * s;
  let sum: f64 = 0;
  for (let power = 19; power >= 1; power -= 2) sum = sum * q + 1 / <f64>power;
  return exponent * LN2 + 2 * s * sum;
}
