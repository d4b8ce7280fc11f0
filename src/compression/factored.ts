/**
 * What all low-rank operators share: whoever finds an orthonormal basis P of r vectors for a block Z, the rest is the
 * same. P travels rounded as P~, Q = Z^T P~ (P~^T P~)^-1 is the least-squares factor for it, and the body is that of
 * `low-rank` (code 3, factor-section.ts): the receiver cannot tell the methods apart.
 *
 * Handed to another operator (`svd+B`), the parts are P as an r x m block and the vectors of Q divided by their
 * lengths as an r x n block; the frame is the r lengths as float32, parameter = r, bits = 0. So B sees vectors of equal
 * length, and one scale for all of them costs little.
 */

import type { Random } from '../base/random.js';
import { solveRightFactorInPlace } from '../linalg/least-squares.js';
import { addOuterProductInto } from '../linalg/outer-product.js';
import { createFactor, type Factor, transposedProductInto } from '../linalg/skinny-products.js';
import { type FactorBits, maxMagnitude, sectionBytes, writeFactorRounding } from './factor-section.js';
import { createNoneOperator } from './none.js';
import {
  type BlockShape,
  type BlockSlice,
  type BlockState,
  type FrameDecoder,
  type FramedOperator,
  MAX_FLOAT32,
  type Operator,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  requireLength,
  viewOf,
} from './operator.js';
import { createVectorOperator } from './vector.js';

/** Operator code of all bodies that are factors. */
export const LOW_RANK_CODE = 3;
/** The rank travels as u16; a higher one than this compresses no matrix that a peer would train. */
export const MAX_RANK = 1024;
/** What a receiver accepts as rank max|P| max|Q|: half of float32, for the rounding of products and sums. */
export const MAX_PRODUCT = MAX_FLOAT32 / 2;

/** A way to find a basis for a block. */
export interface BasisMethod {
  createState(random: Random): BlockState;
  /** `rank` orthonormal vectors of m (zero ones where the block has fewer dimensions); they may be overwritten. */
  basis(block: BlockSlice, state: BlockState): Factor;
  /** Told the right factor of the basis as it travels, before that factor is rounded. */
  settled?(block: BlockSlice, state: BlockState, right: Factor): void;
}

export interface FactoredOptions {
  readonly rank: number;
  readonly bits: FactorBits;
}

/** Highest rank up to `rank` that the shape has and at which factors are fewer numbers: m n > r (m + n); 0 if none. */
export function usefulRank({ rows, cols }: BlockShape, rank: number): number {
  const saving = Math.ceil((rows * cols) / (rows + cols)) - 1;
  return Math.min(rank, rows, cols, saving);
}

/** The rank for a block, clipped to its sides; 0 where factors of that rank would save nothing. */
export function clippedRank({ rows, cols }: BlockShape, rank: number): number {
  const clipped = Math.min(rank, rows, cols);
  return rows * cols > clipped * (rows + cols) ? clipped : 0;
}

/** For blocks that factors would not make smaller: int8, or float32 beside float32 factors. */
export function createUnfactored(shape: BlockShape, bits: FactorBits): Operator {
  return bits === 32 ? createNoneOperator(shape) : createVectorOperator(shape);
}

/** Body bytes of a block at a rank. */
export function factoredBytes({ rows, cols }: BlockShape, { rank, bits }: FactoredOptions): number {
  return sectionBytes({ length: rows, rank, bits }) + sectionBytes({ length: cols, rank, bits });
}

/** Refuses a right factor whose product with a left one of entries up to `leftLargest` could leave float32. */
export function requireRepresentable(block: BlockShape, right: Factor, leftLargest: number): void {
  const largest = maxMagnitude(right.values, 0, right.values.length);
  const product = right.rank * leftLargest * largest;
  // Half of what the receiver accepts, so that rounding cannot cross the bound.
  if (product <= MAX_PRODUCT / 2 && largest <= MAX_PRODUCT / 2) return;
  refuseValue(
    block,
    `its values are too large for float32 factors (up to ${product}). Lower the learning rate.`,
  );
}

/** The least-squares right factor of `block` for `left`. */
function rightFor(block: BlockSlice, left: Factor): Factor {
  const right = createFactor(block.cols, left.rank);
  transposedProductInto(right, block, left);
  solveRightFactorInPlace(right, left);
  requireRepresentable(block, right, maxMagnitude(left.values, 0, left.values.length));
  return right;
}

/** Sends a block by the basis that `method` finds. */
export function createFactoredOperator(
  shape: BlockShape,
  { rank, bits }: FactoredOptions,
  method: BasisMethod,
): Operator {
  return {
    code: LOW_RANK_CODE,
    bits,
    parameter: rank,
    bodyBytes: factoredBytes(shape, { rank, bits }),
    createState: (random) => method.createState(random),
    encodeInto(writer, block, state) {
      const left = method.basis(block, state);
      writeFactorRounding(writer, left, bits);
      const right = rightFor(block, left);
      method.settled?.(block, state, right);
      writeFactorRounding(writer, right, bits);
    },
  };
}

