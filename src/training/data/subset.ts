/**
 * Parts of data sets without copies: chosen samples, and a share held back for validation. The share is drawn with a
 * fixed seed, so that runs of all seeds, and all peers of a run, are measured on the same samples.
 */
import { assert } from '../../base/assert.js';
import { createRandom, shuffleInPlace } from '../../base/random.js';
import type { Dataset, Samples } from './dataset.js';

/** The samples `indices` of `samples`, in that order. */
export function subsetOf(samples: Samples, indices: Uint32Array): Samples {
  const { labels, origins } = samples;
  const chosen = (within: Uint32Array) => within.map((index) => indices[index]!);
  return {
    count: indices.length,
    labels: labels === null ? null : Uint8Array.from(indices, (index) => labels[index]!),
    origins: origins === null ? null : Uint32Array.from(indices, (index) => origins[index]!),
    inputsInto: (out, within) => samples.inputsInto(out, chosen(within)),
    targetsInto: (out, within) => samples.targetsInto(out, chosen(within)),
  };
}

export interface HeldBack {
  /** Ascending. */
  readonly kept: Uint32Array;
  /** Ascending. */
  readonly held: Uint32Array;
}

/**
 * Draws `share` of `count` samples, rounded, but at least one and not all: those held back. What is drawn depends on
 * count and share alone.
 */
export function holdBack(count: number, share: number): HeldBack {
  assert(share > 0 && share < 1, `a share of ${share} lies between 0 and 1`);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  shuffleInPlace(createRandom('held back', count), order);
  const held = Math.min(count - 1, Math.max(1, Math.round(share * count)));
  return { kept: order.slice(held).sort(), held: order.slice(0, held).sort() };
}

/** `data` tested on `share` of its training samples, which are no longer trained on; as it is for share 0. */
export function withValidation(data: Dataset, share: number): Dataset {
  if (share === 0) return data;
  const { kept, held } = holdBack(data.train.count, share);
  return { ...data, train: subsetOf(data.train, kept), test: subsetOf(data.train, held) };
}
