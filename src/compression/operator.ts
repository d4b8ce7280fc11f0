/**
 * One compression operator on one matrix block: the seam along which this folder grows. A new operator is one
 * file that exports an OperatorFamily (how a spec becomes an operator, how its bytes are read back) and one line
 * in operators.ts; message.ts, registry.ts and the conformance suite need no change.
 *
 * Encoding and decoding are apart on purpose. The encoder may keep state, draw random numbers and take any route
 * to its numbers. The decoder is a pure function of bytes, block and header, and uses only + - x / sqrt in a fixed
 * order on float64, so that every peer computes the same bits.
 */
import type { ByteWriter } from '../base/bytes.js';
import { GrapevineError } from '../base/errors.js';
import type { Random } from '../base/random.js';
import type { AnyEntry } from '../base/registry.js';
import type { CompressorState } from './compressor.js';

/** What an operator may know of a block; a MatrixBlock is one. */
export interface BlockShape {
  /** For error messages. */
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

/** A block with its numbers: `values` is the view of its rows * cols entries, row-major. */
export interface BlockSlice extends BlockShape {
  readonly values: Float32Array;
}

/** State of one operator on one block; plain arrays, so that it can be stored. */
export type BlockState = CompressorState[number];

/** The part of the block header that an operator gives a meaning to. */
export interface BlockParams {
  /** Bits per number in the body, u8. */
  readonly bits: number;
  /** Rank or another number, u16; 0 when the operator has none. */
  readonly parameter: number;
}

/** The encoder of one block; its shape is fixed when it is made. */
export interface Operator extends BlockParams {
  /** Which decoder reads the body, u8. */
  readonly code: number;
  /** Length of every body in bytes; the longest where `variableLength` is set. */
  readonly bodyBytes: number;
  /** The body's length depends on the values (Elias codes, thresholds). */
  readonly variableLength?: true;
  /** Fresh state. `random` belongs to this block alone and may be stored in the state. */
  createState(random: Random): BlockState;
  /**
   * Appends bodyBytes bytes (at most, with `variableLength`) for `block`, whose values are finite; advances `state`.
   * @throws GrapevineError PAYLOAD_BAD_VALUE when the values are too large for the body's number format.
   */
  encodeInto(writer: ByteWriter, block: BlockSlice, state: BlockState): void;
}

/** Reads the bodies of one operator code. */
export interface OperatorDecoder {
  readonly code: number;
  /** For error messages. */
  readonly name: string;
  /**
   * Checks header and body against the block, completely: what passes can be added without a further check, and
   * adds finite numbers only. Allocates nothing that grows with the block.
   * @throws GrapevineError PAYLOAD_BAD_OPERATOR (bits or parameter), PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE
   */
  check(body: Uint8Array, block: BlockShape, params: BlockParams): void;
  /**
   * out += float32(decoded value), entry by entry, for a body that has passed `check`. Each decoded value is
   * rounded to float32 before it is added, so that decoding first and adding later gives the same bits.
   */
  decodeAddInto(out: BlockSlice, body: Uint8Array, params: BlockParams): void;
}

/** The operator that a compressor uses for a block of this shape. */
export type OperatorPlan = (shape: BlockShape) => Operator;

/** What an operator's file exports. */
export interface OperatorFamily {
  readonly entry: AnyEntry<OperatorPlan>;
  readonly decoder: OperatorDecoder;
}

/** Largest finite float32: (2 - 2^-23) 2^127. */
export const MAX_FLOAT32 = 3.4028234663852886e38;

/** Refuses a header field that this operator does not have for this block. */
export function refuseParams(decoder: { readonly name: string }, block: BlockShape, problem: string): never {
  throw new GrapevineError(
    'PAYLOAD_BAD_OPERATOR',
    `block "${block.name}" (${block.rows} x ${block.cols}), operator ${decoder.name}: ${problem}. Drop the message; sender and receiver may run different versions.`,
    { block: block.name, operator: decoder.name },
  );
}

/** Refuses a body whose length is not `wanted`. */
export function requireLength(body: Uint8Array, block: BlockShape, wanted: number): void {
  if (body.length === wanted) return;
  throw new GrapevineError(
    'PAYLOAD_BAD_LENGTH',
    `block "${block.name}" (${block.rows} x ${block.cols}): got a body of ${body.length} bytes, wanted ${wanted}. Drop the message; the sender may train another model.`,
    { block: block.name, got: body.length, wanted },
  );
}

/** Refuses a number inside a body, or a block that cannot be encoded. */
export function refuseValue(block: BlockShape, problem: string): never {
  throw new GrapevineError(
    'PAYLOAD_BAD_VALUE',
    `block "${block.name}" (${block.rows} x ${block.cols}): ${problem}`,
    {
      block: block.name,
    },
  );
}

/** Reads numbers from `body` at any byte offset; nothing is copied. */
export function viewOf(body: Uint8Array): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength);
}
