/**
 * Layers in TensorFlow.js operations: shapes and formulas of network.ts, those of Keras. All tensors have the batch as
 * first axis, live in the caller's tidy, and carry gradients. Norms are in tfjs-norms.ts, what runs over time in
 * tfjs-sequences.ts.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Conv2dLayer, DenseLayer, DepthwiseConv2dLayer, PoolLayer } from './network/network.js';
import { type Shape, type ShapedLayer, windowSide } from './network/shapes.js';
import { activate } from './tfjs-activations.js';
import { affine } from './tfjs-affine.js';
import { dropout, type LayerCall } from './tfjs-layer-call.js';
import { batchNorm, groupNorm, layerNorm } from './tfjs-norms.js';
import { attention, embedding, recurrent } from './tfjs-sequences.js';

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
function pool(call: LayerCall, x: Tensor, { layer, outputShape }: ShapedPool): Tensor {
  const { tf } = call;
  const { kind, size, strides = size, padding = 'valid' } = layer;
  if (kind === 'max-pool') return tf.maxPool(x as Tensor4D, [...size], [...strides], padding);
  if (padding === 'valid') return tf.avgPool(x as Tensor4D, [...size], [...strides], 'valid');
  return averageWithin(call, x, { layer, outputShape });
}

interface ShapedPool {
  readonly layer: PoolLayer;
  readonly outputShape: Shape;
}

/**
 * Mean over the part of each window that lies in the image. TensorFlow.js' gradient of its own padded mean divides by
 * the whole window; so zeros are put around the image here, and the mean over whole windows corrected.
 */
function averageWithin({ tf }: LayerCall, x: Tensor, { layer, outputShape }: ShapedPool): Tensor {
  const { size, strides = size } = layer;
  const sides = ([0, 1] as const).map((axis) => {
    const [length, window, stride] = [x.shape[axis + 1]!, size[axis], strides[axis]];
    const { places, before } = windowSide({ length, size: window, stride }, 'same');
    const after = Math.max(0, (places - 1) * stride + window - length - before);
    const inside = Array.from({ length: places }, (_, place) => {
      const first = place * stride - before;
      return Math.min(length, first + window) - Math.max(0, first);
    });
    return { zeros: [before, after] as [number, number], inside };
  });
  const [rows, cols] = [sides[0]!, sides[1]!];
  const padded = tf.pad(x, [[0, 0], rows.zeros, cols.zeros, [0, 0]]) as Tensor4D;
  const correction = rows.inside.flatMap((height) =>
    cols.inside.map((width) => (size[0] * size[1]) / (height * width)),
  );
  const mean = tf.avgPool(padded, [...size], [...strides], 'valid');
  return tf.mul(mean, tf.tensor(correction, [outputShape[0]!, outputShape[1]!, 1]));
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
      return pool(call, x, { layer, outputShape });
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
    case 'gru':
      return recurrent(call, x, layer);
    case 'attention':
      return attention(call, x, layer);
    default:
      return layer satisfies never;
  }
}
