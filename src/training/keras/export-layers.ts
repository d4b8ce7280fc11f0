/**
 * Each layer of network.ts as Keras layers, options spelled out so that no library's defaults matter. One of ours is two
 * of theirs where leaky-relu follows (TensorFlow.js has it as a layer only), and where a position embedding is added.
 */
import {
  type Activation,
  DEFAULT_EPSILON,
  DEFAULT_MOMENTUM,
  type Layer,
  LEAKY_SLOPE,
} from '../network/network.js';
import type { ShapedLayer } from '../network/shapes.js';
import type { Json } from './keras-model.js';

export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Json;
  /** Names of Keras layers. */
  readonly inputs: readonly string[];
  /** Arguments of the call. */
  readonly call?: Json;
}

const activationNames: Readonly<Record<Activation, string>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  'leaky-relu': 'linear',
  elu: 'elu',
  selu: 'selu',
  gelu: 'gelu',
  swish: 'swish',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softplus: 'softplus',
  softmax: 'softmax',
};

const activationName = (activation: Activation = 'linear'): string => activationNames[activation];

const ofImages = { data_format: 'channels_last', dilation_rate: [1, 1] };

interface Body {
  readonly className: string;
  readonly config: Json;
  readonly call?: Json;
}

const windowOf = (
  layer: Extract<Layer, { strides?: unknown }>,
  fallback: readonly number[],
  padding: string,
) => ({
  strides: layer.strides ?? fallback,
  padding: layer.padding ?? padding,
  ...ofImages,
});

function recurrent(layer: Extract<Layer, { kind: 'lstm' | 'gru' }>): Body {
  const { units, returnSequences = false, kind } = layer;
  const shared = {
    units,
    activation: 'tanh',
    recurrent_activation: 'sigmoid',
    use_bias: true,
    dropout: 0,
    recurrent_dropout: 0,
    return_sequences: returnSequences,
    return_state: false,
    go_backwards: false,
    stateful: false,
    unroll: false,
  };
  if (kind === 'lstm') return { className: 'LSTM', config: { ...shared, unit_forget_bias: true } };
  return { className: 'GRU', config: { ...shared, reset_after: false } };
}

const scaled = { center: true, scale: true };

function bodyOf({ layer, inputShape }: ShapedLayer): Body {
  switch (layer.kind) {
    case 'dense': {
      const { units, activation, bias = true } = layer;
      return {
        className: 'Dense',
        config: { units, activation: activationName(activation), use_bias: bias },
      };
    }
    case 'conv2d': {
      const { filters, kernel, activation, bias = true } = layer;
      const own = { filters, kernel_size: kernel, activation: activationName(activation), use_bias: bias };
      return { className: 'Conv2D', config: { ...own, ...windowOf(layer, [1, 1], 'same') } };
    }
    case 'depthwise-conv2d': {
      const { kernel, multiplier = 1, activation, bias = true } = layer;
      const own = { kernel_size: kernel, depth_multiplier: multiplier, use_bias: bias };
      const config = { ...own, activation: activationName(activation), ...windowOf(layer, [1, 1], 'same') };
      return { className: 'DepthwiseConv2D', config };
    }
    case 'max-pool':
    case 'average-pool': {
      const className = layer.kind === 'max-pool' ? 'MaxPooling2D' : 'AveragePooling2D';
      const { dilation_rate: _, ...window } = windowOf(layer, layer.size, 'valid');
      return { className, config: { pool_size: layer.size, ...window } };
    }
    case 'global-average-pool': {
      const className = inputShape.length === 3 ? 'GlobalAveragePooling2D' : 'GlobalAveragePooling1D';
      return { className, config: { data_format: 'channels_last' } };
    }
    case 'flatten':
      // Keras' Flatten wants something to flatten.
      if (inputShape.length === 1) return { className: 'Reshape', config: { target_shape: inputShape } };
      return { className: 'Flatten', config: { data_format: 'channels_last' } };
    case 'reshape':
      return { className: 'Reshape', config: { target_shape: layer.shape } };
    case 'activation':
      if (layer.activation === 'leaky-relu') return leakyRelu;
      return { className: 'Activation', config: { activation: activationName(layer.activation) } };
    case 'add':
      return { className: 'Add', config: {} };
    case 'dropout':
      return { className: 'Dropout', config: { rate: layer.rate } };
    case 'batch-norm': {
      const { momentum = DEFAULT_MOMENTUM, epsilon = DEFAULT_EPSILON } = layer;
      return { className: 'BatchNormalization', config: { axis: -1, momentum, epsilon, ...scaled } };
    }
    case 'layer-norm': {
      const { epsilon = DEFAULT_EPSILON } = layer;
      return { className: 'LayerNormalization', config: { axis: -1, epsilon, ...scaled } };
    }
    case 'group-norm': {
      const { groups, epsilon = DEFAULT_EPSILON } = layer;
      return { className: 'GroupNormalization', config: { groups, axis: -1, epsilon, ...scaled } };
    }
    case 'embedding': {
      const config = { input_dim: layer.vocabulary, output_dim: layer.size, mask_zero: false };
      return { className: 'Embedding', config };
    }
    case 'position-embedding':
      return { className: 'PositionEmbedding', config: { sequence_length: inputShape[0] } };
    case 'lstm':
    case 'gru':
      return recurrent(layer);
    case 'attention': {
      const config = {
        num_heads: layer.heads,
        key_dim: inputShape[1]! / layer.heads,
        use_bias: true,
        dropout: 0,
      };
      return {
        className: 'MultiHeadAttention',
        config: { ...config, use_causal_mask: layer.causal === true },
        call: { use_causal_mask: layer.causal === true },
      };
    }
    default:
      return layer satisfies never;
  }
}

/** Keras 2 and TensorFlow.js call the slope alpha, Keras 3 negative_slope; each ignores the other's name. */
const leakyRelu: Body = {
  className: 'LeakyReLU',
  config: { alpha: LEAKY_SLOPE, negative_slope: LEAKY_SLOPE },
};

/** The layers that `shaped` becomes; the last one's name is what others read. */
export function kerasLayersOf(shaped: ShapedLayer, inputs: readonly string[]): KerasLayer[] {
  const { layer } = shaped;
  const own = { ...bodyOf(shaped), name: layer.name, inputs };
  if (layer.kind === 'position-embedding') {
    const sum = { className: 'Add', config: {}, name: `${layer.name}_sum`, inputs: [...inputs, layer.name] };
    return [own, sum];
  }
  const leaks = layer.kind !== 'activation' && 'activation' in layer && layer.activation === 'leaky-relu';
  if (!leaks) return [own];
  return [own, { ...leakyRelu, name: `${layer.name}_leaky_relu`, inputs: [layer.name] }];
}
