/**
 * Layers in TensorFlow.js operations: shapes and formulas of network.ts, those of Keras. All tensors have the batch as
 * first axis, live in the caller's tidy, and carry gradients. Norms are in tfjs-norms.ts, what runs over time in
 * tfjs-sequences.ts.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Conv2dLayer, DenseLayer, DepthwiseConv2dLayer, PoolLayer } from './network/network.js';
import type { ShapedLayer } from './network/shapes.js';
import { activate } from './tfjs-activations.js';
import { affine } from './tfjs-affine.js';
import { dropout, type LayerCall } from './tfjs-layer-call.js';
import { batchNorm, groupNorm, layerNorm } from './tfjs-norms.js';
import { attention, embedding, gru, lstm } from './tfjs-sequences.js';

function dense({ tf, weight }: LayerCall, x: Tensor, layer: DenseLayer): Tensor {
  const bias = layer.bias === false ? null : weight('bias');
  return activate(tf, affine(tf, x, { kernel: weight('kernel'), bias }), layer.activation);
}

function conv2d({ tf, weight }: LayerCall, x: Tensor, layer: Conv2dLayer): Tensor {
  const { strides = [1, 1], padding = 'same', bias, activation } = layer;
  const y = tf.conv2d(x as Tensor4D, weight('kernel') as Tensor4D, [...strides], padding);
  return activate(tf, bias === false ? y : tf.add(y, weight('bias')), activation);
}

function depthwise({ tf, weight }: LayerCall, x: Tensor, layer: DepthwiseConv2dLayer): Tensor {
  const { strides = [1, 1], padding = 'same', bias, activation } = layer;
  const kernel = weight('depthwise_kernel') as Tensor4D;
  const y = tf.depthwiseConv2d(x as Tensor4D, kernel, [...strides], padding);
  return activate(tf, bias === false ? y : tf.add(y, weight('bias')), activation);
}

/** Zeros around the image count neither as a maximum nor in a mean. */
function pool({ tf }: LayerCall, x: Tensor, layer: PoolLayer): Tensor {
  const { size, strides = size, padding = 'valid' } = layer;
  const window = layer.kind === 'max-pool' ? tf.maxPool : tf.avgPool;
  return window(x as Tensor4D, [...size], [...strides], padding);
}

/** What the layer makes of `inputs`, [samples, ...inputShape] each. */
export function applyLayer(
  call: LayerCall,
  { layer, outputShape }: ShapedLayer,
  inputs: readonly Tensor[],
): Tensor {
  const { tf } = call;
  const x = inputs[0]!;
  switch (layer.kind) {
    case 'dense':
      return dense(call, x, layer);
    case 'conv2d':
      return conv2d(call, x, layer);
    case 'depthwise-conv2d':
      return depthwise(call, x, layer);
    case 'max-pool':
    case 'average-pool':
      return pool(call, x, layer);
    case 'global-average-pool':
      return tf.mean(x, x.rank === 4 ? [1, 2] : [1]);
    case 'flatten':
    case 'reshape':
      return tf.reshape(x, [x.shape[0]!, ...outputShape]);
    case 'activation':
      return activate(tf, x, layer.activation);
    case 'add':
      return inputs.slice(1).reduce((sum, other) => tf.add(sum, other), x);
    case 'dropout':
      return dropout(call, x, layer.rate);
    case 'batch-norm':
      return batchNorm(call, x, layer);
    case 'layer-norm':
      return layerNorm(call, x, layer);
    case 'group-norm':
      return groupNorm(call, x, layer);
    case 'embedding':
      return embedding(call, x, layer);
    case 'position-embedding':
      return tf.add(x, call.weight('embeddings'));
    case 'lstm':
      return lstm(call, x, layer);
    case 'gru':
      return gru(call, x, layer);
    case 'attention':
      return attention(call, x, layer);
    default:
      return layer satisfies never;
  }
}
