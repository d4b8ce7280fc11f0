/**
 * Activations, four numbers an instruction. y = f(x + bias) in place, and the gradient times f', which is a function
 * of y for most; gelu, swish and softplus read the x that was kept. Counts are padded by the caller to whole vectors
 * where rows are not: every buffer has room for that.
 */
import { exponential, hyperbolicTangent, logistic } from './exponential';

export const LINEAR: i32 = 0;
const RELU: i32 = 1;
const RELU6: i32 = 2;
const LEAKY_RELU: i32 = 3;
const ELU: i32 = 4;
const SELU: i32 = 5;
const GELU: i32 = 6;
const SWISH: i32 = 7;
const TANH: i32 = 8;
const SIGMOID: i32 = 9;
const SOFTPLUS: i32 = 10;

/** Keras' slope. */
const LEAK: f32 = 0.3;
/** Klambauer et al. 2017, section 2. */
const SELU_ALPHA: f32 = 1.6732632423543772;
const SELU_SCALE: f32 = 1.0507009873554805;
/** 1 / sqrt(2) and 1 / sqrt(2 pi). */
const HALF_ROOT: f32 = 0.7071067811865476;
const DENSITY: f32 = 0.3989422804014327;

// @ts-expect-error: decorator
@inline
function choose(yes: v128, no: v128, mask: v128): v128 {
  return v128.bitselect(yes, no, mask);
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), the logarithm by its series in s = t / (t + 2). */
// @ts-expect-error: decorator
@inline
function softplus(x: v128): v128 {
  const zero = f32x4.splat(0);
  const t = exponential(f32x4.neg(f32x4.abs(x)));
  const s = f32x4.div(t, f32x4.add(t, f32x4.splat(2)));
  const q = f32x4.mul(s, s);
  let sum = f32x4.splat(2.0 / 13.0);
  sum = f32x4.add(f32x4.mul(sum, q), f32x4.splat(2.0 / 11.0));
  sum = f32x4.add(f32x4.mul(sum, q), f32x4.splat(2.0 / 9.0));
  sum = f32x4.add(f32x4.mul(sum, q), f32x4.splat(2.0 / 7.0));
  sum = f32x4.add(f32x4.mul(sum, q), f32x4.splat(2.0 / 5.0));
  sum = f32x4.add(f32x4.mul(sum, q), f32x4.splat(2.0 / 3.0));
  sum = f32x4.add(f32x4.mul(sum, q), f32x4.splat(2));
  return f32x4.add(f32x4.max(x, zero), f32x4.mul(sum, s));
}

/**
 * The normal distribution's function of x, (1 + erf(x / sqrt 2)) / 2, from e = e^(-x^2 / 2): Abramowitz and Stegun
 * 1964, 7.1.26, off by less than 8e-8.
 */
// @ts-expect-error: decorator
@inline
function normal(x: v128, e: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.mul(f32x4.abs(x), f32x4.splat(HALF_ROOT));
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(f32x4.splat(0.3275911), size)));
  let sum = f32x4.splat(1.061405429);
  sum = f32x4.add(f32x4.mul(sum, t), f32x4.splat(-1.453152027));
  sum = f32x4.add(f32x4.mul(sum, t), f32x4.splat(1.421413741));
  sum = f32x4.add(f32x4.mul(sum, t), f32x4.splat(-0.284496736));
  sum = f32x4.add(f32x4.mul(sum, t), f32x4.splat(0.254829592));
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(sum, t), e), f32x4.splat(0.5));
  return choose(f32x4.sub(one, tail), tail, f32x4.gt(x, f32x4.splat(0)));
}

/** e^(-x^2 / 2) */
// @ts-expect-error: decorator
@inline
function bell(x: v128): v128 {
  return exponential(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

// @ts-expect-error: decorator
@inline
function apply(kind: i32, x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (kind == RELU) return f32x4.max(x, zero);
  if (kind == RELU6) return f32x4.min(f32x4.max(x, zero), f32x4.splat(6));
  if (kind == LEAKY_RELU) return choose(x, f32x4.mul(x, f32x4.splat(LEAK)), f32x4.gt(x, zero));
  if (kind == ELU) return choose(x, f32x4.sub(exponential(x), one), f32x4.gt(x, zero));
  if (kind == SELU) {
    const low = f32x4.mul(f32x4.splat(SELU_ALPHA), f32x4.sub(exponential(x), one));
    return f32x4.mul(f32x4.splat(SELU_SCALE), choose(x, low, f32x4.gt(x, zero)));
  }
  if (kind == GELU) return f32x4.mul(x, normal(x, bell(x)));
  if (kind == SWISH) return f32x4.mul(x, logistic(x));
  if (kind == TANH) return hyperbolicTangent(x);
  if (kind == SIGMOID) return logistic(x);
  if (kind == SOFTPLUS) return softplus(x);
  return x;
}

/** f'(x), from y = f(x) or from x for the kinds that keep it. */
// @ts-expect-error: decorator
@inline
function slope(kind: i32, y: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (kind == RELU) return v128.and(one, f32x4.gt(y, zero));
  if (kind == RELU6) return v128.and(one, v128.and(f32x4.gt(y, zero), f32x4.lt(y, f32x4.splat(6))));
  if (kind == LEAKY_RELU) return choose(one, f32x4.splat(LEAK), f32x4.gt(y, zero));
  if (kind == ELU) return choose(one, f32x4.add(y, one), f32x4.gt(y, zero));
  if (kind == SELU) {
    const low = f32x4.add(y, f32x4.splat(SELU_SCALE * SELU_ALPHA));
    return choose(f32x4.splat(SELU_SCALE), low, f32x4.gt(y, zero));
  }
  if (kind == TANH) return f32x4.sub(one, f32x4.mul(y, y));
  if (kind == SIGMOID) return f32x4.mul(y, f32x4.sub(one, y));
  if (kind == SOFTPLUS) return logistic(y);
  if (kind == SWISH) {
    const s = logistic(y);
    return f32x4.mul(s, f32x4.add(one, f32x4.mul(y, f32x4.sub(one, s))));
  }
  if (kind == GELU) {
    const e = bell(y);
    return f32x4.add(normal(y, e), f32x4.mul(y, f32x4.mul(e, f32x4.splat(DENSITY))));
  }
  return one;
}

/** values = f(values), `count` numbers rounded up to a vector; before that copied to `kept` unless it is 0. */
export function activate(values: usize, count: i32, kind: i32, kept: usize): void {
  const end = values + ((<usize>count + 3) & ~3) * 4;
  if (kept != 0) memory.copy(kept, values, end - values);
  if (kind == RELU) {
    const zero = f32x4.splat(0);
    for (; values < end; values += 16) v128.store(values, f32x4.max(v128.load(values), zero));
    return;
  }
  for (; values < end; values += 16) v128.store(values, apply(kind, v128.load(values)));
}

/** gradient *= f'; `from` holds y, or x for the kinds that keep it. */
export function activationGradient(gradient: usize, from: usize, count: i32, kind: i32): void {
  const end = gradient + ((<usize>count + 3) & ~3) * 4;
  if (kind == RELU) {
    const zero = f32x4.splat(0);
    for (; gradient < end; gradient += 16, from += 16) {
      v128.store(gradient, v128.and(v128.load(gradient), f32x4.gt(v128.load(from), zero)));
    }
    return;
  }
  for (; gradient < end; gradient += 16, from += 16) {
    v128.store(gradient, f32x4.mul(v128.load(gradient), slope(kind, v128.load(from))));
  }
}
