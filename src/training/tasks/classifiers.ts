/** Networks that tell classes apart, or predict a number: perceptrons, and the small convolutional network of images. */
import type { Layer, Network } from '../network/network.js';

export interface PerceptronOptions {
  readonly inputShape: readonly number[];
  /** Units of each hidden layer; none: a linear model. */
  readonly hidden: readonly number[];
  readonly outputs: number;
}

/** Dense layers with ReLU between them; images are flattened first. */
export function perceptron({ inputShape, hidden, outputs }: PerceptronOptions): Network {
  const layers: Layer[] = inputShape.length > 1 ? [{ kind: 'flatten', name: 'flatten' }] : [];
  hidden.forEach((units, index) => {
    layers.push({ kind: 'dense', name: `dense${index + 1}`, units, activation: 'relu' });
  });
  layers.push({ kind: 'dense', name: `dense${hidden.length + 1}`, units: outputs });
  return { inputShape, layers };
}

/**
 * Two convolutions of 3 x 3 with 16 and 32 filters, ReLU, each followed by max-pooling of 2 x 2, and a dense layer:
 * 20,490 parameters for ten classes of 28 x 28 gray pixels.
 */
export function smallCnn(inputShape: readonly number[], classes: number): Network {
  return {
    inputShape,
    layers: [
      { kind: 'conv2d', name: 'conv1', filters: 16, kernel: [3, 3], activation: 'relu' },
      { kind: 'max-pool', name: 'pool1', size: [2, 2] },
      { kind: 'conv2d', name: 'conv2', filters: 32, kernel: [3, 3], activation: 'relu' },
      { kind: 'max-pool', name: 'pool2', size: [2, 2] },
      { kind: 'flatten', name: 'flatten' },
      { kind: 'dense', name: 'dense', units: classes },
    ],
  };
}
