/**
 * What PowerGossip keeps of one matrix on one edge, equal to the bit at both ends, and its arithmetic: which side is
 * multiplied in exchange k, the orthonormal basis, the products that are sent, and what their difference stands for.
 *
 *     k even   P = orth(p);   s = X^T P   (n x r);   X_j - X_i is about P (s_j - s_i)^T;   q <- s_j - s_i
 *     k odd    Q = orth(q);   s = X Q     (m x r);   X_j - X_i is about (s_j - s_i) Q^T;   p <- s_j - s_i
 *
 * where i < j. Bases and products are float64, what moves parameters float32, all in a fixed order and from the numbers
 * as they travelled. Where the rank is that of the
 * whole matrix its shorter side is multiplied in every exchange, by a basis of all of it, and nothing is lost.
 */
import { gaussian, type Random } from '../base/random.js';
import type { MatrixBlock } from '../compression/compressor.js';
import { orthonormalizeInPlace } from '../linalg/orthonormalize.js';
import { addOuterProductInto } from '../linalg/outer-product.js';
import { createFactor, productInto, transposedProductInto } from '../linalg/skinny-products.js';

/** Below this norm a warm start has nothing to say; it is drawn anew. */
const VANISHED_NORM = 1e-12;

export type Side = 'left' | 'right';

export interface EdgeFactors {
  readonly block: MatrixBlock;
  readonly rank: number;
  /** p as r vectors of m numbers, and q as r vectors of n. */
  readonly p: Float64Array;
  readonly q: Float64Array;
  /** The same generator at both ends. */
  readonly random: Random;
}

function drawInto(factor: Float64Array, random: Random): void {
  for (let k = 0; k < factor.length; k++) factor[k] = gaussian(random);
}

/** p and q from N(0, 1). */
export function createEdgeFactors(block: MatrixBlock, wanted: number, random: Random): EdgeFactors {
  const rank = Math.min(wanted, block.rows, block.cols);
  const factors = {
    block,
    rank,
    p: new Float64Array(rank * block.rows),
    q: new Float64Array(rank * block.cols),
    random: random.slice(),
  };
  drawInto(factors.p, factors.random);
  drawInto(factors.q, factors.random);
  return factors;
}

/** What exchange k, from 0, multiplies from. */
export function sideOf({ block, rank }: EdgeFactors, k: number): Side {
  if (rank === Math.min(block.rows, block.cols)) return block.rows <= block.cols ? 'left' : 'right';
  return k % 2 === 0 ? 'left' : 'right';
}

/** Length of one vector of what is sent: n from the left, m from the right. */
export function sentLength({ block }: EdgeFactors, side: Side): number {
  return side === 'left' ? block.cols : block.rows;
}

function energyOf(values: Float64Array): number {
  let energy = 0;
  for (const value of values) energy += value * value;
  return energy;
}

/**
 * The orthonormal basis P or Q: r vectors. A start that has vanished (models were equal), or depends on those before it,
 * is drawn anew, alike at both ends.
 */
export function basisOf(factors: EdgeFactors, side: Side): Float64Array {
  const { rank, random } = factors;
  const start = side === 'left' ? factors.p : factors.q;
  const length = start.length / rank;
  if (!(Math.sqrt(energyOf(start)) >= VANISHED_NORM)) drawInto(start, random);
  const basis = start.slice();
  orthonormalizeInPlace({ values: basis, length, rank });
  for (let c = 0; c < rank; c++) {
    if (energyOf(basis.subarray(c * length, (c + 1) * length)) > 0) continue;
    drawInto(start.subarray(c * length, (c + 1) * length), random);
    basis.set(start);
    orthonormalizeInPlace({ values: basis, length, rank });
  }
  return basis;
}

/** Float64 or float32 alike. */
function factorOf<Values extends { readonly length: number }>(values: Values, { rank }: EdgeFactors) {
  return { values, length: values.length / rank, rank };
}

/** s = X^T P or X Q, as r vectors, into `out` at `at`; `matrix` is row-major. */
export function multiplyInto(
  out: { readonly values: Float32Array; readonly at: number },
  matrix: Float32Array,
  by: { readonly factors: EdgeFactors; readonly side: Side; readonly basis: Float64Array },
): void {
  const { factors, side, basis } = by;
  const { rows, cols } = factors.block;
  const dense = { values: matrix, rows, cols };
  const product = createFactor(sentLength(factors, side), factors.rank);
  if (side === 'left') transposedProductInto(product, dense, factorOf(basis, factors));
  else productInto(product, dense, factorOf(basis, factors));
  out.values.set(product.values, out.at);
}

/** out += P s^T, or s Q^T, for r vectors s, in float32 as a decoder adds factors (outer-product.ts). */
export function addProductInto(
  out: Float32Array,
  s: Float32Array,
  by: { readonly factors: EdgeFactors; readonly side: Side; readonly basis: Float64Array },
): void {
  const { factors, side } = by;
  const { rows, cols } = factors.block;
  const basis = new Float32Array(by.basis);
  const [left, right] = side === 'left' ? [basis, s] : [s, basis];
  const dense = { values: out, rows, cols };
  addOuterProductInto(dense, factorOf(left, factors), factorOf(right, factors));
}

/** The difference s_j - s_i becomes the next start of the other side. */
export function keepStart(factors: EdgeFactors, side: Side, difference: Float32Array): void {
  (side === 'left' ? factors.q : factors.p).set(difference);
}
