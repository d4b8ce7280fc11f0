/**
 * A network that a person wrote without a compiler: unknown kinds and keys, missing or wrong values, each named with
 * what was wanted. Shapes are checked by shapes.ts.
 */
import { GrapevineError } from '../../base/errors.js';
import { unknownNameMessage } from '../../base/registry.js';
import type { Layer, Network } from './network.js';

type Check = readonly [wanted: string, passes: (value: unknown) => boolean];

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1;
const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(isCount);

const activationNames =
  'linear relu relu6 leaky-relu elu selu gelu swish tanh sigmoid softplus softmax'.split(' ');

const count: Check = ['a whole number of at least 1', isCount];
const pair: Check = ['two whole numbers, [height, width]', isPair];
const flag: Check = ['true or false', (value) => typeof value === 'boolean'];
const activation: Check = [
  `one of ${activationNames.join(', ')}`,
  (value) => activationNames.includes(value as string),
];
const padding: Check = ['"same" or "valid"', (value) => value === 'same' || value === 'valid'];
const share: Check = [
  'a number from 0 to below 1',
  (value) => typeof value === 'number' && value >= 0 && value < 1,
];
const positive: Check = ['a number above 0', (value) => typeof value === 'number' && value > 0];
const shape: Check = ['a list of whole numbers', (value) => Array.isArray(value) && value.every(isCount)];

interface Keys {
  readonly required: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

const window = { strides: pair, padding };
const weighted = { activation, bias: flag };

const keysByKind: Readonly<Record<Layer['kind'], Keys>> = {
  dense: { required: { units: count }, optional: weighted },
  conv2d: { required: { filters: count, kernel: pair }, optional: { ...window, ...weighted } },
  'depthwise-conv2d': { required: { kernel: pair }, optional: { multiplier: count, ...window, ...weighted } },
  'max-pool': { required: { size: pair }, optional: window },
  'average-pool': { required: { size: pair }, optional: window },
  'global-average-pool': { required: {} },
  flatten: { required: {} },
  reshape: { required: { shape } },
  activation: { required: { activation } },
  add: { required: {} },
  dropout: { required: { rate: share } },
  'batch-norm': { required: {}, optional: { momentum: share, epsilon: positive } },
  'layer-norm': { required: {}, optional: { epsilon: positive } },
  'group-norm': { required: { groups: count }, optional: { epsilon: positive } },
  embedding: { required: { vocabulary: count, size: count } },
  'position-embedding': { required: {} },
  lstm: { required: { units: count }, optional: { returnSequences: flag } },
  gru: { required: { units: count }, optional: { returnSequences: flag } },
  attention: { required: { heads: count }, optional: { causal: flag } },
};

const base: Keys['required'] = {
  kind: ['a kind of layer', (value) => typeof value === 'string'],
  name: ['a name without "/"', (value) => typeof value === 'string' && value !== '' && !value.includes('/')],
};

function refuse(place: string, problem: string): never {
  throw new GrapevineError('BAD_CONFIG', `${place}: ${problem}`);
}

function checkLayer(layer: unknown, index: number): void {
  if (typeof layer !== 'object' || layer === null)
    refuse(
      `layer ${index}`,
      `got ${String(layer)}; wanted { kind: 'dense', name: 'hidden', units: 32 } or the like.`,
    );
  const given = layer as Readonly<Record<string, unknown>>;
  const place = `layer ${typeof given.name === 'string' ? `"${given.name}"` : index}`;
  const kinds = Object.keys(keysByKind);
  if (!kinds.includes(given.kind as string))
    refuse(place, unknownNameMessage('kind', String(given.kind), kinds));
  const { required, optional = {} } = keysByKind[given.kind as Layer['kind']];
  const inputs: Check = ['a list of names of layers', (value) => Array.isArray(value)];
  const known: Readonly<Record<string, Check>> = { ...base, ...required, ...optional, inputs };
  for (const key of Object.keys(given)) {
    if (known[key] === undefined)
      refuse(place, unknownNameMessage(`key of ${String(given.kind)}`, key, Object.keys(known)));
  }
  for (const [key, [wanted, passes]] of Object.entries(known)) {
    const value = given[key];
    const absent = value === undefined && base[key] === undefined && required[key] === undefined;
    if (!absent && !passes(value)) refuse(place, `${key} is ${JSON.stringify(value)}; wanted ${wanted}.`);
  }
}

/** `value` as a network. @throws GrapevineError BAD_CONFIG naming the layer and the key */
export function checkNetwork(value: { readonly inputShape: unknown; readonly layers: unknown }): Network {
  const { inputShape, layers } = value;
  if (!shape[1](inputShape))
    refuse('model', `inputShape is ${JSON.stringify(inputShape)}; wanted ${shape[0]}, [28, 28, 1].`);
  if (!Array.isArray(layers) || layers.length === 0)
    refuse('model', `layers is ${JSON.stringify(layers)}; wanted a list of at least one layer.`);
  layers.forEach(checkLayer);
  return value as Network;
}
