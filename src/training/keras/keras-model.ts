/**
 * A model as Keras and TensorFlow.js describe it: a topology in JSON (`model.json` of TensorFlow.js, which holds what
 * Keras' to_json() writes) and weights by name. Nothing here needs either library. Layers that both know are spelled as
 * Keras spells them; TensorFlow.js lacks a few of them (tfjs-keras-layers.ts registers those).
 */
import { GrapevineError } from '../../base/errors.js';
import type { NamedTensor } from '../safetensors.js';

export type Json = Readonly<Record<string, unknown>>;

export interface KerasModel {
  /** `modelTopology` of model.json: class_name and config, bare or inside model_config. */
  readonly topology: unknown;
  /** null where the file holds none: training starts at random. */
  readonly weights: readonly NamedTensor[] | null;
}

/** A layer of the graph, with what it reads. */
export interface KerasNode {
  readonly className: string;
  /** The layer's name, unique in the model. */
  readonly name: string;
  readonly config: Json;
  /** Names of the layers whose outputs it reads. */
  readonly inputs: readonly string[];
  /** Arguments of the call beside the inputs: use_causal_mask. */
  readonly call: Json;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with a layer: what it has, and what to do. */
export function layerFault(
  { name, className }: Pick<KerasNode, 'name' | 'className'>,
  problem: string,
): GrapevineError {
  return new GrapevineError('BAD_CONFIG', `Keras layer "${name}" (${className}): ${problem}`, {
    layer: name,
  });
}

/** What is wrong with the model as a whole. */
export function modelFault(problem: string): GrapevineError {
  return new GrapevineError('BAD_CONFIG', `Keras model: ${problem}`);
}
