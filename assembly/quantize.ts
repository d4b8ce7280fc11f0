/**
 * Rounding to b-bit codes (src/compression/quantizer.ts) and back. The division and the rounding are done in
 * float64, as in the twin, so that both give the same codes.
 */

const MAX_FLOAT32: f64 = 3.4028234663852886e38;
/** 1 - 2^-23: the next smaller scale where the largest code would leave float32. */
const STEP_DOWN: f64 = 1 - 1.0 / 8388608.0;
const MAGNITUDE_MASK: u32 = 0x7fffffff;

/** trunc(clip(steps) +- 0.5) of value / scale: halves away from zero. */
// @ts-expect-error: decorator
@inline
function codeOf(value: f64, scale: f64, levels: f64): i32 {
  const steps = max<f64>(-levels, min<f64>(levels, value / scale));
  return <i32>trunc<f64>(steps + copysign<f64>(0.5, steps));
}

// @ts-expect-error: decorator
@inline
function pairOfCodes(values: v128, scale: v128, levels: v128): v128 {
  const steps = f64x2.max(f64x2.neg(levels), f64x2.min(levels, f64x2.div(f64x2.promote_low_f32x4(values), scale)));
  const half = v128.or(f64x2.splat(0.5), v128.and(f64x2.splat(-0.0), steps));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(steps, half));
}

function magnitudeOf(values: usize, count: usize): f32 {
  const end = values + (count << 2);
  const vectors = values + ((count & ~3) << 2);
  const mask = i32x4.splat(MAGNITUDE_MASK);
  let largest = i32x4.splat(0);
  for (; values < vectors; values += 16) largest = i32x4.max_u(largest, v128.and(v128.load(values), mask));
  let top = max<u32>(
    max<u32>(i32x4.extract_lane(largest, 0), i32x4.extract_lane(largest, 1)),
    max<u32>(i32x4.extract_lane(largest, 2), i32x4.extract_lane(largest, 3)),
  );
  for (; values < end; values += 4) top = max(top, load<u32>(values) & MAGNITUDE_MASK);
  return reinterpret<f32>(top);
}

function quantizeRun(codes: usize, values: usize, count: usize, scale: f64, levels: f64): void {
  const end = codes + count;
  const vectors = codes + (count & ~3);
  const s = f64x2.splat(scale);
  const l = f64x2.splat(levels);
  for (; codes < vectors; codes += 4, values += 16) {
    const v = v128.load(values);
    const low = pairOfCodes(v, s, l);
    const high = pairOfCodes(i64x2.shuffle(v, v, 1, 1), s, l);
    store<i32>(codes, i32x4.extract_lane(i8x16.shuffle(low, high, 0, 4, 16, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0));
  }
  for (; codes < end; codes++, values += 4) store<i8>(codes, <i8>codeOf(<f64>load<f32>(values), scale, levels));
}

/** For each run of `run` float32 values: a float32 scale, max|x| / levels, and the signed bytes round(x / scale). */
export function quantizeRuns(codes: usize, scales: usize, values: usize, count: usize, run: usize, levels: f64): void {
  while (count > 0) {
    const length = min(run, count);
    let scale = <f32>(<f64>magnitudeOf(values, length) / levels);
    if (<f64>scale * levels > MAX_FLOAT32) scale = <f32>(<f64>scale * STEP_DOWN);
    store<f32>(scales, scale);
    if (scale == 0) memory.fill(codes, 0, length);
    else quantizeRun(codes, values, length, <f64>scale, levels);
    codes += length;
    values += length << 2;
    scales += 4;
    count -= length;
  }
}

/** Float64 values to signed bytes round(x / scale) and to float32(code * scale), which is what a receiver reads. */
export function quantizeFactor(codes: usize, values: usize, count: usize, scale: f64, levels: f64): void {
  const end = codes + count;
  for (; codes < end; codes++, values += 8) {
    const code = scale == 0 ? 0 : codeOf(load<f64>(values), scale, levels);
    store<i8>(codes, <i8>code);
    store<f64>(values, <f64>(<f32>(<f64>code * scale)));
  }
}

/** single[i] = values[i] = float32(values[i]) of float64 values. */
export function roundFactor(single: usize, values: usize, count: usize): void {
  const end = values + (count << 3);
  const vectors = values + ((count & ~1) << 3);
  for (; values < vectors; values += 16, single += 8) {
    const rounded = f32x4.demote_f64x2_zero(v128.load(values));
    v128.store64_lane(single, rounded, 0);
    v128.store(values, f64x2.promote_low_f32x4(rounded));
  }
  if (values < end) {
    const rounded = <f32>load<f64>(values);
    store<f32>(single, rounded);
    store<f64>(values, <f64>rounded);
  }
}

function addRun(out: usize, codes: usize, count: usize, scale: f32): void {
  const s = f32x4.splat(scale);
  const end = codes + count;
  const vectors = codes + (count & ~3);
  for (; codes < vectors; codes += 4, out += 16) {
    const words = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(codes)));
    v128.store(out, f32x4.add(v128.load(out), f32x4.mul(f32x4.convert_i32x4_s(words), s)));
  }
  for (; codes < end; codes++, out += 4) store<f32>(out, load<f32>(out) + <f32>(<i32>load<i8>(codes)) * scale);
}

/** out[i] = float32(out[i] + float32(code[i] * scale of its run)): the inverse of quantizeRuns, added. */
export function addRuns(out: usize, codes: usize, scales: usize, count: usize, run: usize): void {
  while (count > 0) {
    const length = min(run, count);
    addRun(out, codes, length, load<f32>(scales));
    codes += length;
    out += length << 2;
    scales += 4;
    count -= length;
  }
}
