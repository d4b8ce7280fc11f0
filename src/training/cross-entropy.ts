/**
 * Softmax cross-entropy of a batch, in float64: loss = mean_b (log sum_c exp z_bc - z_b,label), and its gradient
 * with respect to the logits, (softmax(z) - onehot(label)) / batch. A batch has a few hundred logits, so plain
 * arithmetic beats a dozen tensor calls, and the largest logit is subtracted first: no overflow.
 */

/**
 * Mean loss of `logits` [labels.length, classes]; writes its gradient into `gradient`, of the same shape.
 */
export function crossEntropyInto(gradient: Float32Array, logits: Float32Array, labels: Uint8Array): number {
  const batch = labels.length;
  const classes = logits.length / batch;
  let loss = 0;
  for (let b = 0; b < batch; b++) {
    const start = b * classes;
    const target = start + labels[b]!;
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = start; k < start + classes; k++) highest = Math.max(highest, logits[k]!);
    let sum = 0;
    for (let k = start; k < start + classes; k++) sum += Math.exp(logits[k]! - highest);
    for (let k = start; k < start + classes; k++) {
      gradient[k] = (Math.exp(logits[k]! - highest) / sum - (k === target ? 1 : 0)) / batch;
    }
    loss += Math.log(sum) + highest - logits[target]!;
  }
  return loss / batch;
}

/** How many rows of `logits` are highest at their label; the first of equals counts. */
export function countCorrect(logits: Float32Array, labels: Uint8Array): number {
  const classes = logits.length / labels.length;
  let correct = 0;
  for (let b = 0; b < labels.length; b++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[b * classes + c]! > logits[b * classes + best]!) best = c;
    if (best === labels[b]) correct++;
  }
  return correct;
}
