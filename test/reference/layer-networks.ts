/** One small network for each kind of layer, with samples for it: what every engine must agree on. */
import { createRandom, gaussian, uniformInt } from '../../src/base/random.js';
import type { Samples } from '../../src/training/data/dataset.js';
import type { Activation, Layer, Loss, Network } from '../../src/training/network/network.js';
import { outputShape, sizeOf } from '../../src/training/network/shapes.js';

export interface LayerCase {
  readonly name: string;
  readonly network: Network;
  readonly loss: Loss;
  /** Inputs are whole numbers below this, instead of gaussians. */
  readonly tokens?: number;
}

const head: Layer = { kind: 'dense', name: 'logits', units: 4 };
const flatten: Layer = { kind: 'flatten', name: 'flatten' };

function onImage(name: string, ...layers: Layer[]): LayerCase {
  return {
    name,
    network: { inputShape: [6, 5, 3], layers: [...layers, flatten, head] },
    loss: 'cross-entropy',
  };
}

/** Something to learn stands before the layer, so that the gradient must pass through it. */
const colors: Layer = { kind: 'dense', name: 'colors', units: 4 };

const onSequence = (name: string, ...layers: Layer[]): LayerCase => ({
  name,
  network: { inputShape: [5, 4], layers: [...layers, head] },
  loss: 'cross-entropy',
});

const activations: readonly Activation[] = [
  'linear',
  'relu',
  'relu6',
  'leaky-relu',
  'elu',
  'selu',
  'gelu',
  'swish',
  'tanh',
  'sigmoid',
  'softplus',
  'softmax',
];

const ofActivations = activations.map((activation): LayerCase => {
  const layers: Layer[] = [
    { kind: 'dense', name: 'hidden', units: 7 },
    { kind: 'activation', name: 'activation', activation },
    head,
  ];
  return { name: `activation ${activation}`, network: { inputShape: [6], layers }, loss: 'cross-entropy' };
});

const ofDense: readonly LayerCase[] = [
  {
    name: 'dense, mean squared error',
    network: {
      inputShape: [6],
      layers: [
        { kind: 'dense', name: 'hidden', units: 9, activation: 'tanh' },
        { kind: 'dense', name: 'values', units: 2, bias: false },
      ],
    },
    loss: 'mean-squared-error',
  },
  {
    name: 'dense, binary cross-entropy',
    network: { inputShape: [6], layers: [{ kind: 'dense', name: 'logit', units: 1 }] },
    loss: 'binary-cross-entropy',
  },
  {
    name: 'add, a residual connection',
    network: {
      inputShape: [6],
      layers: [
        { kind: 'dense', name: 'stem', units: 5, activation: 'relu' },
        { kind: 'dense', name: 'branch', units: 5, activation: 'swish' },
        { kind: 'add', name: 'sum', inputs: ['branch', 'stem'] },
        head,
      ],
    },
    loss: 'cross-entropy',
  },
  {
    name: 'dropout at rate 0.4, and at rate 0',
    network: {
      inputShape: [6],
      layers: [
        { kind: 'dense', name: 'hidden', units: 30, activation: 'tanh' },
        { kind: 'dropout', name: 'some', rate: 0.4 },
        { kind: 'dropout', name: 'none', rate: 0 },
        head,
      ],
    },
    loss: 'cross-entropy',
  },
];

