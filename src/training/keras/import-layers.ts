/** Each Keras layer that this project knows, as a layer of network.ts. A table by Keras' class names. */
import { type Layer, LEAKY_SLOPE } from '../network/network.js';
import { type KerasNode, layerFault } from './keras-model.js';
import { activationOf, countOf, flagOf, numberOf, paddingOf, pairOf, requirePlain } from './layer-config.js';

/** A layer without its name and inputs. */
type Body = Layer extends infer Each ? (Each extends Layer ? Omit<Each, 'name' | 'inputs'> : never) : never;

type Translate = (node: KerasNode) => Body;

const ofImages = { data_format: 'channels_last', dilation_rate: [1, 1], groups: 1 };

const norm = { center: true, scale: true };

function pool(kind: 'max-pool' | 'average-pool'): Translate {
  return (node) => {
    requirePlain(node, ofImages);
    const size = pairOf(node, 'pool_size', [2, 2]);
    return { kind, size, strides: pairOf(node, 'strides', size), padding: paddingOf(node) };
  };
}

/** Keras writes the last axis as -1, or by its number. */
function requireLastAxis(node: KerasNode): void {
  const { axis } = node.config;
  const axes = Array.isArray(axis) ? axis : [axis ?? -1];
  if (axes.length === 1) return;
  throw layerFault(node, `axis is ${JSON.stringify(axis)}; wanted the last one, -1.`);
}

const globalAverage: Translate = (node) => {
  requirePlain(node, { data_format: 'channels_last', keepdims: false });
  return { kind: 'global-average-pool' };
};

function recurrent(kind: 'lstm' | 'gru'): Translate {
  return (node) => {
    requirePlain(node, { activation: 'tanh', use_bias: true, go_backwards: false, stateful: false });
    requirePlain(node, { dropout: 0, recurrent_dropout: 0, return_state: false });
    const gates = "pass recurrentActivation: 'sigmoid' (Python: recurrent_activation='sigmoid')";
    requirePlain(node, { recurrent_activation: 'sigmoid' }, gates);
    if (kind === 'gru') requirePlain(node, { reset_after: false }, 'pass reset_after=False');
    return {
      kind,
      units: countOf(node, 'units'),
      returnSequences: flagOf(node, 'return_sequences', false),
    };
  };
}

const relu: Translate = (node) => {
  requirePlain(node, { negative_slope: 0, threshold: 0 });
  const { max_value: most } = node.config;
  if (most === undefined || most === null) return { kind: 'activation', activation: 'relu' };
  if (most === 6) return { kind: 'activation', activation: 'relu6' };
  throw layerFault(node, `max_value is ${JSON.stringify(most)}; wanted none, or 6.`);
};

const leakyRelu: Translate = (node) => {
  const slope = numberOf(node, 'negative_slope', numberOf(node, 'alpha', 0.3));
  if (Math.abs(slope - LEAKY_SLOPE) < 1e-6) return { kind: 'activation', activation: 'leaky-relu' };
  throw layerFault(node, `the slope is ${slope}; wanted ${LEAKY_SLOPE} (alpha, or negative_slope).`);
};

const attention: Translate = (node) => {
  requirePlain(node, { use_bias: true, dropout: 0, output_shape: null, value_dim: node.config.key_dim });
  if (new Set(node.inputs).size > 1)
    throw layerFault(node, 'query, value and key are several layers; wanted one: self-attention.');
  return {
    kind: 'attention',
    heads: countOf(node, 'num_heads'),
    causal: node.call.use_causal_mask === true || flagOf(node, 'use_causal_mask', false),
  };
};

export const translations: Readonly<Record<string, Translate>> = {
  Dense: (node) => ({
    kind: 'dense',
    units: countOf(node, 'units'),
    activation: activationOf(node),
    bias: flagOf(node, 'use_bias', true),
  }),
  Conv2D: (node) => {
    requirePlain(node, ofImages);
    return {
      kind: 'conv2d',
      filters: countOf(node, 'filters'),
      kernel: pairOf(node, 'kernel_size', [1, 1]),
      strides: pairOf(node, 'strides', [1, 1]),
      padding: paddingOf(node),
      activation: activationOf(node),
      bias: flagOf(node, 'use_bias', true),
    };
  },
  DepthwiseConv2D: (node) => {
    requirePlain(node, ofImages);
    return {
      kind: 'depthwise-conv2d',
      kernel: pairOf(node, 'kernel_size', [1, 1]),
      multiplier: countOf(node, 'depth_multiplier', 1),
      strides: pairOf(node, 'strides', [1, 1]),
      padding: paddingOf(node),
      activation: activationOf(node),
      bias: flagOf(node, 'use_bias', true),
    };
  },
  MaxPooling2D: pool('max-pool'),
  AveragePooling2D: pool('average-pool'),
  GlobalAveragePooling2D: globalAverage,
  GlobalAveragePooling1D: globalAverage,
  Flatten: (node) => {
    requirePlain(node, { data_format: 'channels_last' });
    return { kind: 'flatten' };
  },
  Reshape: (node) => {
    const shape = node.config.target_shape;
    if (Array.isArray(shape) && shape.every((side) => Number.isInteger(side) && side >= 1))
      return { kind: 'reshape', shape };
    throw layerFault(node, `target_shape is ${JSON.stringify(shape)}; wanted whole numbers, without -1.`);
  },
  Activation: (node) => ({ kind: 'activation', activation: activationOf(node) }),
  ReLU: relu,
  LeakyReLU: leakyRelu,
  ELU: (node) => {
    requirePlain(node, { alpha: 1 });
    return { kind: 'activation', activation: 'elu' };
  },
  Softmax: (node) => {
    requireLastAxis(node);
    return { kind: 'activation', activation: 'softmax' };
  },
  Add: () => ({ kind: 'add' }),
  Dropout: (node) => {
    requirePlain(node, { noise_shape: null });
    return { kind: 'dropout', rate: numberOf(node, 'rate', 0.5) };
  },
  BatchNormalization: (node) => {
    requireLastAxis(node);
    requirePlain(node, norm);
    return {
      kind: 'batch-norm',
      momentum: numberOf(node, 'momentum', 0.99),
      epsilon: numberOf(node, 'epsilon', 1e-3),
    };
  },
  LayerNormalization: (node) => {
    requireLastAxis(node);
    requirePlain(node, norm);
    return { kind: 'layer-norm', epsilon: numberOf(node, 'epsilon', 1e-3) };
  },
  GroupNormalization: (node) => {
    requireLastAxis(node);
    requirePlain(node, norm);
    return {
      kind: 'group-norm',
      groups: countOf(node, 'groups', 32),
      epsilon: numberOf(node, 'epsilon', 1e-3),
    };
  },
  Embedding: (node) => {
    requirePlain(node, { mask_zero: false });
    return {
      kind: 'embedding',
      vocabulary: countOf(node, 'input_dim'),
      size: countOf(node, 'output_dim'),
    };
  },
  // Of keras-hub; the graph adds what it gives to its input (import-graph.ts makes one layer of both).
  PositionEmbedding: () => ({ kind: 'position-embedding' }),
  LSTM: recurrent('lstm'),
  GRU: recurrent('gru'),
  MultiHeadAttention: attention,
};

/** What a part of ours is called below the layer in Keras. */
export function kerasPart(kind: Layer['kind'], part: string): string {
  if (kind !== 'attention') return part;
  const [role, what] = part.split('_');
  return `${role === 'output' ? 'attention_output' : role}/${what}`;
}
