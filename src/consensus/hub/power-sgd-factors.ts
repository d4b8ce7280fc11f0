/**
 * The linear algebra of PowerSGD on all blocks of a flat vector at once. Factors of all matrices lie one after another,
 * each as r vectors; what is not compressed ("rest": vectors, small matrices) follows the left factors as it is.
 */
import type { MatrixBlock } from '../../compression/compressor.js';
import { orthonormalizeInPlace } from '../../linalg/orthonormalize.js';

interface PowerBlock extends MatrixBlock {
  readonly rank: number;
  /** Where its factors begin, in P and in Q. */
  readonly leftAt: number;
  readonly rightAt: number;
}

export interface PowerLayout {
  readonly matrices: readonly PowerBlock[];
  readonly rest: readonly MatrixBlock[];
  /** Entries of P and of the rest; of Q, at least 1 so that a message is never empty. */
  readonly leftSize: number;
  readonly rightSize: number;
  /** Where the rest begins in P. */
  readonly restAt: number;
  /** min r / min(rows, cols) over the matrices: the contraction of the best rank-r approximation; 1 without any. */
  readonly omega: number;
}

export function createPowerLayout(blocks: readonly MatrixBlock[], rank: number): PowerLayout {
  const matrices: PowerBlock[] = [];
  const rest: MatrixBlock[] = [];
  let [leftAt, rightAt, omega] = [0, 0, 1];
  for (const block of blocks) {
    const { rows, cols } = block;
    const r = Math.min(rank, rows, cols);
    if (r * (rows + cols) >= rows * cols) {
      rest.push(block);
      continue;
    }
    matrices.push({ ...block, rank: r, leftAt, rightAt });
    leftAt += r * rows;
    rightAt += r * cols;
    omega = Math.min(omega, r / Math.min(rows, cols));
  }
  const leftSize = rest.reduce((sum, { rows, cols }) => sum + rows * cols, leftAt);
  return {
    matrices,
    rest,
    leftSize: Math.max(1, leftSize),
    rightSize: Math.max(1, rightAt),
    restAt: leftAt,
    omega,
  };
}

/** Calls `visit` with each uncompressed block and its place after the factors. */
function eachRest({ rest, restAt }: PowerLayout, visit: (block: MatrixBlock, at: number) => void): void {
  let at = restAt;
  for (const block of rest) {
    visit(block, at);
    at += block.rows * block.cols;
  }
}

/** P_i = M_i Q of every matrix, and the rest of M_i. */
export function leftFactors(M: Float64Array, Q: Float64Array, layout: PowerLayout): Float64Array {
  const P = new Float64Array(layout.leftSize);
  for (const { offset, rows, cols, rank, leftAt, rightAt } of layout.matrices) {
    for (let c = 0; c < rank; c++)
      for (let i = 0; i < rows; i++) {
        let sum = 0;
        for (let j = 0; j < cols; j++) sum += M[offset + i * cols + j] * Q[rightAt + c * cols + j];
        P[leftAt + c * rows + i] = sum;
      }
  }
  eachRest(layout, ({ offset, rows, cols }, at) => P.set(M.subarray(offset, offset + rows * cols), at));
  return P;
}

/** P^ = orth(P) of every matrix; the rest as it is. */
export function orthonormalBasis(P: Float64Array, layout: PowerLayout): Float64Array {
  const basis = P.slice();
  for (const { rows, rank, leftAt } of layout.matrices) {
    const values = basis.subarray(leftAt, leftAt + rank * rows);
    orthonormalizeInPlace({ values, length: rows, rank });
  }
  return basis;
}

/** Q_i = M_i^T P^ of every matrix. */
export function rightFactors(M: Float64Array, P: Float64Array, layout: PowerLayout): Float64Array {
  const Q = new Float64Array(layout.rightSize);
  for (const { offset, rows, cols, rank, leftAt, rightAt } of layout.matrices) {
    for (let c = 0; c < rank; c++)
      for (let i = 0; i < rows; i++) {
        const p = P[leftAt + c * rows + i];
        for (let j = 0; j < cols; j++) Q[rightAt + c * cols + j] += p * M[offset + i * cols + j];
      }
  }
  return Q;
}

/** M -= P Q^T of every matrix; of the rest, M -= what P has of it, or all of M for a worker's `own` error. */
export function subtractProduct(
  M: Float64Array,
  { P, Q, own = false }: { readonly P: Float64Array; readonly Q: Float64Array; readonly own?: boolean },
  layout: PowerLayout,
): void {
  for (const { offset, rows, cols, rank, leftAt, rightAt } of layout.matrices) {
    for (let c = 0; c < rank; c++)
      for (let i = 0; i < rows; i++) {
        const p = P[leftAt + c * rows + i];
        for (let j = 0; j < cols; j++) M[offset + i * cols + j] -= p * Q[rightAt + c * cols + j];
      }
  }
  eachRest(layout, ({ offset, rows, cols }, at) => {
    for (let k = 0; k < rows * cols; k++) M[offset + k] = own ? 0 : M[offset + k] - P[at + k];
  });
}
