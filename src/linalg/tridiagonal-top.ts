/**
 * The largest eigenvalue of a symmetric tridiagonal matrix T with its eigenvector, in O(n): what a Lanczos iteration
 * asks of its T again and again, and where all n eigenvalues would cost O(n^2).
 *
 * Values by bisection: the pivots of T - x I = L D L^T are d_1 = a_1 - x, d_j = a_j - x - b_{j-1}^2 / d_{j-1}, and as
 * many of them are positive as T has eigenvalues above x (Sylvester's law of inertia; Golub and Van Loan, Matrix
 * Computations, 4th ed., section 8.4.1). The vector by inverse iteration just above the eigenvalue, where x I - T is
 * positive definite and needs no pivoting (ibid., section 8.2.2).
 */
import { assert } from '../base/assert.js';

/** The leading n x n part of a tridiagonal matrix: n of `diagonal`, n - 1 of `offDiagonal`; more may follow. */
export interface LeadingTridiagonal {
  readonly size: number;
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
}

export interface TopPair {
  readonly value: number;
  /** The next eigenvalue; equal to `value` where that is a double one, -Infinity where there is no other. */
  readonly next: number;
  /** Unit eigenvector to `value`, `size` numbers. */
  readonly vector: Float64Array;
}

/** Halvings of an interval of length 4 ||T||: it ends at neighboring numbers, or at 1e-19 beside zero. */
const MAX_HALVINGS = 66;

/** Stands for zero where it is divided by: its inverse, times numbers of order 1, is finite. */
const LEAST_PIVOT = 2 ** -1000;

/** Inverse iterations: each multiplies what is not the eigenvector by about 1e-16 over its separation. */
const INVERSE_ITERATIONS = 3;

/** Largest eigenvalue, the one below it and the eigenvector; `size` at least 1. */
export function topPairOf(matrix: LeadingTridiagonal): TopPair {
  const { size } = matrix;
  assert(size >= 1 && matrix.diagonal.length >= size && matrix.offDiagonal.length >= size - 1, 'T has a row');
  const bound = normBound(matrix);
  assert(Number.isFinite(bound), 'T is finite');
  const value = upperEnd(matrix, 1, bound);
  const next = size === 1 ? Number.NEGATIVE_INFINITY : upperEnd(matrix, 2, bound);
  return { value, next, vector: vectorAbove(matrix, value + 4 * Number.EPSILON * bound, bound) };
}

/** Largest row sum of |T|. */
function normBound({ size, diagonal, offDiagonal }: LeadingTridiagonal): number {
  let bound = 0;
  for (let j = 0; j < size; j++) {
    const left = j === 0 ? 0 : Math.abs(offDiagonal[j - 1]!);
    const right = j === size - 1 ? 0 : Math.abs(offDiagonal[j]!);
    bound = Math.max(bound, left + Math.abs(diagonal[j]!) + right);
  }
  return bound;
}

/** The `rank`-th largest eigenvalue, from above: not more than `rank` - 1 eigenvalues exceed it. */
function upperEnd(matrix: LeadingTridiagonal, rank: number, bound: number): number {
  let low = -bound * (1 + 4 * Number.EPSILON) - Number.MIN_VALUE;
  let high = -low;
  for (let halving = 0; halving < MAX_HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (exceeds(matrix, middle, rank)) low = middle;
    else high = middle;
  }
  return high;
}

/** True when at least `rank` eigenvalues lie above x. */
function exceeds({ size, diagonal, offDiagonal }: LeadingTridiagonal, x: number, rank: number): boolean {
  let above = 0;
  let pivot = diagonal[0]! - x;
  for (let j = 1; j < size; j++) {
    if (pivot > 0 && ++above === rank) return true;
    const side = offDiagonal[j - 1]!;
    const safe = pivot === 0 ? -LEAST_PIVOT : pivot; // as if x were a hair above
    pivot = diagonal[j]! - x - (side * side) / safe;
  }
  return pivot > 0 && above + 1 >= rank;
}

/** Inverse iteration with x I - T, x just above the largest eigenvalue. */
function vectorAbove(
  { size, diagonal, offDiagonal }: LeadingTridiagonal,
  x: number,
  bound: number,
): Float64Array {
  const pivots = new Float64Array(size);
  const least = Math.max(Number.EPSILON * bound, LEAST_PIVOT);
  for (let j = 0; j < size; j++) {
    const side = j === 0 ? 0 : offDiagonal[j - 1]!;
    const pivot = x - diagonal[j]! - (j === 0 ? 0 : (side * side) / pivots[j - 1]!);
    pivots[j] = Math.max(pivot, least); // rounding may cost the last one its sign
  }
  const vector = new Float64Array(size);
  for (let j = 0; j < size; j++) vector[j] = 1 + ((j * 7) % 11) / 11; // orthogonal to no eigenvector but by chance
  for (let iteration = 0; iteration < INVERSE_ITERATIONS; iteration++) {
    for (let j = 1; j < size; j++) vector[j]! += (offDiagonal[j - 1]! / pivots[j - 1]!) * vector[j - 1]!;
    for (let j = 0; j < size; j++) vector[j]! /= pivots[j]!;
    for (let j = size - 2; j >= 0; j--) vector[j]! += (offDiagonal[j]! / pivots[j]!) * vector[j + 1]!;
    normalizeInto(vector);
  }
  return vector;
}

/** Divides by the largest entry first: solutions beside an eigenvalue reach 1e16, and squares of squares overflow. */
function normalizeInto(vector: Float64Array): void {
  let largest = 0;
  for (const entry of vector) largest = Math.max(largest, Math.abs(entry));
  let squares = 0;
  for (let j = 0; j < vector.length; j++) {
    vector[j]! /= largest;
    squares += vector[j]! * vector[j]!;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let j = 0; j < vector.length; j++) vector[j]! *= scale;
}
