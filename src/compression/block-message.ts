/**
 * One block's part of a message: the header of 8 bytes (message.ts has its table) and the body. Bodies that hold
 * other bodies (staged.ts, carried.ts) use the same form inside, so that what is nested describes itself as well.
 */
import { assert } from '../base/assert.js';
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { GrapevineError } from '../base/errors.js';
import { differenceInto, largestMagnitude } from '../linalg/difference.js';
import {
  type BlockDifference,
  type BlockParams,
  type BlockShape,
  type BlockSlice,
  type BlockState,
  type DecoderTable,
  type DifferenceOperator,
  type Operator,
  type OperatorDecoder,
  refuseValue,
} from './operator.js';

export const BLOCK_HEADER_BYTES = 8;

/** @throws GrapevineError PAYLOAD_BAD_VALUE at the first entry that is not finite */
export function requireFinite(block: BlockSlice): void {
  if (!Number.isFinite(largestMagnitude(block.values))) refuseNotFinite(block);
}

/** Refuses a block for the first of its entries that is not finite. */
function refuseNotFinite(block: BlockSlice): never {
  const at = block.values.findIndex((value) => !Number.isFinite(value));
  return refuseValue(
    block,
    `entry ${at} is ${block.values[at]}, wanted a finite number. Lower the learning rate.`,
  );
}

/**
 * x - y, stored in `values` where that is given, or x where there is no y.
 * @throws GrapevineError PAYLOAD_BAD_VALUE at the first entry that is not finite
 */
export function formDifference(
  block: BlockDifference,
  values: Float32Array = new Float32Array(block.subtrahend?.length ?? 0),
): BlockSlice {
  const { name, rows, cols, subtrahend } = block;
  if (subtrahend === undefined) {
    requireFinite(block);
    return block;
  }
  const formed = { name, rows, cols, values };
  if (!differenceInto(values, block.values, subtrahend)) refuseNotFinite(formed);
  return formed;
}

/** Appends header and body of one block; the header's length is that of the body written. */
export function encodeBlockInto(
  writer: ByteWriter,
  block: { readonly operator: Operator; readonly slice: BlockSlice; readonly state: BlockState },
): void {
  const { operator, slice, state } = block;
  writePart(writer, { operator, name: slice.name }, () => operator.encodeInto(writer, slice, state));
}

/** As encodeBlockInto, for an operator that forms the difference itself. */
export function encodeDifferenceInto(
  writer: ByteWriter,
  block: {
    readonly operator: DifferenceOperator;
    readonly difference: BlockDifference;
    readonly state: BlockState;
  },
): void {
  const { operator, difference, state } = block;
  writePart(writer, { operator, name: difference.name }, () =>
    operator.encodeDifferenceInto(writer, difference, state),
  );
}

function writePart(
  writer: ByteWriter,
  { operator, name }: { readonly operator: Operator; readonly name: string },
  writeBody: () => void,
): void {
  writer.u8(operator.code);
  writer.u8(operator.bits);
  writer.u16(operator.parameter);
  const lengthAt = writer.length;
  writer.u32(operator.bodyBytes);
  writeBody();
  const bodyBytes = writer.length - lengthAt - 4;
  if (operator.variableLength) writer.patchU32(lengthAt, bodyBytes);
  const fits = operator.variableLength ? bodyBytes <= operator.bodyBytes : bodyBytes === operator.bodyBytes;
  if (!fits) assert(false, `the body of block "${name}" has ${operator.bodyBytes} bytes, not ${bodyBytes}`);
}

/** A block's part of a message. */
export interface BlockMessage {
  readonly decoder: OperatorDecoder;
  readonly params: BlockParams;
  readonly body: Uint8Array;
}

export interface ReadContext {
  readonly decoders: DecoderTable;
  /** How many compositions the block lies in: 0 in a message. */
  readonly depth: number;
}

/** Reads the next part without checking its body, for bytes that readBlock has accepted before. */
export function reopenBlock(reader: ByteReader, { decoders, depth }: ReadContext): BlockMessage {
  const decoder = decoders.find(reader.u8());
  assert(decoder !== undefined, 'a part that was checked has a decoder');
  const params = { bits: reader.u8(), parameter: reader.u16(), depth };
  return { decoder, params, body: reader.bytes(reader.u32()) };
}

/**
 * Reads the next part and checks it completely.
 * @throws GrapevineError PAYLOAD_BAD_OPERATOR, PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE
 */
export function readBlock(
  reader: ByteReader,
  block: BlockShape,
  { decoders, depth }: ReadContext,
): BlockMessage {
  const code = reader.u8();
  const params = { bits: reader.u8(), parameter: reader.u16(), depth };
  const body = reader.bytes(reader.u32());
  const decoder = decoders.find(code);
  if (decoder === undefined) {
    throw new GrapevineError(
      'PAYLOAD_BAD_OPERATOR',
      `block "${block.name}": got operator ${code}, wanted one of ${decoders.list()}. Drop the message; the sender may run a newer version.`,
      { block: block.name, code },
    );
  }
  decoder.check(body, block, params);
  return { decoder, params, body };
}

/** Refuses bytes after the last part of a composed body. */
export function requireEnd(reader: ByteReader, { name }: BlockShape): void {
  if (reader.remaining === 0) return;
  throw new GrapevineError(
    'PAYLOAD_BAD_LENGTH',
    `block "${name}": got ${reader.remaining} bytes after the last part of its body, wanted none. Drop the message.`,
    { block: name, got: reader.remaining },
  );
}
