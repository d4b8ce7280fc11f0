/**
 * The singular value decomposition of a matrix by one-sided Jacobi rotations (Hestenes 1958; Golub and Van Loan,
 * Matrix Computations, 4th ed., section 8.6.3), in float64. Pairs of the shorter side's vectors are rotated until all
 * are orthogonal: with A = U S V^T of m <= n rows,
 *
 *     J^T A = S V^T,     U = J,     sigma_c = length of row c of J^T A
 *
 * and for n < m likewise on columns, A J = U S. A pair counts as orthogonal when |a . b| <= 1e-14 |a| |b|. Small
 * singular values are as accurate as large ones, which squaring A to a Gram matrix would lose. About ten sweeps of
 * 3 k^2 max(m, n) multiply-adds, k = min(m, n): a reference, and the small problem at the end of a randomized one.
 *
 * Signs and the order of equal singular values are not determined by A. Scaling A by a power of two scales the singular
 * values and changes no bit of U.
 */
import { assert } from '../base/assert.js';
import { createFactor, type DenseMatrix, type Factor } from './skinny-products.js';

/** Of float64's 1.1e-16, with room for the rounding of an inner product. */
const ORTHOGONAL = 1e-14;
/** Convergence is quadratic; ten sweeps are usual, and no matrix is known to need twenty. */
const MAX_SWEEPS = 60;
/** A vector this much shorter than the longest is rounding noise: its direction means nothing. */
const NEGLIGIBLE = 1e-15;

export interface LeftSingularVectors {
  /** min(m, n) vectors of m, in the order of `values`; zero where the singular value is negligible and n < m. */
  readonly left: Factor;
  /** Singular values, largest first. */
  readonly values: Float64Array;
}

/** Left singular vectors and singular values of A. */
export function leftSingularVectors({ values, rows, cols }: DenseMatrix): LeftSingularVectors {
  if (rows <= cols) {
    const { rotations, lengths } = diagonalizeRows({
      values: Float64Array.from(values),
      length: cols,
      rank: rows,
    });
    return sortByLength(rotations, lengths);
  }
  const columns = createFactor(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) columns.values[j * rows + i] = values[i * cols + j]!;
  }
  const lengths = rotateToOrthogonal(columns, null);
  normalize(columns, lengths);
  return sortByLength(columns, lengths);
}

/** The orthogonal J (k vectors of k, as a factor) with J^T R of orthogonal rows, and their lengths; destroys `rows`. */
export function diagonalizeRows(rows: Factor): {
  readonly rotations: Factor;
  readonly lengths: Float64Array;
} {
  const rotations = createFactor(rows.rank, rows.rank);
  for (let c = 0; c < rows.rank; c++) rotations.values[c * rows.rank + c] = 1;
  return { rotations, lengths: rotateToOrthogonal(rows, rotations) };
}

/** Rotates pairs of `vectors`, and of `along` with them, until the vectors are orthogonal; returns their lengths. */
function rotateToOrthogonal(vectors: Factor, along: Factor | null): Float64Array {
  const { rank } = vectors;
  const squares = new Float64Array(rank);
  for (let sweep = 0, rotated = true; rotated; sweep++) {
    assert(sweep < MAX_SWEEPS, `one-sided Jacobi converges on a finite matrix of ${rank} vectors`);
    rotated = false;
    // Lengths are updated with each rotation and computed afresh once a sweep, before they drift.
    for (let c = 0; c < rank; c++) squares[c] = dot(vectors, c, c);
    const negligible = NEGLIGIBLE * NEGLIGIBLE * squares.reduce((most, square) => Math.max(most, square), 0);
    for (let a = 0; a + 1 < rank; a++) {
      for (let b = a + 1; b < rank; b++) {
        if (squares[a]! <= negligible || squares[b]! <= negligible) continue;
        const product = dot(vectors, a, b);
        if (Math.abs(product) <= ORTHOGONAL * Math.sqrt(squares[a]!) * Math.sqrt(squares[b]!)) continue;
        rotated = true;
        const turn = turnFor(squares[a]!, squares[b]!, product);
        rotate(vectors, { a, b }, turn);
        if (along !== null) rotate(along, { a, b }, turn);
        squares[a]! -= turn.tangent * product;
        squares[b]! += turn.tangent * product;
      }
    }
  }
  return squares.map(Math.sqrt);
}

interface Turn {
  readonly cosine: number;
  readonly sine: number;
  readonly tangent: number;
}

/** The rotation that makes two vectors with these squares and this inner product orthogonal: the smaller angle. */
function turnFor(squareA: number, squareB: number, product: number): Turn {
  const zeta = (squareB - squareA) / (2 * product);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  return { cosine, sine: cosine * tangent, tangent };
}

function rotate(
  { values, length }: Factor,
  { a, b }: { a: number; b: number },
  { cosine, sine }: Turn,
): void {
  const [first, second] = [a * length, b * length];
  for (let i = 0; i < length; i++) {
    const x = values[first + i]!;
    const y = values[second + i]!;
    values[first + i] = cosine * x - sine * y;
    values[second + i] = sine * x + cosine * y;
  }
}

function dot({ values, length }: Factor, a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += values[a * length + i]! * values[b * length + i]!;
  return sum;
}

function normalize({ values, length, rank }: Factor, lengths: Float64Array): void {
  const negligible = NEGLIGIBLE * lengths.reduce((most, own) => Math.max(most, own), 0);
  for (let c = 0; c < rank; c++) {
    for (let i = c * length; i < (c + 1) * length; i++)
      values[i] = lengths[c]! <= negligible ? 0 : values[i]! / lengths[c]!;
  }
}

/** The vectors, longest first; equal ones stay in order. */
export function sortByLength({ values, length, rank }: Factor, lengths: Float64Array): LeftSingularVectors {
  const order = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const left = createFactor(length, rank);
  order.forEach((c, place) => {
    left.values.set(values.subarray(c * length, (c + 1) * length), place * length);
  });
  return { left, values: Float64Array.from(order, (c) => lengths[c]!) };
}
