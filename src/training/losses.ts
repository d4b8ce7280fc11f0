/**
 * Losses in plain float64 arithmetic, from a network's outputs: for evaluation, and the twin of what engines compute.
 * The largest logit is subtracted first, so nothing overflows.
 */
import type { Loss } from './network/network.js';

/** Sums over the samples given, so that chunks add up. */
export interface LossSum {
  /** Sum of the places' losses: divide by `places`. */
  readonly loss: number;
  /** Places whose prediction is right; null where there is no right and wrong. */
  readonly correct: number | null;
  /** Targets seen, or for mean-squared-error the numbers compared. */
  readonly places: number;
}

/** Of `outputs` [samples, ...outputShape] against `targets`. */
export function lossSum(loss: Loss, outputs: Float32Array, targets: Float32Array): LossSum {
  if (loss === 'cross-entropy') return crossEntropy(outputs, targets);
  if (loss === 'binary-cross-entropy') return binaryCrossEntropy(outputs, targets);
  let sum = 0;
  for (let k = 0; k < targets.length; k++) sum += (outputs[k]! - targets[k]!) ** 2;
  return { loss: sum, correct: null, places: targets.length };
}

/** log sum_c exp z_c - z_target; the first of equally high logits is the prediction. */
function crossEntropy(logits: Float32Array, targets: Float32Array): LossSum {
  const classes = logits.length / targets.length;
  let [loss, correct] = [0, 0];
  for (let b = 0; b < targets.length; b++) {
    const start = b * classes;
    let best = start;
    for (let k = start + 1; k < start + classes; k++) if (logits[k]! > logits[best]!) best = k;
    let sum = 0;
    for (let k = start; k < start + classes; k++) sum += Math.exp(logits[k]! - logits[best]!);
    const target = start + targets[b]!;
    loss += Math.log(sum) + logits[best]! - logits[target]!;
    if (best === target) correct++;
  }
  return { loss, correct, places: targets.length };
}

/** log(1 + exp z) - t z, written so that exp does not overflow; z > 0 predicts 1. */
function binaryCrossEntropy(logits: Float32Array, targets: Float32Array): LossSum {
  let [loss, correct] = [0, 0];
  for (let b = 0; b < targets.length; b++) {
    const z = logits[b]!;
    loss += Math.max(z, 0) - z * targets[b]! + Math.log1p(Math.exp(-Math.abs(z)));
    if (z > 0 === targets[b]! > 0.5) correct++;
  }
  return { loss, correct, places: targets.length };
}
