/**
 * Sums of sign patterns: the semidiscrete decomposition (Kolda and O'Leary 1998, "A semidiscrete matrix decomposition
 * for latent semantic indexing", section 3) with factors from {-1, 1}, without the zeros of the original, so that a
 * factor's entry takes one bit. k terms, each the greedy answer to what the last ones left of the block R:
 *
 *     until it grows no more:  u = sgn(R v),  v = sgn(R^T u)
 *     c = u^T R v / (m n),   R <- R - c u v^T,   which takes (u^T R v)^2 / (m n) off ||R||_F^2
 *
 * k (m + n + 32) bits. v starts from the last message's term (warm). A start that has lost touch, so that the term would
 * take off less than half of what a random v does on average, ||R||^2 / (2 m n) (Khintchine: E |R v|_1 >=
 * sum |R_i| / sqrt(2)), competes with the signs of the longest row, from which |R v|_1 >= ||R|| / sqrt(m). Hence
 * omega >= 1 / (m^2 n) always; on 128 x 128 Gaussian blocks eight terms of 288 bits hold 0.109 of the energy.
 *
 * Body: k coefficients as float32, then for each term the signs of u (m bits) and v (n bits), 1 is negative, from the
 * lowest bit of each byte up, without gaps between terms; the last byte is padded with zeros. bits = 1, parameter = k.
 * Entry (i, j) gains f32(((0 + c_0 s_0) + c_1 s_1) + ...), s the product of the signs, summed in float64. Blocks for
 * which that is no shorter than int8 go as int8.
 *
 * State: `v`, k vectors of n as +-1; `random`.
 */
import { assert } from '../base/assert.js';
import { nextUint32, type Random } from '../base/random.js';
import { integerField, type RegistryEntry } from '../base/registry.js';
import {
  type BlockShape,
  type BlockState,
  MAX_FLOAT32,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  requireLength,
  viewOf,
} from './operator.js';
import { createVectorOperator } from './vector.js';

const SDD_CODE = 30;
const SDD_BITS = 1;
/** The number of terms travels as u16; long before this many, low-rank factors are shorter. */
const MAX_TERMS = 1024;
/** u and v alternate until the term stops growing, which takes three to six turns; the bound is for ties. */
const MAX_TURNS = 20;

export interface SddOptions {
  /** k. */
  readonly terms: number;
}

function bodyBytesOf({ rows, cols }: BlockShape, terms: number): number {
  return 4 * terms + Math.ceil((terms * (rows + cols)) / 8);
}

/** What is left of a block, in float64. */
interface Residual {
  readonly values: Float64Array;
  readonly rows: number;
  readonly cols: number;
}

/** A pair of sign vectors and u^T R v. */
interface Term {
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly product: number;
}

const signOf = (value: number): number => (value < 0 ? -1 : 1);

/** u = sgn(R v). */
function signsOfRows({ values, rows, cols }: Residual, v: Float64Array): Float64Array {
  const u = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += values[i * cols + j]! * v[j]!;
    u[i] = signOf(sum);
  }
  return u;
}

/** v = sgn(R^T u), with u^T R v = ||R^T u||_1. */
function signsOfColumns(
  { values, rows, cols }: Residual,
  u: Float64Array,
): { v: Float64Array; product: number } {
  const sums = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) sums[j]! += u[i]! * values[i * cols + j]!;
  }
  return { v: sums.map(signOf), product: sums.reduce((sum, value) => sum + Math.abs(value), 0) };
}

/** Alternates from `start` until u^T R v grows no more; it never falls. */
function climb(residual: Residual, start: Float64Array): Term {
  let u = signsOfRows(residual, start);
  let { v, product } = signsOfColumns(residual, u);
  for (let turn = 1; turn < MAX_TURNS; turn++) {
    const nextU = signsOfRows(residual, v);
    const next = signsOfColumns(residual, nextU);
    if (!(next.product > product)) break;
    [u, v, product] = [nextU, next.v, next.product];
  }
  return { u, v, product };
}

/** Signs of the row of largest length. */
function longestRow({ values, rows, cols }: Residual): Float64Array {
  let best = 0;
  let most = -1;
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let j = 0; j < cols; j++) square += values[i * cols + j]! ** 2;
    if (square > most) [best, most] = [i, square];
  }
  return values.slice(best * cols, (best + 1) * cols).map(signOf);
}

/** The next term, from `start` or, where that has lost touch, from the longest row if it leads further. */
function findTerm(residual: Residual, start: Float64Array): Term {
  const term = climb(residual, start);
  const energy = residual.values.reduce((sum, value) => sum + value * value, 0);
  if (term.product * term.product >= energy / 2) return term;
  const other = climb(residual, longestRow(residual));
  return other.product > term.product ? other : term;
}

