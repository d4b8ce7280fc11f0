/**
 * A compressed vector as bytes. For each block, in layout order, a header of 8 bytes and a body:
 *
 * offset bytes field      meaning
 *      0     1 operator   which decoder reads the body (operators.ts)
 *      1     1 bits       bits per number in the body
 *      2     2 parameter  rank, or another number the operator names; little-endian, as all that follows
 *      4     4 bodyBytes  length of the body; must be what the operator's formula says for this block
 *      8     - body       the operator's file has its layout
 *
 * The message describes itself: the receiver needs the blocks and nothing of the sender's options. Decoding runs
 * twice over the message, first to check all of it, then to add; what is refused has changed nothing.
 */
import { assert } from '../base/assert.js';
import { ByteReader, ByteWriter } from '../base/bytes.js';
import { GrapevineError } from '../base/errors.js';
import { kernelsHolding } from '../linalg/vectors.js';
import {
  BLOCK_HEADER_BYTES,
  type BlockMessage,
  encodeBlockInto,
  encodeDifferenceInto,
  formDifference,
  readBlock,
} from './block-message.js';
import type { CompressorState, MatrixBlock } from './compressor.js';
import type { BlockDifference, BlockSlice, OperatorPlan } from './operator.js';
import { decoderTable } from './operators.js';

export { BLOCK_HEADER_BYTES } from './block-message.js';

/** The numbers of the flat vector that belong to `block`; a view. */
function cut(vector: Float32Array, { name, offset, rows, cols }: MatrixBlock): Float32Array {
  const end = offset + rows * cols;
  const inside = rows > 0 && cols > 0 && end <= vector.length;
  if (!inside) assert(false, `block "${name}" lies inside a vector of ${vector.length}`);
  return vector.subarray(offset, end);
}

/** The blocks of vectors that live long, as views: a peer asks for the same ones each round, and making them takes time. */
const keptParts = new WeakMap<
  Float32Array,
  { readonly blocks: readonly MatrixBlock[]; readonly parts: readonly Float32Array[] }
>();

/** The numbers of each block; views. */
function partsOf(vector: Float32Array, blocks: readonly MatrixBlock[]): readonly Float32Array[] {
  const kept = keptParts.get(vector);
  if (kept?.blocks === blocks) return kept.parts;
  const parts = blocks.map((block) => cut(vector, block));
  if (kernelsHolding(vector) !== null) keptParts.set(vector, { blocks, parts });
  return parts;
}

/** Blocks with their numbers in the flat vector. */
function slicesOf(vector: Float32Array, blocks: readonly MatrixBlock[]): readonly BlockSlice[] {
  const parts = partsOf(vector, blocks);
  return blocks.map(({ name, rows, cols }, k) => ({ name, rows, cols, values: parts[k] }));
}

/** The parts of values - subtrahend that belong to the blocks; views. */
function differencesOf(
  values: Float32Array,
  subtrahend: Float32Array | undefined,
  blocks: readonly MatrixBlock[],
): readonly BlockDifference[] {
  const x = partsOf(values, blocks);
  const y = subtrahend === undefined ? undefined : partsOf(subtrahend, blocks);
  return blocks.map(({ name, rows, cols }, k) => ({ name, rows, cols, values: x[k], subtrahend: y?.[k] }));
}

/** Where differences are formed that no operator forms itself. Used within one message, and kept for the next. */
let scratch = new Float32Array(0);

function scratchFor(length: number): Float32Array {
  if (scratch.length < length) scratch = new Float32Array(length);
  return scratch;
}

/** Where states are copied to: a sender has the same arrays message after message, and allocating takes time. */
const keptCopies = new WeakMap<CompressorState[number], CompressorState[number]>();

/** The arrays of one block's state, copied; good until the next call. */
function copyOf(state: CompressorState[number]): CompressorState[number] {
  const copy = keptCopies.get(state) ?? {};
  for (const key in state) {
    const array = state[key];
    if (copy[key]?.length === array.length) copy[key].set(array);
    else copy[key] = array.slice();
  }
  keptCopies.set(state, copy);
  return copy;
}

/** The differences of the blocks that `chosen` names, in the scratch one after another. */
function formUnfused(
  differences: readonly BlockDifference[],
  chosen: (k: number) => boolean,
): readonly (BlockSlice | undefined)[] {
  let length = 0;
  differences.forEach(({ values }, k) => {
    if (chosen(k)) length += values.length;
  });
  const space = scratchFor(length);
  let start = 0;
  return differences.map((difference, k) => {
    if (!chosen(k)) return undefined;
    const end = start + difference.values.length;
    const formed = formDifference(difference, space.subarray(start, end));
    start = end;
    return formed;
  });
}

/**
 * Blocks by fused operators where there are any. Those find out what is not finite when earlier blocks have been
 * encoded: the states are put back then. They are small: a factor, or nothing.
 */
