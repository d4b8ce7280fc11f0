/**
 * Numbers of one operator sent by another, `A+B`: A decides which numbers describe the block (the factors of low-rank
 * and svd, the entries that top-k and rand-k keep) and B how each number travels. If B changes what A sends by the
 * share eps_B of its energy, and A sends an orthogonal part of z (kept entries, an exact basis),
 *
 *     omega = omega_A (1 - eps_B)
 *
 * Both factors of a low-rank A are rounded: the right one is computed for the left one as it arrives
 * (factored.ts), so that the formula holds for the error of the right factor, and for the left one's it is a guide. Choose a
 * B that contracts: unbiased ones with a variance near 1 leave little of a basis. On 785 x 128 with sigma_q = 1 / q,
 * low-rank (r = 8) alone at 32 bits and `low-rank+int8` both hold 0.93 of the energy, `low-rank+qsgd` 0.08.
 *
 * Body: the part of A (block header and frame), then the parts of B (block header and body), as many as A's frame
 * asks for. bits = 0, parameter = 0.
 */
import { assert } from '../base/assert.js';
import { ByteReader, ByteWriter } from '../base/bytes.js';
import {
  BLOCK_HEADER_BYTES,
  type BlockMessage,
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
  type BlockState,
  type DecoderTable,
  type Dimensions,
  type FrameDecoder,
  type FramedNumbers,
  type FramedOperator,
  type Operator,
  type OperatorDecoder,
  type OperatorPlan,
  refuseParams,
} from './operator.js';

const CARRIED_CODE = 40;

/** A block of the numbers of a part, under the name of the block that they describe. */
const partShape = ({ name }: BlockShape, { rows, cols }: Dimensions): BlockShape => ({ name, rows, cols });

const partKey = (part: number): string => `part${part}`;

/** Sends one part after another by B, and tells what arrives. */
function sendPart(
  writer: ByteWriter,
  part: { readonly slice: BlockSlice; readonly inner: OperatorPlan; readonly state: BlockState },
  decoders: DecoderTable,
): Float32Array {
  const { slice, inner, state } = part;
  requireFinite(slice);
  const scratch = new ByteWriter();
  encodeBlockInto(scratch, { operator: settleBlock(inner, slice, state), slice, state });
  const bytes = scratch.finish();
  writer.bytes(bytes);
  const { decoder, params, body } = reopenBlock(new ByteReader(bytes), { decoders, depth: 1 });
  const arrived = new Float32Array(slice.values.length);
  decoder.decodeAddInto({ ...slice, values: arrived }, body, params);
  return arrived;
}

function createCarriedOperator(
  shape: BlockShape,
  { framed, inner }: { readonly framed: FramedOperator; readonly inner: OperatorPlan },
  decoders: DecoderTable,
): Operator {
  const shapes = framed.parts.map((part) => partShape(shape, part));
  const longest = shapes.map((part) => inner(part));
  const variable = inner.settle !== undefined || longest.some((operator) => operator.variableLength);
  return {
    code: CARRIED_CODE,
    bits: 0,
    parameter: 0,
    bodyBytes: longest.reduce(
      (sum, { bodyBytes }) => sum + BLOCK_HEADER_BYTES + bodyBytes,
      BLOCK_HEADER_BYTES + framed.frameBytes,
    ),
    ...(variable ? { variableLength: true as const } : {}),
    createState(random) {
      const own = nestState('frame', framed.createState(splitRandom(random)));
      const parts = longest.map((operator, k) =>
        nestState(partKey(k), operator.createState(splitRandom(random))),
      );
      return Object.assign(own, ...parts);
    },
    encodeInto(writer, slice, state) {
      const parts = new ByteWriter();
      let sent = 0;
      const frame = framed.encode(slice, innerState('frame', state), (values) => {
        const part = {
          slice: { ...shapes[sent], values },
          inner,
          state: innerState(partKey(sent), state),
        };
        sent++;
        return sendPart(parts, part, decoders);
      });
      assert(sent === shapes.length, `a frame sends its ${shapes.length} parts, not ${sent}`);
      writer.u8(framed.code);
      writer.u8(framed.bits);
      writer.u16(framed.parameter);
      writer.u32(frame.length);
      writer.bytes(frame);
      writer.bytes(parts.finish());
    },
  };
}

/** The plan of `outer+inner`. Blocks that `outer` would not change go by `inner` alone. */
export function planCarried(
  carrier: NonNullable<OperatorPlan['carrier']>,
  inner: OperatorPlan,
  decoders: DecoderTable,
): OperatorPlan {
  return (shape) => {
    const framed = carrier(shape);
    return framed === undefined ? inner(shape) : createCarriedOperator(shape, { framed, inner }, decoders);
  };
}

/** The decoder of carried bodies: frames by `frames`, numbers by `decoders`. */
export function createCarriedDecoder(
  decoders: DecoderTable,
  frames: readonly FrameDecoder[],
): OperatorDecoder {
  const contextOf = (depth = 0): ReadContext => ({ decoders, depth: depth + 1 });
  const frameOf = (code: number, block: BlockShape): FrameDecoder =>
    frames.find((frame) => frame.code === code) ??
    refuseParams(decoder, block, `got the frame ${code}, wanted one of ${listFrames(frames)}`);
  /** Everything before the numbers, and the numbers as `read` gives them. */
  const openBody = (
    block: BlockShape,
    body: Uint8Array,
    read: (reader: ByteReader, shape: BlockShape) => BlockMessage,
  ) => {
    const reader = new ByteReader(body);
    const frameDecoder = frameOf(reader.u8(), block);
    const params = { bits: reader.u8(), parameter: reader.u16() };
    const frame = reader.bytes(reader.u32());
    const parts = frameDecoder.checkFrame(frame, block, params).map((dimensions) => {
      const shape = partShape(block, dimensions);
      const part = read(reader, shape);
      const values = new Float32Array(shape.rows * shape.cols);
      part.decoder.decodeAddInto({ ...shape, values }, part.body, part.params);
      return values;
    });
    const numbers: FramedNumbers = { frame, params, parts };
    return { frameDecoder, numbers, reader };
  };
  const decoder: OperatorDecoder = {
    code: CARRIED_CODE,
    name: 'carried numbers',
    check(body, block, { bits, parameter, depth }) {
      if (bits !== 0 || parameter !== 0)
        refuseParams(decoder, block, `got bits ${bits} and parameter ${parameter}, wanted 0 and 0`);
      requireDepth(decoder, block, depth);
      const context = contextOf(depth);
      const { frameDecoder, numbers, reader } = openBody(block, body, (from, shape) =>
        readBlock(from, shape, context),
      );
      requireEnd(reader, block);
      frameDecoder.checkNumbers(numbers, block);
    },
    decodeAddInto(out, body, { depth }) {
      const context = contextOf(depth);
      const { frameDecoder, numbers } = openBody(out, body, (from) => reopenBlock(from, context));
      frameDecoder.addInto(out, numbers);
    },
  };
  return decoder;
}

function listFrames(frames: readonly FrameDecoder[]): string {
  return frames.map(({ code, name }) => `${code} ${name}`).join(', ');
}
