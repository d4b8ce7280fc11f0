/**
 * Two stages, `A++B`: A sends the block and B what A left over. For contractions
 *
 *     C(z) = A(z) + B(z - A(z)),     ||C(z) - z||^2 <= (1 - omega_A) (1 - omega_B) ||z||^2
 *
 * A(z) is what the receiver decodes, so that B mends the rounding of A as well. A few leading directions by low rank
 * and the sign of the rest, for one.
 *
 * Body: the part of A, then the part of B, each with a block header of its own (block-message.ts). bits = 0,
 * parameter = 0. Entry: out = f32(out + f32(a + b)), where a and b are what the parts decode to, float32 each.
 */
import { ByteReader, ByteWriter } from '../base/bytes.js';
import {
  BLOCK_HEADER_BYTES,
  encodeBlockInto,
  type ReadContext,
  readBlock,
  reopenBlock,
  requireEnd,
  requireFinite,
} from './block-message.js';
import { innerState, nestState } from './nested-state.js';
import { requireDepth, settleBlock, splitRandom } from './nesting.js';
import {
  type BlockShape,
  type BlockSlice,
  type DecoderTable,
  type Operator,
  type OperatorDecoder,
  type OperatorPlan,
  refuseParams,
  refuseValue,
} from './operator.js';

const STAGED_CODE = 41;

interface Stages {
  readonly first: Operator;
  readonly second: OperatorPlan;
}

/** The parts of `body`, decoded and added up: a new array of the block's size. */
function sumOfParts(
  shape: BlockShape,
  body: Uint8Array,
  open: (reader: ByteReader) => ReturnType<typeof reopenBlock>,
): { sum: Float32Array; reader: ByteReader } {
  const reader = new ByteReader(body);
  const { name, rows, cols } = shape;
  const sum = new Float32Array(rows * cols);
  for (let part = 0; part < 2; part++) {
    const { decoder, body: inner, params } = open(reader);
    decoder.decodeAddInto({ name, rows, cols, values: sum }, inner, params);
  }
  return { sum, reader };
}

function createStagedOperator(shape: BlockShape, stages: Stages, decoders: DecoderTable): Operator {
  const { first, second } = stages;
  const longest = second(shape);
  const variable = first.variableLength || longest.variableLength || second.settle !== undefined;
  return {
    code: STAGED_CODE,
    bits: 0,
    parameter: 0,
    bodyBytes: 2 * BLOCK_HEADER_BYTES + first.bodyBytes + longest.bodyBytes,
    ...(variable ? { variableLength: true as const } : {}),
    createState(random) {
      const firstState = nestState('first', first.createState(splitRandom(random)));
      return { ...firstState, ...nestState('second', longest.createState(splitRandom(random))) };
    },
    encodeInto(writer, slice, state) {
      const part = new ByteWriter(BLOCK_HEADER_BYTES + first.bodyBytes);
      encodeBlockInto(part, { operator: first, slice, state: innerState('first', state) });
      const bytes = part.finish();
      writer.bytes(bytes);
      const { decoder, params, body } = reopenBlock(new ByteReader(bytes), { decoders, depth: 1 });
      const rest: BlockSlice = { ...slice, values: new Float32Array(slice.values.length) };
      decoder.decodeAddInto(rest, body, params);
      for (let i = 0; i < rest.values.length; i++) rest.values[i] = slice.values[i] - rest.values[i];
      requireFinite(rest);
      const restState = innerState('second', state);
      const operator = settleBlock(second, rest, restState);
      encodeBlockInto(writer, { operator, slice: rest, state: restState });
    },
  };
}

/** The plan of `first++second`. */
export function planStaged(first: OperatorPlan, second: OperatorPlan, decoders: DecoderTable): OperatorPlan {
  const wrap = (shape: BlockShape, operator: Operator) =>
    createStagedOperator(shape, { first: operator, second }, decoders);
  const { settle } = first;
  return Object.assign(
    (shape: BlockShape) => wrap(shape, first(shape)),
    settle && {
      settle: ((slices, state) =>
        settle(
          slices,
          state.map((own) => innerState('first', own)),
        ).map((operator, k) => wrap(slices[k], operator))) satisfies OperatorPlan['settle'],
    },
  );
}

/** The decoder of two-stage bodies, whose parts `decoders` read. */
export function createStagedDecoder(decoders: DecoderTable): OperatorDecoder {
  const contextOf = (depth = 0): ReadContext => ({ decoders, depth: depth + 1 });
  const decoder: OperatorDecoder = {
    code: STAGED_CODE,
    name: 'two stages',
    check(body, block, { bits, parameter, depth }) {
      if (bits !== 0 || parameter !== 0)
        refuseParams(decoder, block, `got bits ${bits} and parameter ${parameter}, wanted 0 and 0`);
      requireDepth(decoder, block, depth);
      const context = contextOf(depth);
      const { sum, reader } = sumOfParts(block, body, (from) => readBlock(from, block, context));
      requireEnd(reader, block);
      const bad = sum.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) refuseValue(block, `its stages add up to ${sum[bad]} at entry ${bad}`);
    },
    decodeAddInto(out, body, { depth }) {
      const context = contextOf(depth);
      const { sum } = sumOfParts(out, body, (from) => reopenBlock(from, context));
      for (let i = 0; i < sum.length; i++) out.values[i] += sum[i];
    },
  };
  return decoder;
}
