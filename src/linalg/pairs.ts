/**
 * What consensus does with two vectors, to the bit the same everywhere: by a kernel where both lie in its memory
 * (vectors.ts), else in plain arithmetic. Copying them in would cost more than it saves.
 */
import type { Kernels } from './kernels.js';
import { kernelsHolding } from './vectors.js';

function kernelsHoldingAll(...vectors: readonly Float32Array[]): Kernels | null {
  const engine = kernelsHolding(vectors[0]!);
  return engine !== null && vectors.every((vector) => engine.holds(vector)) ? engine : null;
}

/** out = factor (x - y), entry by entry: in float64, rounded once to float32. */
export function scaledDifferenceInto(
  out: Float32Array,
  { x, y }: { readonly x: Float32Array; readonly y: Float32Array },
  factor: number,
): void {
  const engine = kernelsHoldingAll(out, x, y);
  if (engine === null) for (let i = 0; i < out.length; i++) out[i] = factor * (x[i]! - y[i]!);
  else engine.run.scaleDifference(out.byteOffset, x.byteOffset, y.byteOffset, out.length, factor);
}

/** target += sign x values, with sign +1 or -1. */
export function addSignedInto(target: Float32Array, values: Float32Array, sign: 1 | -1): void {
  const engine = kernelsHoldingAll(target, values);
  if (engine !== null) engine.run.addVector(target.byteOffset, values.byteOffset, target.length, sign < 0);
  else if (sign === 1) for (let i = 0; i < target.length; i++) target[i]! += values[i]!;
  else for (let i = 0; i < target.length; i++) target[i]! -= values[i]!;
}

/**
 * out = factor (high - low) as scaledDifferenceInto has it; then low += out, high -= out. Three passes in one, since
 * vectors of a model's length come from beyond the second-level cache each time.
 */
export function mirrorDifferenceInto(
  out: Float32Array,
  { low, high }: { readonly low: Float32Array; readonly high: Float32Array },
  factor: number,
): void {
  const engine = kernelsHoldingAll(out, low, high);
  if (engine !== null) {
    engine.run.mirrorDifference(out.byteOffset, low.byteOffset, high.byteOffset, out.length, factor);
    return;
  }
  scaledDifferenceInto(out, { x: high, y: low }, factor);
  addSignedInto(low, out, 1);
  addSignedInto(high, out, -1);
}

/** ||x - y||^2 in float64, of differences that are rounded to float32 where both lie in kernels' memory. */
export function squaredDistance(x: Float32Array, y: Float32Array): number {
  const engine = kernelsHoldingAll(x, y);
  if (engine !== null) return engine.run.squaredDistance(x.byteOffset, y.byteOffset, x.length);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i]! - y[i]!) ** 2;
  return sum;
}

/** Sum of squares in float64, of a vector in kernels' memory up to a few 1e-7 of it. */
export function sumOfSquares(values: Float32Array): number {
  const engine = kernelsHolding(values);
  if (engine !== null) return engine.run.energyOf(values.byteOffset, values.length);
  return sumOfSquaresInOrder(values);
}

/** Sum of squares in float64 in one fixed order: the same bits on any machine, for what two ends must agree on. */
export function sumOfSquaresInOrder(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * values[i]!;
    b += values[i + 1]! * values[i + 1]!;
    c += values[i + 2]! * values[i + 2]!;
    d += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * values[i]!;
  return a + b + (c + d);
}
