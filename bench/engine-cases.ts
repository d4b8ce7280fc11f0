/** The networks that engines are timed on, and what a step of them may take. */
import type { Layer, Loss, Network } from '../src/training/network/network.js';

export interface EngineCase {
  readonly name: string;
  readonly network: Network;
  readonly loss: Loss;
  readonly batch: number;
  /** Inputs are whole numbers below this, not numbers in [0, 1]. */
  readonly vocabulary?: number;
}

/**
 * Contract: a step (forward, backward, optimizer) in milliseconds on a core that takes REFERENCE_PRODUCT_MS for a
 * product of 512 x 512 matrices.
 */
export const stepTargetsMs: Readonly<Record<string, number>> = {
  'mlp 784-128-10, batch 32': 0.8,
  'mlp 784-512-512-10, batch 128': 12,
  'cnn 28x28, batch 32': 10,
};

/** 2 * 512^3 operations at 45 billion a second: the middle of what one 2.6 GHz Zen 4 core was measured to do. */
export const REFERENCE_PRODUCT_MS = 5.96;

function perceptron(name: string, batch: number, widths: readonly number[]): EngineCase {
  const layers = widths.slice(1).map((units, l): Layer => {
    const isLast = l === widths.length - 2;
    return { kind: 'dense', name: `dense${l + 1}`, units, activation: isLast ? 'linear' : 'relu' };
  });
  return { name, network: { inputShape: [widths[0]!], layers }, loss: 'cross-entropy', batch };
}

const convolution = (name: string, filters: number): Layer => ({
  kind: 'conv2d',
  name,
  filters,
  kernel: [3, 3],
  activation: 'relu',
});
const pool = (name: string): Layer => ({ kind: 'max-pool', name, size: [2, 2] });

const convolutional: EngineCase = {
  name: 'cnn 28x28, batch 32',
  loss: 'cross-entropy',
  batch: 32,
  network: {
    inputShape: [28, 28, 1],
    layers: [
      convolution('conv1', 16),
      pool('pool1'),
      convolution('conv2', 32),
      pool('pool2'),
      { kind: 'flatten', name: 'flatten' },
      { kind: 'dense', name: 'dense1', units: 10 },
    ],
  },
};

const transformer: EngineCase = {
  name: 'transformer 2x64, 64 places, batch 16',
  loss: 'cross-entropy',
  batch: 16,
  vocabulary: 96,
  network: {
    inputShape: [64],
    layers: [
      { kind: 'embedding', name: 'characters', vocabulary: 96, size: 64 },
      { kind: 'position-embedding', name: 'sum0' },
      ...[1, 2].flatMap((n): Layer[] => [
        { kind: 'layer-norm', name: `norm${n}a` },
        { kind: 'attention', name: `attention${n}`, heads: 4, causal: true },
        { kind: 'add', name: `sum${n}a`, inputs: [`sum${n - 1}`, `attention${n}`] },
        { kind: 'layer-norm', name: `norm${n}b` },
        { kind: 'dense', name: `wide${n}`, units: 256, activation: 'gelu' },
        { kind: 'dense', name: `narrow${n}`, units: 64 },
        { kind: 'add', name: `sum${n}`, inputs: [`sum${n}a`, `narrow${n}`] },
      ]),
      { kind: 'dense', name: 'logits', units: 96 },
    ],
  },
};

export const engineCases: readonly EngineCase[] = [
  perceptron('mlp 784-128-10, batch 32', 32, [784, 128, 10]),
  perceptron('mlp 784-512-512-10, batch 128', 128, [784, 512, 512, 10]),
  convolutional,
  transformer,
];
