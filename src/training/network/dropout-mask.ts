/**
 * Which entries dropout keeps (Srivastava et al. 2014). The mask of a step depends on the seed, the layer's name and the
 * samples of the batch alone, so that every engine drops the same entries, and a resumed run what it would have dropped.
 * Batches differ from epoch to epoch, and so do the masks.
 */
import { createRandom, nextUint32 } from '../../base/random.js';

export interface DropoutPlace {
  readonly seed: number;
  /** Name of the layer. */
  readonly layer: string;
  /** Share of entries dropped, in [0, 1). */
  readonly rate: number;
  /** Samples of the batch. */
  readonly indices: Uint32Array;
}

/** Fills `mask` with 1 / (1 - rate) where an entry is kept and 0 where it is not; multiply by it. */
export function dropoutMaskInto(mask: Float32Array, { seed, layer, rate, indices }: DropoutPlace): void {
  let batch = indices.length;
  for (const index of indices) batch = (Math.imul(batch, 0x01000193) ^ index) >>> 0;
  const random = createRandom(seed, 'dropout', layer, batch);
  const threshold = rate * 4294967296;
  const kept = 1 / (1 - rate);
  for (let k = 0; k < mask.length; k++) mask[k] = nextUint32(random) < threshold ? 0 : kept;
}
