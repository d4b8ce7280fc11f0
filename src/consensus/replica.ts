/** How the parts of a delta change a public replica: the same code at both ends, so the bits agree. */

import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import { decodeAddInto } from '../compression/message.js';
import type { Delta } from '../wire/frame.js';

/**
 * replica += each `add` part; a `replace` part sets it.
 * @throws GrapevineError PAYLOAD_* when a part cannot be decoded; that part has then changed nothing.
 */
export function advanceReplica(replica: Float32Array, delta: Delta, blocks: readonly MatrixBlock[]): void {
  for (const part of delta.parts) {
    if (part.kind === 'replace') replica.fill(0);
    decodeAddInto(replica, part.bytes, blocks);
  }
}

/** What a compressor needs to turn x - xHat into bytes. */
export interface DifferenceEncoder {
  readonly compressor: Compressor;
  readonly blocks: readonly MatrixBlock[];
  readonly state: ReturnType<Compressor['createState']>;
}

/** Encodes parameters - replica; the difference is left in `scratch`. */
export function encodeDifference(
  encoder: DifferenceEncoder,
  operands: {
    readonly parameters: Float32Array;
    readonly replica: Float32Array;
    readonly scratch: Float32Array;
  },
): Uint8Array {
  const { parameters, replica, scratch } = operands;
  for (let i = 0; i < scratch.length; i++) scratch[i] = parameters[i]! - replica[i]!;
  return encoder.compressor.encode(scratch, encoder.blocks, encoder.state);
}
