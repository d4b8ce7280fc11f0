/**
 * a b + c. Where the engine has relaxed SIMD this is one fused instruction, twice as fast as two; results then differ
 * between machines in the last bit, which training does not mind and nothing that is exchanged depends on.
 */

// @ts-expect-error: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
