/**
 * Shape and start of a network of dense layers. Layer l has a kernel [in, out] followed by its bias [out] in the
 * flat vector, and the two together are one block [in + 1, out], named after the layer: compression sees one
 * matrix with the bias as its last row.
 */
import { createRandom, uniform } from '../base/random.js';
import { layOut, type ParameterLayout } from './parameters.js';

/** `widths` from the input to the output: [784, 128, 10] has two layers. */
export function denseLayout(widths: readonly number[]): ParameterLayout {
  const tensors: { name: string; shape: number[] }[] = [];
  const blocks: { name: string; offset: number; rows: number; cols: number }[] = [];
  let offset = 0;
  for (let l = 1; l < widths.length; l++) {
    const [input, output] = [widths[l - 1]!, widths[l]!];
    tensors.push(
      { name: `dense${l}/kernel`, shape: [input, output] },
      { name: `dense${l}/bias`, shape: [output] },
    );
    blocks.push({ name: `dense${l}`, offset, rows: input + 1, cols: output });
    offset += (input + 1) * output;
  }
  return layOut(tensors, blocks);
}

/**
 * Kernels uniform in [-a, a) with a = sqrt(6 / (in + out)) (Glorot and Bengio 2010, "Understanding the difficulty
 * of training deep feedforward neural networks", eq. 16); biases 0. Depends on the seed and the layout only.
 */
export function glorotUniform(layout: ParameterLayout, seed: number): Float32Array {
  const parameters = new Float32Array(layout.size);
  for (const { name, shape, offset, size } of layout.tensors) {
    if (shape.length !== 2) continue;
    const random = createRandom(seed, 'initial parameters', name);
    const limit = Math.sqrt(6 / (shape[0]! + shape[1]!));
    for (let k = 0; k < size; k++) parameters[offset + k] = limit * (2 * uniform(random) - 1);
  }
  return parameters;
}
