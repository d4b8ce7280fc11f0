/**
 * The exact rank-r compressor of the recorded runs: C(Z) = sum over r of sigma_k u_k v_k^T, each from what the ones before
 * have left, by a Lanczos iteration on Z^T Z in
 * float64 that is run until it has converged, each time from the same kind of start: no warm start, no rounding of
 * factors. The truncated matrix travels dense, by the `none` operator; only consensus is tested with it, not bytes.
 *
 * Lanczos: V orthonormal with V^T Z^T Z V = T tridiagonal (Golub and Van Loan 2013, section 10.1), with full
 * orthogonalization against all earlier vectors. The largest eigenvalue of T comes from bisection on the signs of
 * LDL^T pivots, its vector from inverse iteration.
 */
import type { Compressor, MatrixBlock } from '../../src/compression/compressor.js';
import { compressors } from '../../src/compression/registry.js';

/** ||Z^T Z v - lambda v|| <= TOLERANCE lambda: below float32's 6e-8 in the product. */
const TOLERANCE = 1e-8;

/** Lanczos steps between two looks at whether it has converged. */
const CHECK_EVERY = 6;

/** Row-major. */
interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly cols: number;
}

/** Four sums at a time: one alone would wait for itself. */
function dot(a: Float64Array, b: Float64Array): number {
  const whole = a.length - (a.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}

function normalized(x: Float64Array): Float64Array<ArrayBuffer> {
  const norm = Math.sqrt(dot(x, x));
  return Float64Array.from(x, (value) => value / norm);
}

function rowOf({ values, cols }: Matrix, i: number): Float64Array {
  return values.subarray(i * cols, (i + 1) * cols);
}

/** Z x. */
function times(matrix: Matrix, x: Float64Array): Float64Array {
  const out = new Float64Array(matrix.rows);
  for (let i = 0; i < matrix.rows; i++) out[i] = dot(rowOf(matrix, i), x);
  return out;
}

/** target += Z^T y, four rows at a time so that `target` is read and written a quarter as often. */
function addTransposedTimesInto(target: Float64Array, { values, rows, cols }: Matrix, y: Float64Array): void {
  const whole = rows - (rows % 4);
  for (let i = 0; i < whole; i += 4) {
    const at = i * cols;
    for (let j = 0; j < cols; j++) {
      const k = at + j;
      target[j]! +=
        y[i]! * values[k]! +
        y[i + 1]! * values[k + cols]! +
        y[i + 2]! * values[k + 2 * cols]! +
        y[i + 3]! * values[k + 3 * cols]!;
    }
  }
  for (let i = whole; i < rows; i++)
    for (let j = 0; j < cols; j++) target[j]! += y[i]! * values[i * cols + j]!;
}

/** Z^T Z v. */
function gramTimes(matrix: Matrix, v: Float64Array): Float64Array {
  const out = new Float64Array(matrix.cols);
  addTransposedTimesInto(out, matrix, times(matrix, v));
  return out;
}

interface Tridiagonal {
  readonly diagonal: readonly number[];
  /** off[k] joins k and k + 1. */
  readonly off: readonly number[];
}

/** Pivots of shift I - T; all positive when `shift` is above every eigenvalue. */
function pivotsOf({ diagonal, off }: Tridiagonal, shift: number): number[] {
  const pivots: number[] = [];
  diagonal.forEach((value, k) =>
    pivots.push(shift - value - (k === 0 ? 0 : off[k - 1]! ** 2 / pivots[k - 1]!)),
  );
  return pivots;
}

/** Largest eigenvalue of T from above, to relative 1e-15, and its unit vector. */
function topEigenpair(t: Tridiagonal): { readonly value: number; readonly vector: Float64Array } {
  let low = Math.max(...t.diagonal);
  let high = low + 2 * Math.max(0, ...t.off);
  while (high - low > 1e-15 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (pivotsOf(t, middle).every((pivot) => pivot > 0)) high = middle;
    else low = middle;
  }
  const pivots = pivotsOf(t, high * (1 + 1e-14));
  let vector = new Float64Array(t.diagonal.length).fill(1);
  for (let pass = 0; pass < 3; pass++) vector = solveNormalized(t, pivots, vector);
  return { value: high, vector };
}

/** Direction of (shift I - T)^-1 x by the LDL^T factors. */
function solveNormalized(
  { off }: Tridiagonal,
  pivots: readonly number[],
  x: Float64Array,
): Float64Array<ArrayBuffer> {
  const y = x.slice();
  for (let k = 1; k < y.length; k++) y[k]! += (off[k - 1]! / pivots[k - 1]!) * y[k - 1]!;
  for (let k = 0; k < y.length; k++) y[k]! /= pivots[k]!;
  for (let k = y.length - 2; k >= 0; k--) y[k]! += (off[k]! / pivots[k]!) * y[k + 1]!;
  return normalized(y);
}

/** The longest row: it leans towards v_1 and is never orthogonal to the row space. */
function startOf(matrix: Matrix): Float64Array {
  const rows = Array.from({ length: matrix.rows }, (_, i) => rowOf(matrix, i));
  return rows.reduce((best, row) => (dot(row, row) > dot(best, best) ? row : best));
}

/** v_1 of a matrix that is not zero. */
export function topRightSingularVector(matrix: Matrix): Float64Array {
  const { cols } = matrix;
  const vectors = new Float64Array(cols * cols); // the Lanczos vectors, one a row
  vectors.set(normalized(startOf(matrix)));
  const diagonal: number[] = [];
  const off: number[] = [];
  for (let steps = 1; ; steps++) {
    const basis = { values: vectors, rows: steps, cols };
    const last = rowOf(basis, steps - 1);
    const next = gramTimes(matrix, last);
    diagonal.push(dot(next, last));
    for (let pass = 0; pass < 2; pass++)
      addTransposedTimesInto(
        next,
        basis,
        times(basis, next).map((x) => -x),
      );
    const rest = Math.sqrt(dot(next, next));
    const complete = steps === cols || rest < 1e-12 * diagonal[0]!;
    if (complete || steps % CHECK_EVERY === 0) {
      const { value, vector } = topEigenpair({ diagonal, off });
      if (complete || rest * Math.abs(vector.at(-1)!) <= TOLERANCE * value) {
        const v = new Float64Array(cols);
        addTransposedTimesInto(v, basis, vector);
        return normalized(v);
      }
    }
    off.push(rest);
    vectors.set(normalized(next), steps * cols);
  }
}

/** The r leading terms (Z v_k) v_k^T of one block, into `out`. */
function truncateInto(out: Float32Array, values: Float32Array, block: MatrixBlock, rank: number): void {
  const { offset, rows, cols } = block;
  const end = offset + rows * cols;
  const rest = { values: Float64Array.from(values.subarray(offset, end)), rows, cols };
  const sum = new Float64Array(rows * cols);
  for (let k = 0; k < rank && rest.values.some((value) => value !== 0); k++) {
    const v = topRightSingularVector(rest);
    for (let i = 0; i < rows; i++) {
      const stretch = dot(rowOf(rest, i), v);
      for (let j = 0; j < cols; j++) {
        sum[i * cols + j]! += stretch * v[j]!;
        rest.values[i * cols + j]! -= stretch * v[j]!;
      }
    }
  }
  out.set(sum, offset);
}

/** Each block's best approximation of rank `rank` (Eckart and Young 1936). */
export function createSvdCompressor(rank = 1): Compressor {
  const dense = compressors.resolve('none');
  return {
    spec: `svd:rank=${rank}`,
    createState: (blocks, random) => dense.createState(blocks, random),
    encode(values, blocks, state) {
      const truncated = values.slice();
      for (const block of blocks) truncateInto(truncated, values, block, rank);
      return dense.encode(truncated, blocks, state);
    },
    encodedBytes: (blocks) => dense.encodedBytes(blocks),
  };
}
