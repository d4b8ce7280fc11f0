/**
 * `low-rank+B`: the factors of low-rank.ts, sent by another operator. P is handed over as the warm power iteration
 * leaves it, and Q is the least-squares factor for P as it arrives (factored.ts); B decides about bits, so that the
 * option `bits` of low-rank means nothing here. Blocks that low-rank would not factor go by B alone.
 */

import { clippedRank, createFactorFrame } from './factored.js';
import type { LowRankOptions } from './low-rank.js';
import { lowRankFamily } from './low-rank.js';
import type { BlockShape, FramedOperator, OperatorFamily, OperatorPlan } from './operator.js';
import { warmBasis } from './warm-iteration.js';

function createFrame(
  shape: BlockShape,
  { rank: wanted, iterations }: LowRankOptions,
): FramedOperator | undefined {
  const rank = clippedRank(shape, wanted);
  return rank === 0 ? undefined : createFactorFrame(shape, rank, warmBasis(rank, shape.cols, iterations));
}

/** low-rank, alone or with its numbers in the hands of another. */
export const carryingLowRankFamily: OperatorFamily = {
  ...lowRankFamily,
  entry: {
    ...lowRankFamily.entry,
    make: (options: LowRankOptions, spec: string): OperatorPlan =>
      Object.assign(lowRankFamily.entry.make(options, spec), {
        carrier: (shape: BlockShape) => createFrame(shape, options),
      }),
  },
};
