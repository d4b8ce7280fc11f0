/**
 * Reads the options of a Keras layer. An option that is absent has Keras' default; one that this project has no
 * counterpart of must have the value that changes nothing, or the layer is refused by name.
 */
import type { Activation, Padding, Pair } from '../network/network.js';
import { type KerasNode, layerFault } from './keras-model.js';

/** Activations by Keras' names; "silu" is the later name of swish. "leaky_relu" has another slope than the layer. */
export const activationsByName: Readonly<Record<string, Activation>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  selu: 'selu',
  gelu: 'gelu',
  swish: 'swish',
  silu: 'swish',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softplus: 'softplus',
  softmax: 'softmax',
};

function wrong(node: KerasNode, key: string, wanted: string): Error {
  return layerFault(node, `${key} is ${JSON.stringify(node.config[key])}; wanted ${wanted}.`);
}

/** A whole number of at least 1. @throws GrapevineError BAD_CONFIG */
export function countOf(node: KerasNode, key: string, fallback?: number): number {
  const value = node.config[key] ?? fallback;
  if (Number.isInteger(value) && (value as number) >= 1) return value as number;
  throw wrong(node, key, 'a whole number of at least 1');
}

export function numberOf(node: KerasNode, key: string, fallback: number): number {
  const value = node.config[key] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(node, key, 'a number');
}

export const flagOf = ({ config }: KerasNode, key: string, fallback: boolean): boolean =>
  typeof config[key] === 'boolean' ? config[key] : fallback;

/** Height and width; one number stands for both. */
export function pairOf(node: KerasNode, key: string, fallback: Pair): Pair {
  const value = node.config[key] ?? fallback;
  const pair = Array.isArray(value) ? value : [value, value];
  if (pair.length === 2 && pair.every((side) => Number.isInteger(side) && side >= 1))
    return [pair[0], pair[1]];
  throw wrong(node, key, 'two whole numbers');
}

export function paddingOf(node: KerasNode): Padding {
  const value = node.config.padding ?? 'valid';
  if (value === 'valid' || value === 'same') return value;
  throw wrong(node, 'padding', '"valid" or "same"');
}

/** An activation's name: Keras also writes {"class_name": "function", "config": "relu"}. */
function nameOf(value: unknown): string {
  const plain = typeof value === 'object' && value !== null && 'config' in value ? value.config : value;
  return typeof plain === 'string' ? plain : JSON.stringify(value);
}

export function activationOf(node: KerasNode, key = 'activation', fallback = 'linear'): Activation {
  const name = nameOf(node.config[key] ?? fallback);
  const known = activationsByName[name];
  if (known !== undefined) return known;
  throw layerFault(node, `${key} is "${name}"; supported are ${Object.keys(activationsByName).join(', ')}.`);
}

/**
 * Options without a counterpart here, each with its only value; null and absent are fine as well.
 * @throws GrapevineError BAD_CONFIG naming the option, and `remedy`
 */
export function requirePlain(
  node: KerasNode,
  plain: Readonly<Record<string, unknown>>,
  remedy = 'it has no counterpart here',
): void {
  for (const [key, only] of Object.entries(plain)) {
    const value = node.config[key];
    if (value === undefined || value === null) continue;
    if (JSON.stringify(value) === JSON.stringify(only)) continue;
    throw layerFault(node, `${key} is ${JSON.stringify(value)}; wanted ${JSON.stringify(only)}: ${remedy}.`);
  }
}
