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

/**
 * Encodes parameters - replica. The difference is left in `scratch`, where one is given; without it the compressor may
 * form the difference on its way (Compressor.encodeDifference), with the same bytes.
 */
export function encodeDifference(
  encoder: DifferenceEncoder,
  operands: {
    readonly parameters: Float32Array;
    readonly replica: Float32Array;
    readonly scratch?: Float32Array;
  },
): Uint8Array {
  const { parameters, replica } = operands;
  const { compressor, blocks, state } = encoder;
  if (operands.scratch === undefined && compressor.encodeDifference !== undefined) {
    return compressor.encodeDifference({ values: parameters, subtrahend: replica }, blocks, state);
  }
  const scratch = operands.scratch ?? new Float32Array(parameters.length);
  for (let i = 0; i < scratch.length; i++) scratch[i] = parameters[i]! - replica[i]!;
  return compressor.encode(scratch, blocks, state);
}
