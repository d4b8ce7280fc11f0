/**
 * How the hub's model gets to the workers: as steps. The hub encodes a direction, applies what it has encoded, and
 * sends the bytes when the next round opens; a worker applies the same bytes to the same model: x -= gamma decode(bytes).
 * Hence x is equal to the bit at the hub and at every worker that has all steps, whatever the codec. Directions go to
 * zero at the optimum, so rounding them to float32 does not bound the accuracy.
 */
import type { CompressorState } from '../../compression/compressor.js';
import { addScaledInto } from '../../linalg/real-vectors.js';
import type { HubMessage, SwarmProtocol } from './hub-algorithm.js';
import { decodeWhole, encodeWhole, type VectorCodec } from './vector-codec.js';

/** The model at the hub. */
export interface SentModel {
  readonly x: Float64Array;
  readonly encoder: CompressorState;
  /** The step that the workers have not seen yet; empty before the first. */
  pending: Uint8Array;
}

export interface StepRule {
  readonly codec: VectorCodec;
  readonly gamma: number;
}

/** The model at the start, with nothing to send. */
export function createSentModel(start: Float64Array, encoder: CompressorState): SentModel {
  return { x: start.slice(), encoder, pending: new Uint8Array(0) };
}

/** x -= gamma C(direction) at the hub; the bytes wait to be sent. Returns C(direction). */
export function stepModel(
  model: SentModel,
  direction: Float64Array,
  { codec, gamma }: StepRule,
): Float64Array {
  model.pending = codec.encode(direction, model.encoder);
  const decoded = codec.decode(model.pending);
  addScaledInto(model.x, decoded, -gamma);
  return decoded;
}

/** The same step at a worker; no bytes, no step. */
export function followModel(x: Float64Array, bytes: Uint8Array, { codec, gamma }: StepRule): void {
  if (bytes.length > 0) addScaledInto(x, codec.decode(bytes), -gamma);
}

/** The pending step for every worker. */
export function broadcast(workers: number, bytes: Uint8Array): HubMessage[] {
  return Array.from({ length: workers }, (_, worker) => ({ worker, bytes }));
}

/** A worker without the latest steps takes the model whole. */
export function wholeModels<Hub>(
  modelOf: (hub: Hub) => Float64Array,
): SwarmProtocol<Hub, { readonly x: Float64Array }> {
  return {
    modelAt: ({ x }) => x,
    snapshot: (hub) => encodeWhole(modelOf(hub)),
    restore: ({ x }, bytes) => x.set(decodeWhole(bytes, x.length)),
  };
}
