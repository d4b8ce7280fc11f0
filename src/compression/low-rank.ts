/**
 * Low-rank compression by warm-started power iteration with quantized factors. Per block Z (m x n) and rank r:
 *
 *     repeat s times:   P = orth(Z Q)            m x r, Gram-Schmidt
 *                       Q = Z^T P                n x r
 *     in the last one   P~ = round(P),  Q = Z^T P~ (P~^T P~)^-1,  Q~ = round(Q)
 *     send (P~, Q~);    the receiver adds P~ Q~^T;   the next message starts from Q / ||Q||_F
 *
 * The iteration is that of PowerSGD (Vogels, Karimireddy and Jaggi 2019, algorithm 1) and PowerGossip (Vogels et
 * al. 2020), here with both factors made by the sender. Q is the least-squares factor for the P~ that travels,
 * so rounding P only tilts the subspace: ||Z - P~ Q^T||^2 = ||Z||^2 - ||P~ Q^T||^2. At 8 bits and more P~^T P~ is
 * the identity but for 1e-4 and the correction is left out: it changed omega by at most 6e-5.
 * Rounding has one scale for each column (quantizer.ts). s = `iterations`, and at least 2 from a cold start.
 *
 * A block with m n <= r (m + n), vectors among them, would gain nothing from factors (PowerSGD's rule at a
 * compression rate of 1): it goes as int8 (vector.ts), or as float32 when the factors do.
 *
 * Body: section of P~, section of Q~ (factor-section.ts): r (m + n) b / 8 + 8 r bytes, each section's codes
 * rounded up to a byte, and 4 r (m + n) at 32 bits. parameter = r.
 */
import type { ByteWriter } from '../base/bytes.js';
import { choiceField, integerField, type RegistryEntry } from '../base/registry.js';
import { solveRightFactorInPlace } from '../linalg/least-squares.js';
import { addOuterProductInto, addOuterProductOfBytesInto } from '../linalg/outer-product.js';
import { beginPowerIteration } from '../linalg/power-iteration.js';
import { formDifference } from './block-message.js';
import {
  checkFactor,
  type FactorBits,
  type FactorForm,
  factorBits,
  readFactor,
  sectionBytes,
  writeFactorRounding,
} from './factor-section.js';
import {
  clippedRank,
  createUnfactored,
  factoredBytes,
  LOW_RANK_CODE,
  MAX_PRODUCT,
  MAX_RANK,
  requireRepresentable,
} from './factored.js';
import {
  type BlockDifference,
  type BlockParams,
  type BlockShape,
  type BlockState,
  type DifferenceOperator,
  type Operator,
  type OperatorDecoder,
  type OperatorFamily,
  type OperatorPlan,
  refuseParams,
  refuseValue,
  requireLength,
} from './operator.js';
import { iterate } from './warm-iteration.js';
import { createWarmStart, storeWarmStart, sweepsFrom, warmStartOf } from './warm-start.js';

/** More iterations than any spectrum needs in float32 once started warm. */
const MAX_ITERATIONS = 100;
/** Rounding at this many bits or fewer leaves P~ so far from orthonormal that Q is corrected for it. */
const CORRECTED_BITS = 4;

export interface LowRankOptions {
  /** r; clipped to min(m, n) of each block. */
  readonly rank: number;
  /** Bits per factor entry: 4 or 8 for codes, 16 for halves, 32 for float32. */
  readonly bits: FactorBits;
  /** Power iterations a message, warm. They cost time and no bytes. */
  readonly iterations: number;
}

/** The forms of both factors of a block. */
function formsOf(
  { rows, cols }: BlockShape,
  { bits, parameter: rank }: BlockParams,
): readonly [FactorForm, FactorForm] {
  return [
    { length: rows, rank, bits },
    { length: cols, rank, bits },
  ];
}

