/**
 * Activations in TensorFlow.js operations, by the formulas of Keras: elu with alpha 1, gelu with the error function
 * (Hendrycks and Gimpel 2016, not its tanh approximation), softmax over the last axis.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Activation, LEAKY_SLOPE } from './network/network.js';
import type { Tfjs } from './tfjs-api.js';

/** f(x), entry by entry, of x's shape. */
export function activate(tf: Tfjs, x: Tensor, activation: Activation = 'linear'): Tensor {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'relu6':
      return tf.relu6(x);
    case 'leaky-relu':
      return tf.leakyRelu(x, LEAKY_SLOPE);
    case 'elu':
      return tf.elu(x);
    case 'selu':
      return tf.selu(x);
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case 'swish':
      return tf.mul(x, tf.sigmoid(x));
    case 'tanh':
      return tf.tanh(x);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'softplus':
      return tf.softplus(x);
    case 'softmax':
      return tf.softmax(x);
    default:
      return activation satisfies never;
  }
}
