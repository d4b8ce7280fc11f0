/**
 * Layers over time in TensorFlow.js operations: embedding, Keras' LSTM (Hochreiter and Schmidhuber 1997, with the gate
 * that forgets) and GRU (Cho et al. 2014, reset before the product), multi-head self-attention (Vaswani et al. 2017).
 * x is [samples, time, size].
 *
 *     lstm   i, f, c~, o = s(z_i), s(z_f), tanh(z_c), s(z_o),  z = x_t W + h U + b     c' = f c + i c~,  h' = o tanh c'
 *     gru    z, r = s(x_t W_zr + h U_zr + b_zr),  h~ = tanh(x_t W_h + (r h) U_h + b_h)    h' = z h + (1 - z) h~
 *     attention   softmax(q k^T / sqrt(d)) v in each head of d numbers, heads side by side, then the output kernel
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { GrapevineError } from '../base/errors.js';
import type { AttentionLayer, EmbeddingLayer, RecurrentLayer } from './network/network.js';
import { affine } from './tfjs-affine.js';
import type { Tfjs } from './tfjs-api.js';
import type { LayerCall } from './tfjs-layer-call.js';

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

/** x W + b of all places at once, then place by place: [time] of [samples, gates * units]. */
function projectPlaces({ tf, weight }: LayerCall, x: Tensor): Tensor[] {
  return tf.unstack(affine(tf, x, { kernel: weight('kernel'), bias: weight('bias') }), 1);
}

function outputOf(tf: Tfjs, states: readonly Tensor[], { returnSequences }: RecurrentLayer): Tensor {
  return returnSequences === true ? tf.stack([...states], 1) : states.at(-1)!;
}

export function lstm(call: LayerCall, x: Tensor, layer: RecurrentLayer): Tensor {
  const { tf, weight } = call;
  const recurrent = weight('recurrent_kernel') as Tensor2D;
  const states: Tensor[] = [];
  let cell: Tensor | null = null;
  for (const projected of projectPlaces(call, x)) {
    const state = states.at(-1);
    const z = state === undefined ? projected : tf.add(projected, tf.matMul(state as Tensor2D, recurrent));
    const [zi, zf, zc, zo] = tf.split(z, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
    const fresh = tf.mul(tf.sigmoid(zi), tf.tanh(zc));
    cell = cell === null ? fresh : tf.add(tf.mul(tf.sigmoid(zf), cell), fresh);
    states.push(tf.mul(tf.sigmoid(zo), tf.tanh(cell)));
  }
  return outputOf(tf, states, layer);
}

export function gru(call: LayerCall, x: Tensor, layer: RecurrentLayer): Tensor {
  const { tf, weight } = call;
  const { units } = layer;
  const [gates, candidate] = tf.split(weight('recurrent_kernel'), [2 * units, units], 1) as Tensor2D[];
  const states: Tensor[] = [];
  for (const projected of projectPlaces(call, x)) {
    const [fromGates, fromCandidate] = tf.split(projected, [2 * units, units], 1);
    const state = (states.at(-1) ?? tf.zeros([x.shape[0]!, units])) as Tensor2D;
    const [z, r] = tf.split(tf.sigmoid(tf.add(fromGates!, tf.matMul(state, gates!))), 2, 1);
    const reset = tf.matMul(tf.mul(r!, state) as Tensor2D, candidate!);
    const next = tf.tanh(tf.add(fromCandidate!, reset));
    states.push(tf.add(next, tf.mul(z!, tf.sub(state, next)))); // z h + (1 - z) h~
  }
  return outputOf(tf, states, layer);
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
