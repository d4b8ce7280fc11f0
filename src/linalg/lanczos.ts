/**
 * The largest and the smallest eigenvalue of a large sparse symmetric operator A, given only by x -> A x, and the
 * eigenvector to the largest.
 *
 * Method: Lanczos (Parlett, The Symmetric Eigenvalue Problem, chapter 13). After k steps
 * A V = V T + beta_k v_{k+1} e_k^T, and an eigenpair (theta, s) of the k x k tridiagonal T has the residual
 * rho = beta_k |s_k|: A has an eigenvalue within rho of theta, and by Kato and Temple's theorem theta errs by at most
 * rho^2 / delta, delta the distance to the rest of the spectrum (ibid., section 11.7). That square is what makes a gap
 * of 1e-4 cheap: 1e-12 of it needs a residual of 1e-8 only. delta is taken from the next eigenvalue of T.
 *
 * The vectors are not reorthogonalized. Rounding then makes converged eigenvalues appear several times in T, but
 * moves none of them, and the residual bound still holds up to rounding (Paige 1980, "Accuracy and effectiveness
 * of the Lanczos algorithm", Linear Algebra Appl. 34); for two extreme values copies do no harm. In return memory is
 * three vectors and a step costs O(edges), where full reorthogonalization took over a minute at 100,000 nodes. An
 * eigenvector is put together in a second run over the same steps, whose T is known.
 *
 * A residual proves that an eigenvalue is near, not that it is the extreme one; that rests on the random start
 * vector, which holds a part of every eigenvector with probability one.
 */
import { assert } from '../base/assert.js';
import { gaussian, type Random } from '../base/random.js';
import { type TopPair, topPairOf } from './tridiagonal-top.js';

export interface SymmetricOperator {
  readonly size: number;
  /** out = A x; both hold `size` numbers and never overlap. */
  multiplyInto(out: Float64Array, x: Float64Array): void;
  /** Orthonormal eigenvectors to leave out. */
  readonly deflated: readonly Float64Array[];
}

export interface LanczosOptions {
  /** Draws the start vector. */
  readonly random: () => Random;
  /** Wanted accuracy of an eigenvalue, absolute. */
  readonly tolerance: (eigenvalue: number) => number;
  /** Most products with A, at least 1. */
  readonly maxSteps: number;
}

/** An end of the spectrum. */
export interface SpectrumEnd {
  readonly value: number;
  /** Estimate of |value - eigenvalue|: the smaller of the residual and its square over the separation in T. */
  readonly error: number;
}

export interface ExtremeEigenvalues {
  readonly largest: SpectrumEnd;
  readonly smallest: SpectrumEnd;
  /** False when `maxSteps` did not suffice. */
  readonly converged: boolean;
  /** Products with A. */
  readonly steps: number;
}

/** Steps before the first look at T, and the growth to the next: a look costs some 200 passes over T. */
const FIRST_LOOK = 8;
const LOOK_GROWTH = 1.05;

/** beta_k that counts as zero, times ||T||: the steps have exhausted what the start vector reaches. */
const EXHAUSTED = 1e-13;

/** Extreme eigenvalues of A on the complement of `deflated`, which must not be empty. */
export function extremeEigenvalues(operator: SymmetricOperator, options: LanczosOptions): ExtremeEigenvalues {
  return iterate(operator, options).found;
}

/**
 * Unit eigenvector to the largest eigenvalue on the complement of `deflated`, by twice the steps. The tolerance is the
 * eigenvalue's; the vector's error is about the root of tolerance over separation.
 */
export function topEigenvector(
  operator: SymmetricOperator,
  options: LanczosOptions,
): { readonly vector: Float64Array; readonly found: ExtremeEigenvalues } {
  const { found, top } = iterate(operator, options);
  const vector = new Float64Array(operator.size);
  const steps = createSteps(operator, options.random());
  for (let k = 0; k < found.steps; k++) {
    addScaledInto(vector, top.vector[k]!, steps.current);
    if (k + 1 < found.steps) steps.advance();
  }
  scaleInto(vector, 1 / Math.sqrt(dot(vector, vector)));
  return { vector, found };
}

function iterate(
  operator: SymmetricOperator,
  { random, tolerance, maxSteps }: LanczosOptions,
): { readonly found: ExtremeEigenvalues; readonly top: TopPair } {
  assert(
    operator.size > operator.deflated.length && maxSteps >= 1,
    'something is left after deflation, and a step is allowed',
  );
  const t: GrowingTridiagonal = {
    diagonal: new Float64Array(64),
    offDiagonal: new Float64Array(64),
    size: 0,
  };
  const steps = createSteps(operator, random());
  for (let due = FIRST_LOOK, scale = 0; ; ) {
    const { alpha, beta } = steps.advance();
    append(t, alpha, beta);
    scale = Math.max(scale, Math.abs(alpha), beta);
    const exhausted = beta <= EXHAUSTED * scale || t.size >= operator.size - operator.deflated.length;
    const near = beta <= tolerance(alpha); // no eigenvalue of T then errs by more
    if (t.size < due && t.size < maxSteps && !exhausted && !near) continue;
    due = Math.ceil(t.size * LOOK_GROWTH);
    const top = topPairOf(t);
    const largest = endOf(top, beta);
    const mirrored = endOf(topPairOf({ ...t, diagonal: t.diagonal.map((entry) => -entry) }), beta);
    const smallest = { value: -mirrored.value, error: mirrored.error };
    const close = ({ value, error }: SpectrumEnd): boolean => error <= tolerance(value);
    const converged = exhausted || (close(largest) && close(smallest));
    if (converged || t.size >= maxSteps)
      return { found: { largest, smallest, converged, steps: t.size }, top };
  }
}