/** The vectors of `right` divided by their lengths as float32, and these lengths. */
function separateLengths({ values, length, rank }: Factor): { numbers: Float32Array; lengths: Float32Array } {
  const numbers = new Float32Array(values.length);
  const lengths = new Float32Array(rank);
  for (let c = 0; c < rank; c++) {
    let square = 0;
    for (let i = c * length; i < (c + 1) * length; i++) square += values[i]! * values[i]!;
    lengths[c] = Math.sqrt(square);
    for (let i = c * length; i < (c + 1) * length; i++)
      numbers[i] = lengths[c] === 0 ? 0 : values[i]! / lengths[c]!;
  }
  return { numbers, lengths };
}

/** As createFactoredOperator, for another operator to carry the numbers. */
export function createFactorFrame(
  { rows, cols }: BlockShape,
  rank: number,
  method: BasisMethod,
): FramedOperator {
  return {
    code: LOW_RANK_CODE,
    bits: 0,
    parameter: rank,
    frameBytes: 4 * rank,
    parts: [
      { rows: rank, cols: rows },
      { rows: rank, cols },
    ],
    createState: (random) => method.createState(random),
    encode(block, state, send) {
      const arrived = send(Float32Array.from(method.basis(block, state).values));
      const right = rightFor(block, { values: Float64Array.from(arrived), length: rows, rank });
      method.settled?.(block, state, right);
      const { numbers, lengths } = separateLengths(right);
      send(numbers);
      const frame = new Uint8Array(4 * rank);
      const view = viewOf(frame);
      lengths.forEach((length, c) => {
        view.setFloat32(4 * c, length, true);
      });
      return frame;
    },
  };
}

/** The plan of a method that finds its basis for any rank. */
export function planFactored(
  { rank: wanted, bits }: FactoredOptions,
  methodFor: (rank: number, shape: BlockShape) => BasisMethod,
): OperatorPlan {
  return Object.assign(
    (shape: BlockShape) => {
      const rank = clippedRank(shape, wanted);
      if (rank === 0) return createUnfactored(shape, bits);
      return createFactoredOperator(shape, { rank, bits }, methodFor(rank, shape));
    },
    {
      carrier(shape: BlockShape) {
        const rank = clippedRank(shape, wanted);
        return rank === 0 ? undefined : createFactorFrame(shape, rank, methodFor(rank, shape));
      },
    },
  );
}

function magnitudeOf(numbers: Float32Array, start: number, end: number): number {
  let max = 0;
  for (let i = start; i < end; i++) max = Math.max(max, Math.abs(numbers[i]!));
  return max;
}

/** Reads the frames of createFactorFrame. */
export const factorFrameDecoder: FrameDecoder = {
  code: LOW_RANK_CODE,
  name: 'low-rank',
  checkFrame(frame, block, { bits, parameter: rank }) {
    const { rows, cols } = block;
    const highest = Math.min(rows, cols);
    if (bits !== 0 || rank < 1 || rank > highest) {
      refuseParams(
        factorFrameDecoder,
        block,
        `got bits ${bits} and rank ${rank}, wanted 0 and 1 to ${highest}`,
      );
    }
    requireLength(frame, block, 4 * rank);
    const view = viewOf(frame);
    for (let c = 0; c < rank; c++) {
      const length = view.getFloat32(4 * c, true);
      if (!(length >= 0 && length <= MAX_FLOAT32))
        refuseValue(block, `got the length ${length}, wanted a finite number from 0`);
    }
    return [
      { rows: rank, cols: rows },
      { rows: rank, cols },
    ];
  },
  checkNumbers({ frame, params, parts: [left, right] }, block) {
    const view = viewOf(frame);
    const rank = params.parameter;
    let largest = 0;
    for (let c = 0; c < rank; c++) {
      const own = magnitudeOf(right!, c * block.cols, (c + 1) * block.cols);
      largest = Math.max(largest, view.getFloat32(4 * c, true) * own);
    }
    if (!(rank * magnitudeOf(left!, 0, left!.length) * largest <= MAX_PRODUCT && largest <= MAX_PRODUCT))
      refuseValue(block, 'its factors have a product that is too large for float32');
  },
  addInto(out, { frame, params, parts: [left, right] }) {
    const view = viewOf(frame);
    const rank = params.parameter;
    const lengthOf = (i: number) => view.getFloat32(4 * Math.floor(i / out.cols), true);
    addOuterProductInto(
      out,
      { values: left!, length: out.rows, rank },
      {
        values: right!.map((value, i) => value * lengthOf(i)),
        length: out.cols,
        rank,
      },
    );
  },
};
