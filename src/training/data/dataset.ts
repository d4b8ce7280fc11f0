/**
 * Labeled samples in memory. Rows stay in the form they are stored in (bytes for images) and become float32 one
 * batch at a time: eight peers in one process share one copy of the data, a quarter of its float32 size.
 */

export interface Samples {
  /** Number of samples. */
  readonly count: number;
  /** [count, features], row-major. */
  readonly rows: Uint8Array | Float32Array;
  /** A stored number times `scale` is the feature: 1/255 for bytes of images, 1 for floats. */
  readonly scale: number;
  /** [count]; each from 0 to classes - 1. */
  readonly labels: Uint8Array;
}

export interface Dataset {
  readonly name: string;
  /** Numbers a sample. */
  readonly features: number;
  readonly classes: number;
  readonly train: Samples;
  /** Never trained on; the same for every peer. */
  readonly test: Samples;
}

/** Writes the rows `indices` of `samples`, scaled to features, into `out` [indices.length, features]. */
export function gatherRowsInto(out: Float32Array, samples: Samples, indices: Uint32Array): void {
  const { rows, scale, count } = samples;
  const features = rows.length / count;
  for (let b = 0; b < indices.length; b++) {
    const from = indices[b]! * features;
    const to = b * features;
    for (let k = 0; k < features; k++) out[to + k] = rows[from + k]! * scale;
  }
}

/** The labels of `indices`. */
export function gatherLabels(samples: Samples, indices: Uint32Array): Uint8Array {
  return Uint8Array.from(indices, (index) => samples.labels[index]!);
}