function endOf({ value, next, vector }: TopPair, beta: number): SpectrumEnd {
  const residual = beta * Math.abs(vector[vector.length - 1]!);
  const separation = value - next;
  return { value, error: Math.min(residual, separation > 0 ? (residual * residual) / separation : residual) };
}

interface GrowingTridiagonal {
  diagonal: Float64Array;
  offDiagonal: Float64Array;
  size: number;
}

function append(t: GrowingTridiagonal, alpha: number, beta: number): void {
  if (t.size === t.diagonal.length) {
    const grown = (old: Float64Array): Float64Array => {
      const wider = new Float64Array(2 * old.length);
      wider.set(old);
      return wider;
    };
    t.diagonal = grown(t.diagonal);
    t.offDiagonal = grown(t.offDiagonal);
  }
  t.diagonal[t.size] = alpha;
  t.offDiagonal[t.size++] = beta;
}

interface LanczosSteps {
  /** v_k. */
  readonly current: Float64Array;
  /** From v_k to v_{k+1}: alpha_k = v_k . A v_k, beta_k = ||(A - alpha_k) v_k - beta_{k-1} v_{k-1}||. */
  advance(): { readonly alpha: number; readonly beta: number };
}

function createSteps(operator: SymmetricOperator, random: Random): LanczosSteps {
  const { size, deflated } = operator;
  let previous: Float64Array = new Float64Array(size);
  let current = startVector(operator, random);
  let next: Float64Array = new Float64Array(size);
  let last = 0;
  return {
    get current() {
      return current;
    },
    advance: () => {
      operator.multiplyInto(next, current);
      const alpha = dot(next, current);
      let squares = subtractTwoInto(next, { alpha, current, beta: last, previous });
      for (const unit of deflated) {
        // Or rounding would bring it back; twice where most of the vector goes, whose rest is rounding then.
        const before = squares;
        squares = removeInto(next, unit);
        if (squares < before / 2) squares = removeInto(next, unit);
      }
      const beta = Math.sqrt(squares);
      last = beta;
      scaleInto(next, beta === 0 ? 0 : 1 / beta);
      [previous, current, next] = [current, next, previous];
      return { alpha, beta };
    },
  };
}

/** A random unit vector orthogonal to the deflated ones. */
function startVector({ size, deflated }: SymmetricOperator, random: Random): Float64Array {
  const start = Float64Array.from({ length: size }, () => gaussian(random));
  for (const unit of [...deflated, ...deflated]) addScaledInto(start, -dot(start, unit), unit); // twice is enough
  scaleInto(start, 1 / Math.sqrt(dot(start, start)));
  return start;
}

interface TwoTerms {
  readonly alpha: number;
  readonly current: Float64Array;
  readonly beta: number;
  readonly previous: Float64Array;
}

/** x -= alpha current + beta previous; the result's ||x||^2. One pass, four sums so that no addition waits. */
function subtractTwoInto(x: Float64Array, { alpha, current, beta, previous }: TwoTerms): number {
  let [even, odd] = [0, 0];
  const pairs = x.length - (x.length % 2);
  for (let i = 0; i < pairs; i += 2) {
    const p = x[i]! - alpha * current[i]! - beta * previous[i]!;
    const q = x[i + 1]! - alpha * current[i + 1]! - beta * previous[i + 1]!;
    x[i] = p;
    x[i + 1] = q;
    even += p * p;
    odd += q * q;
  }
  for (let i = pairs; i < x.length; i++) {
    x[i] = x[i]! - alpha * current[i]! - beta * previous[i]!;
    even += x[i]! * x[i]!;
  }
  return even + odd;
}

/** Takes the part along `unit` out of x; the rest's ||x||^2. */
function removeInto(x: Float64Array, unit: Float64Array): number {
  const part = dot(x, unit);
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const rest = x[i]! - part * unit[i]!;
    x[i] = rest;
    squares += rest * rest;
  }
  return squares;
}

/** Four sums, so that no addition waits for the one before. */
function dot(x: Float64Array, y: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const fours = x.length - (x.length % 4);
  for (let i = 0; i < fours; i += 4) {
    a += x[i]! * y[i]!;
    b += x[i + 1]! * y[i + 1]!;
    c += x[i + 2]! * y[i + 2]!;
    d += x[i + 3]! * y[i + 3]!;
  }
  for (let i = fours; i < x.length; i++) a += x[i]! * y[i]!;
  return a + b + (c + d);
}

function addScaledInto(x: Float64Array, factor: number, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i]! += factor * y[i]!;
}

function scaleInto(x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}