function createLowRankOperator(
  shape: BlockShape,
  { rank, bits, iterations }: LowRankOptions,
): DifferenceOperator {
  const { rows, cols } = shape;
  const params: BlockParams = { bits, parameter: rank };
  return {
    code: LOW_RANK_CODE,
    ...params,
    bodyBytes: factoredBytes(shape, { rank, bits }),
    createState: (random) => createWarmStart(rank * cols, random),
    encodeInto: encodeDifferenceInto,
    encodeDifferenceInto,
  };

  function encodeDifferenceInto(writer: ByteWriter, block: BlockDifference, state: BlockState): void {
    const start = warmStartOf(state);
    const iteration = beginPowerIteration(block, start.q);
    try {
      if (!Number.isFinite(iteration.energy)) formDifference(block); // which refuses it
      iterate(iteration, sweepsFrom(start, iterations), (left) => writeFactorRounding(writer, left, bits));
      const { left, right, energy } = iteration;
      if (bits <= CORRECTED_BITS) solveRightFactorInPlace(right, left);
      requireRepresentable(block, right, 1); // the left vectors have length 1, and rounding leaves room
      storeWarmStart(start, right, { rows, cols, energy });
      writeFactorRounding(writer, right, bits);
    } finally {
      iteration.end();
    }
  }
}

const decoder: OperatorDecoder = {
  code: LOW_RANK_CODE,
  name: 'low-rank',
  check(body, block, params) {
    const { bits, parameter: rank } = params;
    if (!factorBits.some((known) => known === bits)) {
      refuseParams(decoder, block, `got ${bits} bits, wanted ${factorBits.join(', ')}`);
    }
    const highest = Math.min(block.rows, block.cols);
    if (rank < 1 || rank > highest) refuseParams(decoder, block, `got rank ${rank}, wanted 1 to ${highest}`);
    const [leftForm, rightForm] = formsOf(block, params);
    const split = sectionBytes(leftForm);
    requireLength(body, block, split + sectionBytes(rightForm));
    const left = checkFactor(body.subarray(0, split), block, leftForm);
    const right = checkFactor(body.subarray(split), block, rightForm);
    if (!(rank * left * right <= MAX_PRODUCT))
      refuseValue(block, 'its factors have a product that is too large for float32');
  },
  decodeAddInto(out, body, params) {
    if (params.bits === 32) {
      addOuterProductOfBytesInto(out, body, params.parameter);
      return;
    }
    const [leftForm, rightForm] = formsOf(out, params);
    const split = sectionBytes(leftForm);
    const left = readFactor(body.subarray(0, split), leftForm);
    const right = readFactor(body.subarray(split), rightForm);
    addOuterProductInto(out, left, right);
  },
};

/** The operator for a block of `shape`: low rank where that saves numbers, else int8 or float32. */
export function planLowRank(shape: BlockShape, options: LowRankOptions): Operator | DifferenceOperator {
  const rank = clippedRank(shape, options.rank);
  if (rank === 0) return createUnfactored(shape, options.bits);
  return createLowRankOperator(shape, { ...options, rank });
}

const entry: RegistryEntry<LowRankOptions, OperatorPlan> = {
  name: 'low-rank',
  summary: 'power iteration with quantized factors; small blocks as int8',
  fields: {
    rank: integerField('columns of each factor', 8, 1, MAX_RANK),
    bits: choiceField('bits per factor entry; 16 is half precision, 32 is float32', 4, factorBits),
    iterations: integerField('power iterations a message', 1, 1, MAX_ITERATIONS),
  },
  make(options) {
    // A sender asks for the same blocks again with every message.
    const known = new WeakMap<BlockShape, Operator | DifferenceOperator>();
    const plan = (shape: BlockShape): Operator | DifferenceOperator => {
      const operator = known.get(shape) ?? planLowRank(shape, options);
      known.set(shape, operator);
      return operator;
    };
    return Object.assign(plan, {
      fused(shape: BlockShape) {
        const operator = plan(shape);
        return 'encodeDifferenceInto' in operator ? operator : undefined;
      },
    });
  },
};

export const lowRankFamily: OperatorFamily = { entry, decoder };