const ofImages: readonly LayerCase[] = [
  onImage('conv2d', { kind: 'conv2d', name: 'conv', filters: 5, kernel: [3, 3], activation: 'relu' }),
  onImage('conv2d after conv2d, strides 2 and no padding', colors, {
    kind: 'conv2d',
    name: 'conv',
    filters: 5,
    kernel: [3, 2],
    strides: [2, 2],
    padding: 'valid',
    bias: false,
  }),
  onImage('conv2d, strides 2 with padding', colors, {
    kind: 'conv2d',
    name: 'conv',
    filters: 6,
    kernel: [4, 3],
    strides: [2, 2],
  }),
  onImage('conv2d of one pixel', colors, { kind: 'conv2d', name: 'conv', filters: 6, kernel: [1, 1] }),
  onImage('depthwise-conv2d', colors, {
    kind: 'depthwise-conv2d',
    name: 'depthwise',
    kernel: [3, 3],
    activation: 'swish',
  }),
  onImage('depthwise-conv2d, multiplier 2, strides 2', colors, {
    kind: 'depthwise-conv2d',
    name: 'depthwise',
    kernel: [3, 2],
    multiplier: 2,
    strides: [2, 2],
  }),
  onImage('max-pool', colors, { kind: 'max-pool', name: 'pool', size: [2, 2] }),
  onImage('max-pool, windows overlap, padding', colors, {
    kind: 'max-pool',
    name: 'pool',
    size: [3, 3],
    strides: [2, 2],
    padding: 'same',
  }),
  onImage('average-pool', colors, { kind: 'average-pool', name: 'pool', size: [2, 2] }),
  onImage('average-pool, windows overlap, padding', colors, {
    kind: 'average-pool',
    name: 'pool',
    size: [3, 3],
    strides: [2, 1],
    padding: 'same',
  }),
  onImage('global-average-pool', colors, { kind: 'global-average-pool', name: 'pool' }),
  onImage('batch-norm', colors, { kind: 'batch-norm', name: 'norm' }),
  onImage('group-norm', colors, { kind: 'group-norm', name: 'norm', groups: 2, epsilon: 1e-5 }),
  onImage('layer-norm', colors, { kind: 'layer-norm', name: 'norm' }),
  onImage('reshape', colors, { kind: 'reshape', name: 'reshape', shape: [3, 40] }),
];

const ofSequences: readonly LayerCase[] = [
  onSequence('lstm', { kind: 'lstm', name: 'lstm', units: 6 }),
  onSequence(
    'lstm on lstm',
    { kind: 'lstm', name: 'first', units: 3, returnSequences: true },
    { kind: 'lstm', name: 'second', units: 5, returnSequences: true },
  ),
  onSequence('gru', { kind: 'gru', name: 'gru', units: 6 }),
  onSequence(
    'gru on gru',
    { kind: 'gru', name: 'first', units: 3, returnSequences: true },
    { kind: 'gru', name: 'second', units: 5, returnSequences: true },
  ),
  onSequence('attention', { kind: 'attention', name: 'attention', heads: 2 }),
  onSequence('causal attention', { kind: 'attention', name: 'attention', heads: 1, causal: true }),
  onSequence('global-average-pool over time', colors, { kind: 'global-average-pool', name: 'pool' }),
  onSequence('batch-norm over time', colors, { kind: 'batch-norm', name: 'norm' }),
  {
    name: 'embedding, position-embedding and layer-norm: a small transformer',
    network: {
      inputShape: [7],
      layers: [
        { kind: 'embedding', name: 'tokens', vocabulary: 9, size: 8 },
        { kind: 'position-embedding', name: 'places' },
        { kind: 'layer-norm', name: 'norm1' },
        { kind: 'attention', name: 'attention', heads: 2, causal: true },
        { kind: 'add', name: 'sum1', inputs: ['attention', 'places'] },
        { kind: 'layer-norm', name: 'norm2' },
        { kind: 'dense', name: 'wide', units: 12, activation: 'gelu' },
        { kind: 'dense', name: 'narrow', units: 8 },
        { kind: 'add', name: 'sum2', inputs: ['narrow', 'sum1'] },
        { kind: 'dense', name: 'logits', units: 9 },
      ],
    },
    loss: 'cross-entropy',
    tokens: 9,
  },
];

export const layerCases: readonly LayerCase[] = [...ofDense, ...ofActivations, ...ofImages, ...ofSequences];

/** `count` samples of gaussians or tokens, with targets that fit the loss. */
export function samplesFor({ network, loss, tokens, name }: LayerCase, count: number): Samples {
  const random = createRandom('layer case', name);
  const shape = outputShape(network);
  const [inputs, outputs] = [sizeOf(network.inputShape), sizeOf(shape)];
  const perSample = loss === 'cross-entropy' ? outputs / shape.at(-1)! : outputs;
  const draw = {
    'cross-entropy': () => uniformInt(random, shape.at(-1)!),
    'binary-cross-entropy': () => uniformInt(random, 2),
    'mean-squared-error': () => gaussian(random),
  }[loss];
  const rows = Float32Array.from({ length: count * inputs }, () =>
    tokens === undefined ? gaussian(random) : uniformInt(random, tokens),
  );
  const targets = Float32Array.from({ length: count * perSample }, draw);
  const copy = (from: Float32Array, width: number) => (out: Float32Array, indices: Uint32Array) =>
    indices.forEach((index, b) => out.set(from.subarray(index * width, (index + 1) * width), b * width));
  return {
    count,
    labels: null,
    origins: null,
    inputsInto: copy(rows, inputs),
    targetsInto: copy(targets, perSample),
  };
}
