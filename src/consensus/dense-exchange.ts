/** Vectors sent as they are: one `replace` part a stream, the same code at both ends, so the bits agree. */
import { createRandom } from '../base/random.js';
import type { Delta, DeltaPart } from '../wire/frame.js';
import type { AlgorithmContext } from './algorithm.js';
import { advanceReplica } from './replica.js';

/** A vector of both ends as it was sent. */
export interface SentPair {
  readonly own: Float32Array;
  readonly theirs: Float32Array;
}

export function createSentPair({ initialReplica }: AlgorithmContext): SentPair {
  const { length } = initialReplica;
  return { own: new Float32Array(length), theirs: new Float32Array(length) };
}

/** `values` by the run's compressor, which for these algorithms is `none`. */
export function densePart(
  { compressor, blocks }: AlgorithmContext,
  values: Float32Array,
  stream = 0,
): DeltaPart {
  const bytes = compressor.encode(values, blocks, compressor.createState(blocks, createRandom('exact')));
  return stream === 0 ? { kind: 'replace', bytes } : { kind: 'replace', stream, bytes };
}

/** Only the parts of one stream. */
export function partsOf(delta: Delta, wanted: number): Delta {
  return { ...delta, parts: delta.parts.filter(({ stream = 0 }) => stream === wanted) };
}

/**
 * Reads what both ends have sent on `stream`.
 * @throws GrapevineError PAYLOAD_*
 */
export function readPair(
  { blocks }: AlgorithmContext,
  pair: SentPair,
  from: { readonly own: Delta; readonly theirs: Delta; readonly stream?: number },
): void {
  const { own, theirs, stream = 0 } = from;
  advanceReplica(pair.own, partsOf(own, stream), blocks);
  advanceReplica(pair.theirs, partsOf(theirs, stream), blocks);
}
