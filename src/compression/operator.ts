/**
 * One compression operator on one matrix block: the seam along which this folder grows. A new operator is one
 * file that exports an OperatorFamily (how a spec becomes an operator, how its bytes are read back) and one line
 * in operators.ts; message.ts, registry.ts and the conformance suite need no change.
 *
 * Encoding and decoding are apart on purpose. The encoder may keep state, draw random numbers and take any route
 * to its numbers. The decoder is a pure function of bytes, block and header, and uses only + - x / sqrt in a fixed
 * order on float64 or float32, so that every peer computes the same bits.
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

/** The block x - y, entry by entry in float32, or x where there is no y. */
export interface BlockDifference extends BlockSlice {
  readonly subtrahend?: Float32Array | undefined;
}

/** State of one operator on one block; plain arrays, so that it can be stored. */
export type BlockState = CompressorState[number];

/** The part of the block header that an operator gives a meaning to. */
export interface BlockParams {
  /** Bits per number in the body, u8. */
  readonly bits: number;
  /** Rank or another number, u16; 0 when the operator has none. */
  readonly parameter: number;
  /** How many compositions this body lies in; absent for a block of the message. Never on the wire. */
  readonly depth?: number;
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

/** An operator that forms its differences itself, on the way to what it does with them, and checks them then. */
export interface DifferenceOperator extends Operator {
  /**
   * As encodeInto for the difference, to the bit.
   * @throws GrapevineError PAYLOAD_BAD_VALUE when an entry of the difference is not finite, too; `state` is as it was
   */
  encodeDifferenceInto(writer: ByteWriter, block: BlockDifference, state: BlockState): void;
}

/** Reads the bodies of one operator code. */
export interface OperatorDecoder {
  readonly code: number;
  /** For error messages. */
  readonly name: string;
  /**
   * Checks header and body against the block, completely: what passes can be added without a further check, and
   * adds finite numbers only. Allocates nothing that grows with the block; compositions, which have to add up what
   * their parts decode to, no more than a few times the block.
   * @throws GrapevineError PAYLOAD_BAD_OPERATOR (bits or parameter), PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE
   */
  check(body: Uint8Array, block: BlockShape, params: BlockParams): void;
  /**
   * out += float32(decoded value), entry by entry, for a body that has passed `check`. Each decoded value is
   * rounded to float32 before it is added, so that decoding first and adding later gives the same bits.
   */
  decodeAddInto(out: BlockSlice, body: Uint8Array, params: BlockParams): void;
}

/** Numbers that travel together, row-major: B sees a block of this shape. */
export interface Dimensions {
  readonly rows: number;
  readonly cols: number;
}

/** Sends the next numbers by B and returns them as the receiver will read them; both have rows * cols entries. */
export type SendNumbers = (numbers: Float32Array) => Float32Array;

/**
 * `A+B` seen from A: it sends some float32 numbers in a frame (which entries they are, how long the vectors were) and
 * leaves the numbers to an operator B. low-rank hands over its factors, top-k and rand-k the entries they keep.
 * carried.ts puts frame and numbers together.
 */
export interface FramedOperator extends BlockParams {
  readonly code: number;
  readonly frameBytes: number;
  /** Shapes of the numbers, in the order in which they are sent. */
  readonly parts: readonly Dimensions[];
  createState(random: Random): BlockState;
  /** Calls `send` once for each part, in order; returns the frame. */
  encode(block: BlockSlice, state: BlockState, send: SendNumbers): Uint8Array;
}

/** Frame and numbers of a body. */
export interface FramedNumbers {
  readonly frame: Uint8Array;
  readonly params: BlockParams;
  /** What B's decoder made of each part; finite. */
  readonly parts: readonly Float32Array[];
}

/** Reads the frames of one code. */
export interface FrameDecoder {
  readonly code: number;
  readonly name: string;
  /**
   * Checks the frame completely; returns the shapes of the parts, none larger in sum than twice the block.
   * @throws GrapevineError PAYLOAD_BAD_OPERATOR, PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE
   */
  checkFrame(frame: Uint8Array, block: BlockShape, params: BlockParams): readonly Dimensions[];
  /** Refuses finite numbers that would not give finite entries. @throws GrapevineError PAYLOAD_BAD_VALUE */
  checkNumbers(numbers: FramedNumbers, block: BlockShape): void;
  /** As OperatorDecoder.decodeAddInto, for what has passed both checks. */
  addInto(out: BlockSlice, numbers: FramedNumbers): void;
}

/**
 * The operators that a compressor uses. For most families the shape of a block decides, and a plan is a plain
 * function; the rest is for those that look at the numbers first (adaptive rank) or work with others (`A+B`).
 */
export interface OperatorPlan {
  /** The operator for a block of this shape: its state, and the longest body that it may make. */
  (shape: BlockShape): Operator;
  /**
   * The operators of one message, one a block, chosen in sight of all its numbers. Each may differ from the one that
   * the shape gives in parameter and in a shorter body, not in its state, which is there already.
   */
  readonly settle?: (slices: readonly BlockSlice[], state: CompressorState) => readonly Operator[];
  /** Longest message for these blocks where that is less than the sum over blocks (a budget). */
  readonly messageBytes?: (blocks: readonly BlockShape[]) => number;
  /** The operator for a block where it takes differences unformed; a composition that looks at them has none. */
  readonly fused?: (shape: BlockShape) => DifferenceOperator | undefined;
  /** Hands the numbers of a block to another operator; undefined for a block that this one would not change. */
  readonly carrier?: (shape: BlockShape) => FramedOperator | undefined;
}

/** What an operator's file exports. */
export interface OperatorFamily {
  readonly entry: AnyEntry<OperatorPlan>;
  /** Absent when the bodies are those of another family. */
  readonly decoder?: OperatorDecoder;
  /** Reads frames around the numbers of others, when the family has a carrier of its own. */
  readonly frameDecoder?: FrameDecoder;
}

/** All decoders by code. */
export interface DecoderTable {
  /** The decoder of `code`, or undefined when there is none. */
  find(code: number): OperatorDecoder | undefined;
  /** "1 none, 2 int8, ...": what error messages list. */
  list(): string;
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
