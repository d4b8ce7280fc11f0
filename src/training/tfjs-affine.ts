/** The affine map of dense, recurrent and attention layers in TensorFlow.js operations. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Tfjs } from './tfjs-api.js';

/** y = x W + b along the last axis. */
export function affine(
  tf: Tfjs,
  x: Tensor,
  { kernel, bias }: { kernel: Tensor; bias: Tensor | null },
): Tensor {
  const [fanIn, fanOut] = kernel.shape as [number, number];
  const rows = x.rank === 2 ? x : tf.reshape(x, [-1, fanIn]);
  const product = tf.matMul(rows as Tensor2D, kernel as Tensor2D);
  const y = bias === null ? product : tf.add(product, bias);
  return x.rank === 2 ? y : tf.reshape(y, [...x.shape.slice(0, -1), fanOut]);
}
