/**
 * A model of a user's own TensorFlow.js, whichever copy and version that is: it is known by what it can do, and read
 * into plain data.
 */
import type { NamedTensor } from '../safetensors.js';
import type { KerasModel } from './keras-model.js';

/** What is used of tf.LayersModel. */
export interface LayersModelLike {
  toJSON(unused: unknown, returnString: false): unknown;
  readonly weights: readonly {
    readonly originalName: string;
    read(): { readonly shape: readonly number[]; dataSync(): ArrayLike<number> };
  }[];
  dispose?(): unknown;
}

export function isLayersModel(value: unknown): value is LayersModelLike {
  const model = value as Partial<LayersModelLike> | null;
  return typeof model === 'object' && typeof model?.toJSON === 'function' && Array.isArray(model.weights);
}

export function readLayersModel(model: LayersModelLike): KerasModel {
  const weights = model.weights.map((weight): NamedTensor => {
    const tensor = weight.read();
    return { name: weight.originalName, shape: tensor.shape, values: Float32Array.from(tensor.dataSync()) };
  });
  return { topology: model.toJSON(null, false), weights };
}
