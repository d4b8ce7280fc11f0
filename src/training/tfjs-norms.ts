/**
 * Normalization in TensorFlow.js operations: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, where mean and
 * variance (of the places themselves: divided by their number) go over
 *
 *     batch-norm   all axes but the last (Ioffe and Szegedy 2015); outside training the moving ones
 *     layer-norm   the last axis, place by place (Ba, Kiros and Hinton 2016)
 *     group-norm   the positions and a group's channels, sample by sample (Wu and He 2018)
 *
 * Gradients flow through mean and variance.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  type BatchNormLayer,
  DEFAULT_EPSILON,
  type GroupNormLayer,
  type LayerNormLayer,
} from './network/network.js';
import type { Tfjs } from './tfjs-api.js';
import type { LayerCall } from './tfjs-layer-call.js';

interface Moments {
  readonly centered: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Mean and variance of x over `axes`, which stay as axes of length 1. */
function momentsOf(tf: Tfjs, x: Tensor, axes: number[]): Moments {
  const mean = tf.mean(x, axes, true);
  const centered = tf.sub(x, mean);
  return { centered, mean, variance: tf.mean(tf.square(centered), axes, true) };
}

function scaleAndShift({ tf, weight }: LayerCall, normalized: Tensor): Tensor {
  return tf.add(tf.mul(normalized, weight('gamma')), weight('beta'));
}

const normalize = (tf: Tfjs, { centered, variance }: Omit<Moments, 'mean'>, epsilon: number): Tensor =>
  tf.mul(centered, tf.rsqrt(tf.add(variance, epsilon)));

export function batchNorm(call: LayerCall, x: Tensor, { epsilon = DEFAULT_EPSILON }: BatchNormLayer): Tensor {
  const { tf, training, weight, name } = call;
  if (training === null) {
    const [mean, variance] = [weight('moving_mean'), weight('moving_variance')];
    return scaleAndShift(call, normalize(tf, { centered: tf.sub(x, mean), variance }, epsilon));
  }
  const channels = x.shape.at(-1)!;
  const moments = momentsOf(tf, tf.reshape(x, [-1, channels]), [0]);
  training.statistics.set(name, {
    mean: moments.mean.dataSync<'float32'>().slice(),
    variance: moments.variance.dataSync<'float32'>().slice(),
  });
  return scaleAndShift(call, tf.reshape(normalize(tf, moments, epsilon), x.shape));
}

export function layerNorm(call: LayerCall, x: Tensor, { epsilon = DEFAULT_EPSILON }: LayerNormLayer): Tensor {
  return scaleAndShift(call, normalize(call.tf, momentsOf(call.tf, x, [x.rank - 1]), epsilon));
}

export function groupNorm(
  call: LayerCall,
  x: Tensor,
  { groups, epsilon = DEFAULT_EPSILON }: GroupNormLayer,
): Tensor {
  const { tf } = call;
  const [samples, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const grouped = tf.reshape(x, [samples, -1, groups, channels / groups]);
  const normalized = normalize(tf, momentsOf(tf, grouped, [1, 3]), epsilon);
  return scaleAndShift(call, tf.reshape(normalized, x.shape));
}
