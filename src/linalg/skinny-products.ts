/**
 * Products of a matrix A (m x n) with factors of a few columns: the arithmetic of low-rank compression.
 * Each does m n r multiply-adds; four columns or rows share a pass, so that A is read from cache, not from memory.
 *
 * A factor keeps its r vectors one after another, each contiguous, so that all inner loops run along memory.
 * Everything is summed in float64, in whatever order is fast. The receiver's arithmetic, which is part of the wire
 * contract, is that of outer-product.ts; the kernels' products are in power-iteration.ts.
 */

/** A row-major matrix of float32. */
export interface DenseMatrix {
  /** rows * cols entries. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

/** `rank` vectors of `length` entries: vector c is values[c * length] .. values[(c + 1) * length - 1]. */
export interface Factor {
  readonly values: Float64Array;
  readonly length: number;
  readonly rank: number;
}

/** A factor of zeros. */
export function createFactor(length: number, rank: number): Factor {
  return { values: new Float64Array(length * rank), length, rank };
}

/** Columns handled in one pass over A: four running sums and their operands fit the registers. */
const TILE = 4;

/** out = A right, where A is m x n, right holds r vectors of n and out r vectors of m. */
export function productInto(out: Factor, matrix: DenseMatrix, right: Factor): void {
  const { values: a, rows, cols } = matrix;
  const q = right.values;
  const p = out.values;
  let c = 0;
  for (; c + TILE <= right.rank; c += TILE) {
    const q0 = c * cols;
    const q1 = q0 + cols;
    const q2 = q1 + cols;
    const q3 = q2 + cols;
    for (let i = 0; i < rows; i++) {
      const row = i * cols;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let j = 0; j < cols; j++) {
        const x = a[row + j];
        s0 += x * q[q0 + j];
        s1 += x * q[q1 + j];
        s2 += x * q[q2 + j];
        s3 += x * q[q3 + j];
      }
      p[c * rows + i] = s0;
      p[(c + 1) * rows + i] = s1;
      p[(c + 2) * rows + i] = s2;
      p[(c + 3) * rows + i] = s3;
    }
  }
  for (; c < right.rank; c++) {
    for (let i = 0; i < rows; i++) {
      const row = i * cols;
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += a[row + j] * q[c * cols + j];
      p[c * rows + i] = sum;
    }
  }
}

/** out = A^T left, where A is m x n, left holds r vectors of m and out r vectors of n. */
export function transposedProductInto(out: Factor, matrix: DenseMatrix, left: Factor): void {
  const { values: a, rows, cols } = matrix;
  const p = left.values;
  const q = out.values;
  q.fill(0);
  let i = 0;
  for (; i + TILE <= rows; i += TILE) {
    const a0 = i * cols;
    const a1 = a0 + cols;
    const a2 = a1 + cols;
    const a3 = a2 + cols;
    for (let c = 0; c < left.rank; c++) {
      const p0 = p[c * rows + i];
      const p1 = p[c * rows + i + 1];
      const p2 = p[c * rows + i + 2];
      const p3 = p[c * rows + i + 3];
      const column = c * cols;
      for (let j = 0; j < cols; j++) {
        q[column + j] += a[a0 + j] * p0 + a[a1 + j] * p1 + (a[a2 + j] * p2 + a[a3 + j] * p3);
      }
    }
  }
  for (; i < rows; i++) {
    for (let c = 0; c < left.rank; c++) {
      const pi = p[c * rows + i];
      for (let j = 0; j < cols; j++) q[c * cols + j] += a[i * cols + j] * pi;
    }
  }
}

/**
 * out += left right^T, where out is m x n, left holds r vectors of m and right r vectors of n.
 * For matrices that are made up; a receiver adds as outer-product.ts says.
 */
export function addOuterProductInto(out: DenseMatrix, left: Factor, right: Factor): void {
  const { values, rows, cols } = out;
  const p = left.values;
  const q = right.values;
  const { rank } = left;
  const sums = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    sums.fill(0);
    let c = 0;
    for (; c + TILE <= rank; c += TILE) {
      const p0 = p[c * rows + i];
      const p1 = p[(c + 1) * rows + i];
      const p2 = p[(c + 2) * rows + i];
      const p3 = p[(c + 3) * rows + i];
      const q0 = c * cols;
      const q1 = q0 + cols;
      const q2 = q1 + cols;
      const q3 = q2 + cols;
      for (let j = 0; j < cols; j++) {
        sums[j] = sums[j] + p0 * q[q0 + j] + p1 * q[q1 + j] + p2 * q[q2 + j] + p3 * q[q3 + j];
      }
    }
    for (; c < rank; c++) {
      const pc = p[c * rows + i];
      for (let j = 0; j < cols; j++) sums[j] += pc * q[c * cols + j];
    }
    const row = i * cols;
    for (let j = 0; j < cols; j++) values[row + j] += Math.fround(sums[j]);
  }
}
