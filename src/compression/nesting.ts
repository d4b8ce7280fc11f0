/**
 * What compositions of operators share: how deep they may go, what randomness each part gets, and how a plan that
 * looks at the numbers of whole messages is asked about a single block.
 */
import { assert } from '../base/assert.js';
import { createRandom, nextUint32, type Random } from '../base/random.js';
import {
  type BlockShape,
  type BlockSlice,
  type BlockState,
  type Operator,
  type OperatorPlan,
  refuseParams,
} from './operator.js';

/**
 * Compositions within compositions. Two are useful (low rank, its factors sparse, their numbers quantized); the bound
 * keeps hostile bytes from recursing once for every 16 of them.
 */
export const MAX_DEPTH = 4;

/** Refuses a body that lies in MAX_DEPTH compositions and is one itself. */
export function requireDepth(decoder: { readonly name: string }, block: BlockShape, depth = 0): void {
  if (depth < MAX_DEPTH) return;
  refuseParams(decoder, block, `got compositions more than ${MAX_DEPTH} deep, which no sender makes`);
}

/** A generator of its own, drawn from `source`. */
export function splitRandom(source: Random): Random {
  return createRandom(nextUint32(source), nextUint32(source), nextUint32(source), nextUint32(source));
}

/** The operator for the numbers of one block, as if it were all of a message. */
export function settleBlock(plan: OperatorPlan, slice: BlockSlice, state: BlockState): Operator {
  const operator = plan.settle === undefined ? plan(slice) : plan.settle([slice], [state])[0];
  assert(operator !== undefined, 'a plan settles on one operator a block');
  return operator;
}
