/**
 * Samples in memory, as a task's model reads them: a batch at a time, as float32. How they are stored is the loader's
 * choice (bytes of images, numbers of a table, one text and places in it), so eight peers in one process share one
 * copy of the data, an image at a quarter of its float32 size.
 */
import type { CsvEncoding } from './csv-columns.js';

export interface Samples {
  /** Number of samples. */
  readonly count: number;
  /** Class of each sample, below 256, for partitions and histograms; null where samples have none. */
  readonly labels: Uint8Array | null;
  /** Which file, writer or device each sample came from, for the partition by-file; null where that is not known. */
  readonly origins: Uint32Array | null;
  /** Writes the samples `indices` into `out` [indices.length, ...inputShape]. */
  inputsInto(out: Float32Array, indices: Uint32Array): void;
  /** Writes their targets into `out` [indices.length, targets.perSample]: classes as whole numbers, or values. */
  targetsInto(out: Float32Array, indices: Uint32Array): void;
}

export interface ClassTargets {
  readonly kind: 'classes';
  readonly classes: number;
  /** 1, or the length of a sequence of which every place has a class. */
  readonly perSample: number;
  /** What the classes are called, where the data say so. */
  readonly names?: readonly string[];
}

export interface ValueTargets {
  readonly kind: 'values';
  readonly perSample: number;
  /** A target times `deviation` plus `mean` is in the unit of the data; absent: targets are in it. */
  readonly standardized?: { readonly mean: number; readonly deviation: number };
}

/**
 * How a file of a user's becomes inputs like those of a data set, for predictions; JSON, so that it travels with a
 * model. Absent in data that are numbers as they are.
 */
export type DataEncoding =
  | { readonly kind: 'table'; readonly encoding: CsvEncoding }
  | {
      readonly kind: 'images';
      readonly shape: readonly number[];
      readonly channels?: ChannelStatistics | undefined;
    }
  | { readonly kind: 'text'; readonly characters: readonly string[] };

export interface Dataset {
  readonly name: string;
  /** Of one sample: [28, 28, 1] for a gray image, [time] for a text. */
  readonly inputShape: readonly number[];
  readonly targets: ClassTargets | ValueTargets;
  readonly encoding?: DataEncoding;
  readonly train: Samples;
  /** Never trained on; the same for every peer. */
  readonly test: Samples;
}

export interface ChannelStatistics {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

export interface RowSamples {
  /** [count, features], row-major. */
  readonly rows: Uint8Array | Float32Array;
  readonly features: number;
  /** A stored number times `scale` is the feature: 1/255 for bytes of images. @default 1 */
  readonly scale?: number;
  /** Afterwards channel c, the last axis, becomes (x - means[c]) / deviations[c]; absent: as it is. */
  readonly channels?: ChannelStatistics | undefined;
  /** [count] */
  readonly labels: Uint8Array;
  readonly origins?: Uint32Array;
}

type InputsInto = Samples['inputsInto'];

function scaledRows({ rows, features, scale = 1 }: Omit<RowSamples, 'labels'>): InputsInto {
  return (out, indices) => {
    for (let b = 0; b < indices.length; b++) {
      const from = indices[b]! * features;
      const to = b * features;
      for (let k = 0; k < features; k++) out[to + k] = rows[from + k]! * scale;
    }
  };
}

function standardizedRows(inputsInto: InputsInto, { means, deviations }: ChannelStatistics): InputsInto {
  const channels = means.length;
  return (out, indices) => {
    inputsInto(out, indices);
    for (let k = 0; k < out.length; k++) {
      const c = k % channels;
      out[k] = (out[k]! - means[c]!) / deviations[c]!;
    }
  };
}

/** Samples with a row of features and a class each. */
export function rowSamples(options: RowSamples): Samples {
  const { channels, labels, origins } = options;
  const scaled = scaledRows(options);
  return {
    count: labels.length,
    labels,
    origins: origins ?? null,
    inputsInto: channels === undefined ? scaled : standardizedRows(scaled, channels),
    targetsInto(out, indices) {
      for (let b = 0; b < indices.length; b++) out[b] = labels[indices[b]!]!;
    },
  };
}

export interface ValueSamples {
  /** [count, features], row-major. */
  readonly rows: Float32Array;
  readonly features: number;
  /** [count] */
  readonly values: Float32Array;
  readonly origins?: Uint32Array;
}

/** Samples with a row of features and a number each. */
export function valueSamples({ rows, features, values, origins }: ValueSamples): Samples {
  return {
    count: values.length,
    labels: null,
    origins: origins ?? null,
    inputsInto: scaledRows({ rows, features }),
    targetsInto(out, indices) {
      for (let b = 0; b < indices.length; b++) out[b] = values[indices[b]!]!;
    },
  };
}