/** Takes the term off and returns its coefficient as it travels. */
function subtract({ values, rows, cols }: Residual, { u, v, product }: Term): number {
  const coefficient = Math.fround(product / (rows * cols));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) values[i * cols + j]! -= coefficient * u[i]! * v[j]!;
  }
  return coefficient;
}

/** Sets the bits of the negative ones of `signs`, from bit `at` on. */
function packSignsInto(bytes: Uint8Array, at: number, signs: Float64Array): void {
  signs.forEach((sign, i) => {
    if (sign < 0) bytes[(at + i) >> 3]! |= 1 << ((at + i) & 7);
  });
}

function unpackSigns(bytes: Uint8Array, at: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    (bytes[(at + i) >> 3]! >> ((at + i) & 7)) & 1 ? -1 : 1,
  );
}

function createState(size: number, random: Random): BlockState {
  const v = Float32Array.from({ length: size }, () => (nextUint32(random) < 2 ** 31 ? 1 : -1));
  return { v, random };
}

function createSddOperator(shape: BlockShape, terms: number): Operator {
  const { rows, cols } = shape;
  return {
    code: SDD_CODE,
    bits: SDD_BITS,
    parameter: terms,
    bodyBytes: bodyBytesOf(shape, terms),
    createState: (random) => createState(terms * cols, random),
    encodeInto(writer, block, { v: starts }) {
      assert(starts instanceof Float32Array, 'an sdd state holds v');
      const residual = { values: Float64Array.from(block.values), rows, cols };
      const signs = new Uint8Array(Math.ceil((terms * (rows + cols)) / 8));
      let total = 0;
      for (let k = 0; k < terms; k++) {
        const start = starts.subarray(k * cols, (k + 1) * cols);
        const term = findTerm(residual, Float64Array.from(start));
        const coefficient = subtract(residual, term);
        total += coefficient;
        start.set(term.v);
        writer.f32(coefficient);
        packSignsInto(signs, k * (rows + cols), term.u);
        packSignsInto(signs, k * (rows + cols) + rows, term.v);
      }
      if (total > MAX_FLOAT32)
        refuseValue(block, 'its terms add up beyond float32. Lower the learning rate.');
      writer.bytes(signs);
    },
  };
}

const decoder: OperatorDecoder = {
  code: SDD_CODE,
  name: 'sdd',
  check(body, block, { bits, parameter: terms }) {
    if (bits !== SDD_BITS || terms < 1 || terms > MAX_TERMS)
      refuseParams(
        decoder,
        block,
        `got bits ${bits} and ${terms} terms, wanted ${SDD_BITS} and 1 to ${MAX_TERMS}`,
      );
    requireLength(body, block, bodyBytesOf(block, terms));
    const view = viewOf(body);
    let total = 0;
    for (let k = 0; k < terms; k++) total += Math.abs(view.getFloat32(4 * k, true));
    if (!(total <= MAX_FLOAT32)) refuseValue(block, `its coefficients add up to ${total}, beyond float32`);
    const used = (terms * (block.rows + block.cols)) % 8;
    if (used > 0 && body[body.length - 1]! >> used !== 0)
      refuseValue(block, 'the padding after the signs is not zero');
  },
  decodeAddInto({ values, rows, cols }, body, { parameter: terms }) {
    const view = viewOf(body);
    const signs = body.subarray(4 * terms);
    const sums = new Float64Array(rows * cols);
    for (let k = 0; k < terms; k++) {
      const at = k * (rows + cols);
      const u = unpackSigns(signs, at, rows);
      const v = unpackSigns(signs, at + rows, cols);
      const coefficient = view.getFloat32(4 * k, true);
      for (let i = 0; i < rows; i++) {
        const own = coefficient * u[i]!;
        for (let j = 0; j < cols; j++) sums[i * cols + j]! += own * v[j]!;
      }
    }
    for (let i = 0; i < sums.length; i++) values[i]! += Math.fround(sums[i]!);
  },
};

const entry: RegistryEntry<SddOptions, OperatorPlan> = {
  name: 'sdd',
  summary: 'sums of sign patterns, one bit for each row and column of a term; small blocks as int8',
  fields: { terms: integerField('sign patterns of each block', 8, 1, MAX_TERMS) },
  make:
    ({ terms }) =>
    (shape) => {
      const small = createVectorOperator(shape);
      return bodyBytesOf(shape, terms) < small.bodyBytes ? createSddOperator(shape, terms) : small;
    },
};

export const sddFamily: OperatorFamily = { entry, decoder };
