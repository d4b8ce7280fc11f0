/**
 * A network of dense layers with ReLU between them and softmax cross-entropy at the end, on TensorFlow.js.
 *
 *     forward    a_0 = batch,  z_l = a_(l-1) W_l + b_l,  a_l = relu(z_l)           l = 1 .. L
 *     backward   d_L = dloss/dz_L,   dW_l = a_(l-1)^T d_l,   db_l = sum_b d_l,
 *                d_(l-1) = (d_l W_l^T) * [z_(l-1) > 0]
 *
 * The backward pass is written out instead of left to tf.grads because the WebAssembly backend is slow exactly
 * where a product has a transposed operand, i.e. in every gradient: with the transpose taken first, a step of
 * 784-128-10 at batch 32 takes 1.8 ms instead of 5.2 ms (one 2.6 GHz core). Every tensor lives inside one
 * tf.tidy; between calls the model holds none.
 */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { assert } from '../base/assert.js';
import { countCorrect, crossEntropyInto } from './cross-entropy.js';
import type { Dataset, Samples } from './data/dataset.js';
import { denseLayout, glorotUniform } from './dense-network.js';
import type { ParameterLayout } from './parameters.js';
import type { Tfjs, TfjsRuntime } from './tfjs-runtime.js';
import type { GradientModel } from './trainer.js';

export interface TfjsModelOptions {
  readonly runtime: TfjsRuntime;
  readonly data: Dataset;
  /** Indices into data.train of this peer's samples; empty for a model that only evaluates. */
  readonly shard: Uint32Array;
  readonly seed: number;
  /** Widths of the layers between input and output. */
  readonly hidden: readonly number[];
}

/** Test samples evaluated at once: 500 digits are 1.6 MB of float32, and larger chunks are not faster. */
const EVALUATION_CHUNK = 500;

interface DenseLayer {
  /** [in, out]. */
  readonly kernel: Tensor2D;
  /** [out]. */
  readonly bias: Tensor1D;
}

/** The layers of a flat vector, as tensors of the enclosing tidy. */
function layersOf(tf: Tfjs, layout: ParameterLayout, parameters: Float32Array): DenseLayer[] {
  return layout.blocks.map(({ offset, rows, cols }) => {
    const biasAt = offset + (rows - 1) * cols;
    return {
      kernel: tf.tensor2d(parameters.subarray(offset, biasAt), [rows - 1, cols]),
      bias: tf.tensor1d(parameters.subarray(biasAt, biasAt + cols)),
    };
  });
}

/** a_0 .. a_(L-1) and, last, the logits z_L. */
function forward(tf: Tfjs, layers: readonly DenseLayer[], input: Tensor2D): Tensor2D[] {
  const activations = [input];
  layers.forEach(({ kernel, bias }, l) => {
    const z = tf.add(tf.matMul(activations[l]!, kernel), bias) as Tensor2D;
    activations.push(l === layers.length - 1 ? z : tf.relu(z));
  });
  return activations;
}

/** Gradients in the order of the flat vector: dW_1, db_1, dW_2, ... `delta` is d_L. */
function backward(
  tf: Tfjs,
  layers: readonly DenseLayer[],
  pass: { activations: Tensor2D[]; delta: Tensor2D },
): Tensor[] {
  const gradients: Tensor[] = [];
  let delta = pass.delta;
  for (let l = layers.length - 1; l >= 0; l--) {
    const input = pass.activations[l]!;
    gradients.unshift(tf.matMul(tf.transpose(input), delta), tf.sum(delta, 0));
    // relu(z) > 0 exactly where z > 0, so the activation serves as the mask.
    if (l > 0) delta = tf.mul(tf.matMul(delta, tf.transpose(layers[l]!.kernel)), tf.step(input));
  }
  return gradients;
}

function batchTensor(tf: Tfjs, samples: Samples, indices: Uint32Array, features: number): Tensor2D {
  const rows = new Float32Array(indices.length * features);
  samples.inputsInto(rows, indices);
  return tf.tensor2d(rows, [indices.length, features]);
}

/** A model of one peer on `data.train`'s rows `shard`. */
export function createTfjsModel({ runtime, data, shard, seed, hidden }: TfjsModelOptions): GradientModel {
  const { tf } = runtime;
  assert(data.targets.kind === 'classes', 'the model tells classes apart');
  const features = data.inputShape.reduce((product, side) => product * side, 1);
  const layout = denseLayout([features, ...hidden, data.targets.classes]);
  const labelsOf = (samples: Samples, indices: Uint32Array) =>
    Uint8Array.from(indices, (index) => samples.labels![index]!);

  function gradientInto(gradient: Float32Array, parameters: Float32Array, batch: Uint32Array): number {
    assert(shard.length > 0, 'a model without a shard only evaluates');
    const indices = batch.map((index) => shard[index]!);
    return tf.tidy(() => {
      const layers = layersOf(tf, layout, parameters);
      const activations = forward(tf, layers, batchTensor(tf, data.train, indices, features));
      const logits = activations.at(-1)!;
      const errors = new Float32Array(logits.size);
      const loss = crossEntropyInto(errors, logits.dataSync<'float32'>(), labelsOf(data.train, indices));
      let offset = 0;
      for (const part of backward(tf, layers, { activations, delta: tf.tensor2d(errors, logits.shape) })) {
        gradient.set(part.dataSync<'float32'>(), offset);
        offset += part.size;
      }
      return loss;
    });
  }

  function evaluateChunk(parameters: Float32Array, indices: Uint32Array): { loss: number; correct: number } {
    return tf.tidy(() => {
      const layers = layersOf(tf, layout, parameters);
      const logits = forward(tf, layers, batchTensor(tf, data.test, indices, features))
        .at(-1)!
        .dataSync<'float32'>();
      const labels = labelsOf(data.test, indices);
      const loss = crossEntropyInto(new Float32Array(logits.length), logits, labels);
      return { loss: loss * indices.length, correct: countCorrect(logits, labels) };
    });
  }

  return {
    layout,
    engine: runtime.engine,
    samples: shard.length,
    initialParameters: () => glorotUniform(layout, seed),
    gradientInto,
    evaluate(parameters) {
      const { count } = data.test;
      let [loss, correct] = [0, 0];
      for (let start = 0; start < count; start += EVALUATION_CHUNK) {
        const length = Math.min(EVALUATION_CHUNK, count - start);
        const chunk = evaluateChunk(
          parameters,
          Uint32Array.from({ length }, (_, k) => start + k),
        );
        loss += chunk.loss;
        correct += chunk.correct;
      }
      return { loss: loss / count, accuracy: correct / count };
    },
    dispose() {}, // nothing outlives a call
  };
}
