/**
 * Error feedback around any compressor, `ef+A` (Seide et al. 2014, "1-bit stochastic gradient descent"; Karimireddy
 * et al. 2019, "Error feedback fixes SignSGD", algorithm 1). The sender keeps what it has not sent yet:
 *
 *     send C(z + e),     e <- z + e - C(z + e)
 *
 * so that all that is ever sent adds up to all that was to be sent but for the current e. For streams of gradients or
 * updates. Edge-CHOCO and CHOCO compress differences to a replica of what was received and so carry their error along
 * already; with `ef+` it would be added twice.
 *
 * The bytes are those of A: receivers see no difference. State: `e`, as many float32 as the block has, beside A's own.
 */

import { assert } from '../base/assert.js';
import { ByteReader, ByteWriter } from '../base/bytes.js';
import { BLOCK_HEADER_BYTES, encodeBlockInto, reopenBlock, requireFinite } from './block-message.js';
import { innerState, nestState } from './nested-state.js';
import type { BlockShape, BlockSlice, BlockState, DecoderTable, Operator, OperatorPlan } from './operator.js';

const INNER = 'inner';

/** The error kept in `state`. */
function errorOf(state: BlockState): Float32Array {
  const { e } = state;
  assert(e instanceof Float32Array, 'an error-feedback state holds e');
  return e;
}

/** z + e, refused where it leaves float32. */
function correct(slice: BlockSlice, state: BlockState): BlockSlice {
  const error = errorOf(state);
  const corrected = { ...slice, values: slice.values.map((value, i) => value + error[i]) };
  requireFinite(corrected);
  return corrected;
}

function wrap(shape: BlockShape, inner: Operator, decoders: DecoderTable): Operator {
  return {
    ...inner,
    createState: (random) => ({
      ...nestState(INNER, inner.createState(random)),
      e: new Float32Array(shape.rows * shape.cols),
    }),
    encodeInto(writer, slice, state) {
      const corrected = correct(slice, state);
      const part = new ByteWriter(BLOCK_HEADER_BYTES + inner.bodyBytes);
      encodeBlockInto(part, { operator: inner, slice: corrected, state: innerState(INNER, state) });
      const { decoder, params, body } = reopenBlock(new ByteReader(part.finish()), { decoders, depth: 0 });
      writer.bytes(body);
      const sent = new Float32Array(corrected.values.length);
      decoder.decodeAddInto({ ...slice, values: sent }, body, params);
      const error = errorOf(state);
      for (let i = 0; i < error.length; i++) error[i] = corrected.values[i] - sent[i];
    },
  };
}

/** The plan of `ef+inner`. */
export function planErrorFeedback(inner: OperatorPlan, decoders: DecoderTable): OperatorPlan {
  const { settle, messageBytes } = inner;
  const settled: OperatorPlan['settle'] =
    settle &&
    ((slices, state) => {
      const corrected = slices.map((slice, k) => correct(slice, state[k]));
      const operators = settle(
        corrected,
        state.map((own) => innerState(INNER, own)),
      );
      return operators.map((operator, k) => wrap(slices[k], operator, decoders));
    });
  return Object.assign(
    (shape: BlockShape) => wrap(shape, inner(shape), decoders),
    settled && { settle: settled },
    messageBytes && { messageBytes },
  );
}
