/**
 * Layers over time in TensorFlow.js operations: embedding, Keras' LSTM (Hochreiter and Schmidhuber 1997, with the gate
 * that forgets) and GRU (Cho et al. 2014, reset before the product), multi-head self-attention (Vaswani et al. 2017).
 * x is [samples, time, size]; the recurrences are in tfjs-recurrence.ts.
 *
 *     attention   softmax(q k^T / sqrt(d)) v in each head of d numbers, heads side by side, then the output kernel
 */
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { GrapevineError } from '../base/errors.js';
import type { AttentionLayer, EmbeddingLayer, RecurrentLayer } from './network/network.js';
import { affine } from './tfjs-affine.js';
import type { Tfjs } from './tfjs-api.js';
import type { LayerCall } from './tfjs-layer-call.js';
import { gruStates, lstmStates } from './tfjs-recurrence.js';

/** Added to the scores of places that must not be seen; Keras' own, far below any score, far above -infinity. */
const UNSEEN = -1e9;

/** @throws GrapevineError DATA_UNAVAILABLE where a number is not in the vocabulary */
export function embedding(
  { tf, weight, name }: LayerCall,
  x: Tensor,
  { vocabulary }: EmbeddingLayer,
): Tensor {
  const tokens = Int32Array.from(x.dataSync<'float32'>());
  for (const token of tokens) {
    if (token >= 0 && token < vocabulary) continue;
    throw new GrapevineError(
      'DATA_UNAVAILABLE',
      `layer "${name}": the data hold the number ${token}; wanted whole numbers from 0 to ${vocabulary - 1}. ` +
        'Give the layer a larger vocabulary, or mend the data.',
      { layer: name, token, vocabulary },
    );
  }
  return tf.gather(weight('embeddings'), tf.tensor(tokens, x.shape, 'int32'));
}

/** What `states` makes of x W + b, at all places or the last. */
export function recurrent(call: LayerCall, x: Tensor, layer: RecurrentLayer): Tensor {
  const { tf, weight } = call;
  const projected = affine(tf, x, { kernel: weight('kernel'), bias: weight('bias') });
  const places = tf.transpose(projected, [1, 0, 2]) as Tensor3D;
  const states = layer.kind === 'lstm' ? lstmStates : gruStates;
  const made = states(tf, places, weight('recurrent_kernel') as Tensor2D);
  if (layer.returnSequences === true) return tf.transpose(made, [1, 0, 2]);
  const [time, samples, units] = made.shape;
  return tf.reshape(tf.slice(made, [time - 1, 0, 0], [1, samples, units]), [samples, units]);
}

/** [time, time]: 0 where the row's place may see the column's, UNSEEN after it. */
function causalMask(tf: Tfjs, time: number): Tensor {
  const mask = Float32Array.from({ length: time * time }, (_, k) =>
    k % time > Math.floor(k / time) ? UNSEEN : 0,
  );
  return tf.tensor(mask, [time, time]);
}

export function attention({ tf, weight }: LayerCall, x: Tensor, { heads, causal }: AttentionLayer): Tensor {
  const [samples, time, size] = x.shape as [number, number, number];
  const width = size / heads;
  const project = (role: string, input: Tensor) =>
    affine(tf, input, { kernel: weight(`${role}_kernel`), bias: weight(`${role}_bias`) });
  /** [samples, heads, time, width] */
  const headsOf = (role: string) =>
    tf.transpose(tf.reshape(project(role, x), [samples, time, heads, width]), [0, 2, 1, 3]);
  const scores = tf.mul(tf.matMul(headsOf('query'), headsOf('key'), false, true), 1 / Math.sqrt(width));
  const seen = tf.softmax(causal === true ? tf.add(scores, causalMask(tf, time)) : scores);
  const mixed = tf.transpose(tf.matMul(seen, headsOf('value')), [0, 2, 1, 3]);
  return project('output', tf.reshape(mixed, [samples, time, size]));
}
