/**
 * The largest and the smallest eigenvalue of a large sparse symmetric operator A, given only by x -> A x.
 *
 * Method: Lanczos (Parlett, The Symmetric Eigenvalue Problem, chapter 13). After k steps
 * A V = V T + beta_k v_{k+1} e_k^T, and an eigenpair (theta, s) of the k x k tridiagonal T has the residual
 * beta_k |s_k|: A has an eigenvalue within that distance of theta, and theta's true error is about the residual's
 * square over the distance to the next eigenvalue.
 *
 * The vectors are not reorthogonalized. Rounding then makes converged eigenvalues appear several times in T, but
 * moves none of them, and the residual bound still holds up to rounding (Paige 1980, "Accuracy and effectiveness
 * of the Lanczos algorithm", Linear Algebra Appl. 34); for two extreme values copies do no harm. In return memory is
 * three vectors and a step costs O(edges), where full reorthogonalization took over a minute at 100,000 nodes.
 *
 * A residual proves that an eigenvalue is near, not that it is the extreme one; that rests on the random start
 * vector, which holds a part of every eigenvector with probability one.
 */
import { assert } from '../base/assert.js';
import { gaussian, type Random } from '../base/random.js';
import { diagonalizeInto } from './symmetric-eigenvalues.js';

export interface SymmetricOperator {
  readonly size: number;
  /** out = A x; both hold `size` numbers and never overlap. */
  multiplyInto(out: Float64Array, x: Float64Array): void;
  /** Orthonormal eigenvectors to leave out. */
  readonly deflated: readonly Float64Array[];
}

export interface LanczosOptions {
  /** Draws the start vector. */
  readonly random: Random;
  /** Wanted residual, absolute; choose it relative to ||A||. */
  readonly tolerance: number;
  /** Most products with A, at least 1. The tridiagonal problems cost O(maxSteps^2) on top. */
  readonly maxSteps: number;
}

export interface ExtremeEigenvalues {
  readonly largest: number;
  readonly smallest: number;
  /** Larger of the two residuals; above the tolerance when `maxSteps` did not suffice. */
  readonly residual: number;
  /** Products with A. */
  readonly steps: number;
}

/** Steps before the first look at T, and the growth to the next: a look costs O(steps^2). */
const FIRST_LOOK = 8;
const LOOK_GROWTH = 1.2;

/** Extreme eigenvalues of A on the complement of `deflated`, which must not be empty. */
export function extremeEigenvalues(operator: SymmetricOperator, options: LanczosOptions): ExtremeEigenvalues {
  const { size, deflated } = operator;
  assert(
    size > deflated.length && options.maxSteps >= 1,
    'something is left after deflation, and a step is allowed',
  );
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let previous: Float64Array = new Float64Array(size);
  let current = startVector(operator, options.random);
  let next: Float64Array = new Float64Array(size);
  for (let norm = 0, due = FIRST_LOOK; ; ) {
    operator.multiplyInto(next, current);
    subtractInto(next, norm, previous);
    diagonal.push(dot(next, current));
    subtractInto(next, diagonal[diagonal.length - 1]!, current);
    for (const unit of deflated) subtractInto(next, dot(next, unit), unit); // or rounding would bring it back
    norm = Math.sqrt(dot(next, next));
    const steps = diagonal.length;
    if (steps >= due || steps === options.maxSteps || norm <= options.tolerance) {
      const found = ritzExtremes(diagonal, offDiagonal, norm);
      if (found.residual <= options.tolerance || steps === options.maxSteps) return { ...found, steps };
      due = Math.ceil(steps * LOOK_GROWTH);
    }
    offDiagonal.push(norm);
    scaleInto(next, 1 / norm);
    [previous, current, next] = [current, next, previous];
  }
}

/** A random unit vector orthogonal to the deflated ones. */
function startVector({ size, deflated }: SymmetricOperator, random: Random): Float64Array {
  const start = Float64Array.from({ length: size }, () => gaussian(random));
  for (const unit of [...deflated, ...deflated]) subtractInto(start, dot(start, unit), unit); // twice is enough
  scaleInto(start, 1 / Math.sqrt(dot(start, start)));
  return start;
}

/** Extreme eigenvalues of T and the larger of their residuals; `norm` is beta_k. */
function ritzExtremes(diagonal: readonly number[], offDiagonal: readonly number[], norm: number) {
  const values = Float64Array.from(diagonal);
  const lastEntries = new Float64Array(values.length);
  lastEntries[values.length - 1] = 1;
  diagonalizeInto({ diagonal: values, offDiagonal: Float64Array.from(offDiagonal) }, lastEntries);
  let top = 0;
  let bottom = 0;
  for (let i = 1; i < values.length; i++) {
    if (values[i]! > values[top]!) top = i;
    if (values[i]! < values[bottom]!) bottom = i;
  }
  const residual = norm * Math.max(Math.abs(lastEntries[top]!), Math.abs(lastEntries[bottom]!));
  return { largest: values[top]!, smallest: values[bottom]!, residual };
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

function subtractInto(x: Float64Array, factor: number, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i]! -= factor * y[i]!;
}

function scaleInto(x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}
