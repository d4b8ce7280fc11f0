/**
 * Every eigenvalue of a small dense symmetric matrix, without eigenvectors.
 *
 * Method: Householder reflections bring A to tridiagonal form T = Q^T A Q (Golub and Van Loan, Matrix
 * Computations, 4th ed., algorithm 8.3.1, on the lower triangle only), then implicit QR steps with Wilkinson's
 * shift make T diagonal (ibid., algorithms 8.3.2 and 8.3.3). 4/3 n^3 + O(n^2) multiplications; the error of
 * each eigenvalue is a small multiple of machine epsilon times ||A||.
 */
import { assert } from '../base/assert.js';

/** QR steps granted to one eigenvalue. Two or three are usual, and no matrix is known that needs 30. */
const MAX_STEPS_PER_EIGENVALUE = 60;

/**
 * Eigenvalues of a symmetric matrix, ascending.
 * @param matrix size x size, row-major; only the lower triangle is read, and nothing is written
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  assert(matrix.length === size * size, `a ${size} x ${size} matrix has ${size * size} entries`);
  let scale = 0; // entries of order 1, so that no square below over- or underflows
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) scale = Math.max(scale, Math.abs(matrix[i * size + j]!));
  }
  assert(Number.isFinite(scale), 'eigenvalues are asked of a finite matrix');
  const diagonal = new Float64Array(size);
  if (scale === 0) return diagonal;
  const offDiagonal = new Float64Array(size - 1);
  tridiagonalizeInto(
    { diagonal, offDiagonal },
    matrix.map((entry) => entry / scale),
  );
  diagonalizeInto({ diagonal, offDiagonal });
  return diagonal.map((value) => value * scale).sort();
}

/** A symmetric tridiagonal matrix: `diagonal` holds n entries, `offDiagonal` n - 1; largest of order 1. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
}

/**
 * Turns T into its eigenvalues, in place: afterwards `diagonal` holds them in no particular order and
 * `offDiagonal` is negligible. `row`, when given, is one row of a matrix and becomes the same row of that matrix
 * times the eigenvectors: start from the last unit vector to read the last entry of every eigenvector.
 */
export function diagonalizeInto(tridiagonal: Tridiagonal, row?: Float64Array): void {
  const { diagonal, offDiagonal } = tridiagonal;
  let norm = 0;
  for (let i = 0; i < diagonal.length; i++)
    norm = Math.max(norm, Math.abs(diagonal[i]!), Math.abs(offDiagonal[i] ?? 0));
  const negligible = Number.EPSILON * norm;
  let steps = 0;
  for (let last = diagonal.length - 1; last > 0; ) {
    if (Math.abs(offDiagonal[last - 1]!) <= negligible) {
      last--;
      steps = 0;
      continue;
    }
    let first = last - 1;
    while (first > 0 && Math.abs(offDiagonal[first - 1]!) > negligible) first--;
    assert(
      ++steps <= MAX_STEPS_PER_EIGENVALUE,
      `QR steps converge on a finite symmetric matrix (norm ${norm})`,
    );
    qrStepInto(tridiagonal, { first, last }, row);
  }
}

/** One implicit QR step with Wilkinson's shift on rows first..last; chases the bulge down the diagonal. */
function qrStepInto(
  { diagonal, offDiagonal }: Tridiagonal,
  { first, last }: { readonly first: number; readonly last: number },
  row: Float64Array | undefined,
): void {
  let x = diagonal[first]! - wilkinsonShift(diagonal[last - 1]!, offDiagonal[last - 1]!, diagonal[last]!);
  let bulge = offDiagonal[first]!;
  for (let k = first; k < last; k++) {
    const length = Math.sqrt(x * x + bulge * bulge); // Math.hypot would be most of the run time
    const c = length === 0 ? 1 : x / length;
    const s = length === 0 ? 0 : bulge / length;
    if (k > first) offDiagonal[k - 1] = length;
    const upper = diagonal[k]!;
    const side = offDiagonal[k]!;
    const lower = diagonal[k + 1]!;
    diagonal[k] = c * c * upper + 2 * c * s * side + s * s * lower;
    diagonal[k + 1] = s * s * upper - 2 * c * s * side + c * c * lower;
    offDiagonal[k] = c * s * (lower - upper) + (c * c - s * s) * side;
    if (k < last - 1) {
      x = offDiagonal[k]!;
      bulge = s * offDiagonal[k + 1]!;
      offDiagonal[k + 1]! *= c;
    }
    if (row !== undefined) {
      const left = row[k]!;
      row[k] = c * left + s * row[k + 1]!;
      row[k + 1] = c * row[k + 1]! - s * left;
    }
  }
}

/** The eigenvalue of [[a, b], [b, d]] nearer to d; b is not 0. */
function wilkinsonShift(a: number, b: number, d: number): number {
  const half = (a - d) / 2;
  const root = Math.hypot(half, b);
  return d - (b * b) / (half + (half < 0 ? -root : root));
}

/**
 * Householder: writes T = Q^T A Q; destroys the lower triangle of `a` (n x n, row-major, largest entry 1). A column
 * below rounding error counts as zero: reflecting noise smaller and smaller would end in underflow and NaN, as it
 * does on the complete graph of 64 nodes, whose W has rank one.
 */
function tridiagonalizeInto({ diagonal, offDiagonal }: Tridiagonal, a: Float64Array): void {
  const n = diagonal.length;
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  const negligible = (Number.EPSILON / n) ** 2;
  for (let k = 0; k < n - 1; k++) {
    diagonal[k] = a[k * n + k]!;
    let tail = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k]!;
      if (i > k + 1) tail += v[i]! * v[i]!;
    }
    const head = v[k + 1]!;
    if (tail <= negligible) {
      offDiagonal[k] = head;
      continue;
    }
    const length = Math.sqrt(head * head + tail);
    offDiagonal[k] = head > 0 ? -length : length;
    v[k + 1] = head - offDiagonal[k]!; // the sign that adds, so that nothing cancels
    reflectInto(a, { v, w, from: k + 1, scale: 2 / (tail + v[k + 1]! * v[k + 1]!) });
  }
  if (n > 0) diagonal[n - 1] = a[n * n - 1]!;
}

interface Reflection {
  readonly v: Float64Array;
  /** Scratch. */
  readonly w: Float64Array;
  /** First row and column it acts on. */
  readonly from: number;
  /** 2 / (v . v). */
  readonly scale: number;
}

/** A <- H A H with H = I - scale v v^T, as the rank-2 update A - v w^T - w v^T on the lower triangle. */
function reflectInto(a: Float64Array, { v, w, from, scale }: Reflection): void {
  const n = v.length;
  w.fill(0, from);
  for (let i = from; i < n; i++) {
    const vi = v[i]!;
    let sum = a[i * n + i]! * vi;
    for (let j = from; j < i; j++) {
      const aij = a[i * n + j]!;
      sum += aij * v[j]!;
      w[j]! += aij * vi;
    }
    w[i]! += sum;
  }
  let dot = 0;
  for (let i = from; i < n; i++) dot += w[i]! * v[i]!;
  const half = (scale * scale * dot) / 2;
  for (let i = from; i < n; i++) w[i] = scale * w[i]! - half * v[i]!;
  for (let i = from; i < n; i++) {
    const vi = v[i]!;
    const wi = w[i]!;
    for (let j = from; j <= i; j++) a[i * n + j]! -= vi * w[j]! + wi * v[j]!;
  }
}