function encodeFused(
  writer: ByteWriter,
  { blocks, differences }: { blocks: readonly MatrixBlock[]; differences: readonly BlockDifference[] },
  { plan, state }: Sender,
): void {
  const operators = blocks.map((block) => plan.fused?.(block));
  const formed = formUnfused(differences, (k) => operators[k] === undefined);
  const before = state.map(copyOf);
  try {
    differences.forEach((difference, k) => {
      const [operator, slice] = [operators[k], formed[k]];
      if (operator !== undefined) encodeDifferenceInto(writer, { operator, difference, state: state[k] });
      else if (slice !== undefined)
        encodeBlockInto(writer, { operator: plan(blocks[k]), slice, state: state[k] });
    });
  } catch (error) {
    before.forEach((copy, k) => {
      for (const key in copy) state[k][key].set(copy[key]);
    });
    throw error;
  }
}

/** Length of the (longest) messages that `plan` makes for `blocks`, in bytes: 8 a block and the bodies. */
export function messageBytes(blocks: readonly MatrixBlock[], plan: OperatorPlan): number {
  if (plan.messageBytes !== undefined) return plan.messageBytes(blocks);
  return blocks.reduce((sum, block) => sum + BLOCK_HEADER_BYTES + plan(block).bodyBytes, 0);
}

/** What makes a message: operators, their states, and what is subtracted first (in float32, entry by entry). */
export interface Sender {
  readonly plan: OperatorPlan;
  readonly state: CompressorState;
  readonly subtrahend?: Float32Array | undefined;
}

/**
 * Encodes `values` - `sender.subtrahend` block by block with the operators of `sender.plan`; advances `sender.state`.
 * @throws GrapevineError PAYLOAD_BAD_VALUE naming the block: when a value is not finite, with no state changed;
 * when values are too large for an operator's numbers, with the states of earlier blocks advanced.
 */
export function encodeMessage(
  values: Float32Array,
  blocks: readonly MatrixBlock[],
  sender: Sender,
): Uint8Array {
  assert(
    sender.state.length === blocks.length,
    `state has one entry a block: ${sender.state.length}, ${blocks.length}`,
  );
  const differences = differencesOf(values, sender.subtrahend, blocks);
  const writer = new ByteWriter(messageBytes(blocks, sender.plan));
  if (sender.plan.fused !== undefined) {
    encodeFused(writer, { blocks, differences }, sender);
    return writer.finish();
  }
  const formed = scratchFor(sender.subtrahend === undefined ? 0 : values.length);
  const slices = differences.map((difference, k) => {
    const { offset, rows, cols } = blocks[k];
    return formDifference(difference, formed.subarray(offset, offset + rows * cols));
  });
  const operators = sender.plan.settle?.(slices, sender.state) ?? slices.map((slice) => sender.plan(slice));
  slices.forEach((slice, index) => {
    encodeBlockInto(writer, { operator: operators[index], slice, state: sender.state[index] });
  });
  return writer.finish();
}

/** Checks all of `message` and returns its parts, one a block, as views. */
function readMessage(message: Uint8Array, blocks: readonly MatrixBlock[]): readonly BlockMessage[] {
  const reader = new ByteReader(message);
  const parts = blocks.map((block) => readBlock(reader, block, { decoders: decoderTable, depth: 0 }));
  if (reader.remaining > 0) {
    throw new GrapevineError(
      'PAYLOAD_BAD_LENGTH',
      `got ${reader.remaining} bytes after the last of ${blocks.length} blocks, wanted none. Drop the message; the sender may train another model.`,
      { got: message.length, wanted: message.length - reader.remaining },
    );
  }
  return parts;
}

/**
 * out += the decoded message, each decoded value rounded to float32 first. The same bytes and the same `out` give
 * the same bits on every machine. A refused message leaves `out` as it was; an accepted one adds finite numbers
 * only (their sum with `out` may still overflow: that is the caller's to see).
 * @throws GrapevineError PAYLOAD_BAD_OPERATOR, PAYLOAD_BAD_LENGTH, PAYLOAD_BAD_VALUE
 */
export function decodeAddInto(out: Float32Array, message: Uint8Array, blocks: readonly MatrixBlock[]): void {
  const slices = slicesOf(out, blocks);
  readMessage(message, blocks).forEach(({ decoder, params, body }, index) => {
    decoder.decodeAddInto(slices[index], body, params);
  });
}

/**
 * out = the decoded message on every block; entries of `out` outside the blocks stay as they are.
 * @throws GrapevineError as decodeAddInto; a refused message leaves `out` as it was.
 */
export function decodeInto(out: Float32Array, message: Uint8Array, blocks: readonly MatrixBlock[]): void {
  const slices = slicesOf(out, blocks);
  readMessage(message, blocks).forEach(({ decoder, params, body }, index) => {
    slices[index].values.fill(0);
    decoder.decodeAddInto(slices[index], body, params);
  });
}
