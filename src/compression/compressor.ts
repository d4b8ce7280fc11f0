/**
 * Compression as the consensus code sees it. A Compressor turns a flat vector, cut into matrices by its
 * blocks, into one self-describing message; decodeAddInto adds such a message to a vector. The decoder needs
 * only the message and the blocks: no rank, no warm start, no seed of the sender.
 *
 * Two laws, checked by test/conformance/compressor.ts:
 * - decoding is deterministic to the bit on every machine (only + - x / sqrt in a fixed order);
 * - the sender learns what it sent by decoding its own bytes with the same code as the receiver.
 */
import type { Random } from '../base/random.js';

/** A rows x cols matrix, row-major, at `offset` of the flat vector. A vector (bias, norm) has rows = 1. */
export interface MatrixBlock {
  readonly name: string;
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
}

/**
 * What one sender keeps between messages on one stream of differences (warm starts): one entry a block, plain
 * arrays only, so that it can be stored in a checkpoint.
 */
export type CompressorState = { [key: string]: Float32Array | Uint32Array }[];

export interface Compressor {
  /** Canonical spec. */
  readonly spec: string;
  /** Fresh sender state; all its randomness comes from `random`, which is copied, never kept. */
  createState(blocks: readonly MatrixBlock[], random: Random): CompressorState;
  /**
   * Encodes `values` (flat, finite numbers) into a message; advances `state`; leaves `values` as they are.
   * @throws GrapevineError PAYLOAD_BAD_VALUE when a value is not finite.
   */
  encode(values: Float32Array, blocks: readonly MatrixBlock[], state: CompressorState): Uint8Array;
  /**
   * encode(values - subtrahend), to the bit, without the difference ever being stored; subtraction is in float32,
   * entry by entry. A compressor may leave it out.
   */
  encodeDifference?(
    operands: { readonly values: Float32Array; readonly subtrahend: Float32Array },
    blocks: readonly MatrixBlock[],
    state: CompressorState,
  ): Uint8Array;
  /**
   * Length of every message for these blocks in bytes, by the documented formulas of the operators; the longest
   * possible where an operator's length depends on the values.
   */
  encodedBytes(blocks: readonly MatrixBlock[]): number;
}
