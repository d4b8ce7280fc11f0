/**
 * Chosen entries of a block as bytes, for the operators that keep some and drop the rest: k indices as u32, strictly
 * ascending and below d, then (in top-k and threshold) k values as float32. The receiver learns k from the length.
 */
import type { ByteWriter } from '../base/bytes.js';
import { GrapevineError } from '../base/errors.js';
import { type BlockShape, refuseParams, refuseValue, viewOf } from './operator.js';

/** A u32 index and a float32 value. */
export const ENTRY_BYTES = 8;
export const INDEX_BYTES = 4;
/** More entries than any block has: the bound of the u32 index. */
export const MAX_COUNT = 2 ** 32 - 1;

/** Below this share even a block of the largest size would keep its one entry: smaller is a typing error. */
export const MIN_FRACTION = 1e-9;

/** Entries of each block: a share, or a number of them. */
export interface CountOptions {
  /** Share of each block's entries, from 1e-9 to 1. Not used when `count` is given. */
  readonly fraction: number;
  /** Entries of each block; wins over `fraction`. */
  readonly count?: number;
}

/** k for a block of `shape`: min(d, count), or max(1, round(fraction d)). */
export function countFor({ rows, cols }: BlockShape, { fraction, count }: CountOptions): number {
  const size = rows * cols;
  return count === undefined ? Math.max(1, Math.round(fraction * size)) : Math.min(size, count);
}

/** Appends indices and the values there. */
export function writeEntries(writer: ByteWriter, indices: ArrayLike<number>, values: Float32Array): void {
  for (let e = 0; e < indices.length; e++) writer.u32(indices[e]);
  for (let e = 0; e < indices.length; e++) writer.f32(values[indices[e]]);
}

/** Refuses header fields other than these. */
export function requireParams(
  decoder: { readonly name: string },
  block: BlockShape,
  {
    got,
    bits,
  }: { readonly got: { readonly bits: number; readonly parameter: number }; readonly bits: number },
): void {
  if (got.bits === bits && got.parameter === 0) return;
  refuseParams(decoder, block, `got bits ${got.bits} and parameter ${got.parameter}, wanted ${bits} and 0`);
}

/** Entries in `bytes` bytes of `entryBytes` each: a whole number from `least` to the size of the block. */
export function requireCount(
  bytes: number,
  { name, rows, cols }: BlockShape,
  { entryBytes, least }: { readonly entryBytes: number; readonly least: number },
): number {
  const count = bytes / entryBytes;
  if (Number.isInteger(count) && count >= least && count <= rows * cols) return count;
  throw new GrapevineError(
    'PAYLOAD_BAD_LENGTH',
    `block "${name}" (${rows} x ${cols}): got ${bytes} bytes of entries, wanted ${entryBytes} for each of ${least} to ${rows * cols}. Drop the message.`,
    { block: name, got: bytes },
  );
}

/** Refuses indices that are not strictly ascending or not below d. `mask` takes away bits that mean something else. */
export function checkIndices(indices: Uint8Array, block: BlockShape, mask = 0xffffffff): void {
  const view = viewOf(indices);
  const last = block.rows * block.cols - 1;
  let least = 0;
  for (let e = 0; e < indices.length / INDEX_BYTES; e++) {
    const index = (view.getUint32(INDEX_BYTES * e, true) & mask) >>> 0;
    if (index < least || index > last)
      refuseValue(block, `got index ${index} as entry ${e}, wanted ${least} to ${last}`);
    least = index + 1;
  }
}

/** Refuses float32 numbers that are not finite. */
export function checkFinite(numbers: Uint8Array, block: BlockShape): void {
  const view = viewOf(numbers);
  for (let at = 0; at < numbers.length; at += 4) {
    const value = view.getFloat32(at, true);
    if (!Number.isFinite(value)) refuseValue(block, `entry ${at / 4} is ${value}, wanted a finite number`);
  }
}

/** Checks a body of `least` entries or more. */
export function checkEntries(body: Uint8Array, block: BlockShape, least: number): void {
  const count = requireCount(body.length, block, { entryBytes: ENTRY_BYTES, least });
  checkIndices(body.subarray(0, INDEX_BYTES * count), block);
  checkFinite(body.subarray(INDEX_BYTES * count), block);
}

/** out[index[e]] += value[e], for a body that checkEntries has passed. */
export function addEntries(out: Float32Array, body: Uint8Array): void {
  const view = viewOf(body);
  const count = body.length / ENTRY_BYTES;
  for (let e = 0; e < count; e++)
    out[view.getUint32(INDEX_BYTES * e, true)] += view.getFloat32(INDEX_BYTES * (count + e), true);
}
