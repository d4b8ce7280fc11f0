/**
 * Losses of a batch with their gradients with respect to the network's outputs, in float64. A batch has a few thousand
 * outputs, so plain arithmetic beats a dozen tensor calls; the largest logit is subtracted first, so nothing overflows.
 *
 *     cross-entropy         mean_b (log sum_c exp z_bc - z_b,target)       (softmax(z) - onehot(target)) / places
 *     binary-cross-entropy  mean_b (log(1 + exp z) - t z)                  (sigmoid(z) - t) / places
 *     mean-squared-error    mean_k (y_k - t_k)^2                           2 (y - t) / numbers
 */
import { assert } from '../base/assert.js';
import type { Loss } from './network/network.js';

/**
 * Mean loss of `outputs` [samples, ...outputShape] against `targets`; writes its gradient into `gradient`, of the
 * outputs' shape.
 */
export function lossGradientInto(
  gradient: Float32Array,
  { loss, targets }: { readonly loss: Loss; readonly targets: Float32Array },
  outputs: Float32Array,
): number {
  if (loss === 'cross-entropy') return crossEntropyInto(gradient, outputs, targets);
  assert(outputs.length === targets.length, 'outputs and targets have one shape');
  return loss === 'binary-cross-entropy'
    ? binaryCrossEntropyInto(gradient, outputs, targets)
    : meanSquaredErrorInto(gradient, outputs, targets);
}

function crossEntropyInto(gradient: Float32Array, logits: Float32Array, targets: Float32Array): number {
  const places = targets.length;
  const classes = logits.length / places;
  let loss = 0;
  for (let b = 0; b < places; b++) {
    const start = b * classes;
    const target = start + targets[b]!;
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = start; k < start + classes; k++) highest = Math.max(highest, logits[k]!);
    let sum = 0;
    for (let k = start; k < start + classes; k++) sum += Math.exp(logits[k]! - highest);
    for (let k = start; k < start + classes; k++) {
      gradient[k] = (Math.exp(logits[k]! - highest) / sum - (k === target ? 1 : 0)) / places;
    }
    loss += Math.log(sum) + highest - logits[target]!;
  }
  return loss / places;
}

/** Written with exp of what is not positive, so that it does not overflow. */
function binaryCrossEntropyInto(gradient: Float32Array, logits: Float32Array, targets: Float32Array): number {
  const places = targets.length;
  let loss = 0;
  for (let b = 0; b < places; b++) {
    const z = logits[b]!;
    const small = Math.exp(-Math.abs(z));
    loss += Math.max(z, 0) - z * targets[b]! + Math.log1p(small);
    gradient[b] = ((z >= 0 ? 1 : small) / (1 + small) - targets[b]!) / places;
  }
  return loss / places;
}

function meanSquaredErrorInto(gradient: Float32Array, outputs: Float32Array, targets: Float32Array): number {
  const numbers = targets.length;
  let loss = 0;
  for (let k = 0; k < numbers; k++) {
    const error = outputs[k]! - targets[k]!;
    loss += error * error;
    gradient[k] = (2 * error) / numbers;
  }
  return loss / numbers;
}
