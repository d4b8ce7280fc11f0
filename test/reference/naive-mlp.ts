/** Twin of the engines: a multilayer perceptron sample by sample and number by number, in float64. */

export interface NaiveResult {
  readonly loss: number;
  /** Samples whose label has the highest logit. */
  readonly correct: number;
  /** In the order of the flat vector: W_1 [in, out], b_1 [out], W_2, ... */
  readonly gradient: Float64Array;
}

/** Mean cross-entropy of `rows` and its gradient for layers of `widths`. */
export function naiveMlp(
  widths: readonly number[],
  parameters: ArrayLike<number>,
  batch: readonly { readonly row: readonly number[]; readonly label: number }[],
): NaiveResult {
  const gradient = new Float64Array(parameters.length);
  const layers = widths.length - 1;
  const offsets = [0];
  for (let l = 0; l < layers; l++) offsets.push(offsets[l]! + (widths[l]! + 1) * widths[l + 1]!);
  let loss = 0;
  let correct = 0;
  for (const { row, label } of batch) {
    const activations: number[][] = [[...row]];
    for (let l = 0; l < layers; l++) {
      const [input, output] = [widths[l]!, widths[l + 1]!];
      const next: number[] = [];
      for (let o = 0; o < output; o++) {
        let z = parameters[offsets[l]! + input * output + o]!;
        for (let i = 0; i < input; i++) z += activations[l]![i]! * parameters[offsets[l]! + i * output + o]!;
        next.push(l === layers - 1 ? z : Math.max(0, z));
      }
      activations.push(next);
    }
    const logits = activations[layers]!;
    if (logits.indexOf(Math.max(...logits)) === label) correct++;
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    loss += (Math.log(total) - logits[label]!) / batch.length;
    let delta = logits.map((z, o) => (Math.exp(z) / total - (o === label ? 1 : 0)) / batch.length);
    for (let l = layers - 1; l >= 0; l--) {
      const [input, output] = [widths[l]!, widths[l + 1]!];
      const previous = new Array<number>(input).fill(0);
      for (let o = 0; o < output; o++) {
        gradient[offsets[l]! + input * output + o]! += delta[o]!;
        for (let i = 0; i < input; i++) {
          gradient[offsets[l]! + i * output + o]! += activations[l]![i]! * delta[o]!;
          if (activations[l]![i]! > 0) previous[i]! += parameters[offsets[l]! + i * output + o]! * delta[o]!;
        }
      }
      delta = previous;
    }
  }
  return { loss, correct, gradient };
}
