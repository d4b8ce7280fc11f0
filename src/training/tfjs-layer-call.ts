/**
 * What a layer is given when it runs on TensorFlow.js: its parameters as tensors, whether it trains, and where it
 * leaves the statistics of its batch.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { dropoutMaskInto } from './network/dropout-mask.js';
import type { Tfjs } from './tfjs-api.js';

export interface BatchStatistics {
  readonly mean: Float32Array;
  /** Of the batch itself, divided by its number of places. */
  readonly variance: Float32Array;
}

export interface LayerCall {
  readonly tf: Tfjs;
  /** Name of the layer. */
  readonly name: string;
  /** A parameter of the layer by its short name: "kernel". */
  weight(name: string): Tensor;
  /** Null outside training. */
  readonly training: TrainingCall | null;
}

export interface TrainingCall {
  /** Of dropout. */
  readonly seed: number;
  readonly indices: Uint32Array;
  /** By name of the layer; written by batch-norm. */
  readonly statistics: Map<string, BatchStatistics>;
}

/** x times the mask of dropout-mask.ts; x itself outside training. */
export function dropout({ tf, name, training }: LayerCall, x: Tensor, rate: number): Tensor {
  if (training === null || rate === 0) return x;
  const mask = new Float32Array(x.size);
  dropoutMaskInto(mask, { seed: training.seed, layer: name, rate, indices: training.indices });
  return tf.mul(x, tf.tensor(mask, x.shape));
}
