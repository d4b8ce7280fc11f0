import { describe, expect, it } from 'vitest';
import type { Layer, Network } from '../../../../src/training/network/network.js';
import { networkLayout } from '../../../../src/training/network/network-layout.js';
import { outputShape, shapesOf } from '../../../../src/training/network/shapes.js';
import { perceptron, smallCnn } from '../../../../src/training/tasks/classifiers.js';
import { gru, transformer } from '../../../../src/training/tasks/language-models.js';
import { resnet } from '../../../../src/training/tasks/resnet.js';

const parameters = (network: Network) => networkLayout(network).size;
const ofKind = (network: Network, kind: Layer['kind']) =>
  network.layers.filter((layer) => layer.kind === kind).length;

describe('a perceptron', () => {
  it('has a dense layer for each width and one for the outputs, flattening images', () => {
    const network = perceptron({ inputShape: [28, 28, 1], hidden: [128], outputs: 10 });
    expect(outputShape(network)).toEqual([10]);
    expect(parameters(network)).toBe(785 * 128 + 129 * 10);
    expect(networkLayout(network).blocks.map(({ rows, cols }) => [rows, cols])).toEqual([
      [785, 128],
      [129, 10],
    ]);
  });

  it('without hidden layers is a linear model', () => {
    expect(perceptron({ inputShape: [7], hidden: [], outputs: 1 }).layers).toEqual([
      { kind: 'dense', name: 'dense1', units: 1 },
    ]);
  });
});

it('the small convolutional network has 20,490 parameters on digits', () => {
  const network = smallCnn([28, 28, 1], 10);
  expect(outputShape(network)).toEqual([10]);
  expect(parameters(network)).toBe(9 * 16 + 16 + 9 * 16 * 32 + 32 + 7 * 7 * 32 * 10 + 10);
  expect(parameters(network)).toBe(20_490);
});

describe('ResNet (He et al. 2016, section 4.2)', () => {
  const network = resnet({ inputShape: [32, 32, 3], classes: 10, blocks: 3 });

  it('of n = 3 has 20 layers with weights, without the two projections', () => {
    expect(ofKind(network, 'conv2d') - 2 + ofKind(network, 'dense')).toBe(20);
  });

  it('halves the image and doubles the filters at each stage', () => {
    const shapes = new Map(shapesOf(network).map(({ layer, outputShape: shape }) => [layer.name, shape]));
    expect(shapes.get('stage1-block3')).toEqual([32, 32, 16]);
    expect(shapes.get('stage2-block1')).toEqual([16, 16, 32]);
    expect(shapes.get('stage3-block3')).toEqual([8, 8, 64]);
    expect(outputShape(network)).toEqual([10]);
  });

  it('has the 269,722 parameters of the paper (0.27 M), and 2,752 in the projections', () => {
    expect(parameters(network)).toBe(269_722 + 2_752);
  });

  it('adds to each block what it read: 9 sums, two of them of a projection', () => {
    const sums = network.layers.filter((layer) => layer.kind === 'add');
    expect(sums).toHaveLength(9);
    expect(sums.filter(({ inputs }) => inputs![1]!.endsWith('shortcut'))).toHaveLength(2);
    expect(sums[0]!.inputs).toEqual(['stage1-block1-b', 'stem-relu']);
  });
});

describe('a language model', () => {
  const options = { time: 16, vocabulary: 30, size: 8, layers: 2, heads: 2 };

  it('gives logits over the vocabulary at every place', () => {
    for (const network of [transformer(options), gru(options)]) {
      expect(network.inputShape).toEqual([16]);
      expect(outputShape(network)).toEqual([16, 30]);
    }
  });

  it('as a transformer is causal, and has the parameters that its parts add up to', () => {
    const network = transformer(options);
    for (const layer of network.layers) if (layer.kind === 'attention') expect(layer.causal).toBe(true);
    const block = 4 * (8 * 8 + 8) + (8 * 32 + 32) + (32 * 8 + 8) + 2 * 16;
    expect(parameters(network)).toBe(30 * 8 + 16 * 8 + 2 * block + 16 + 9 * 30);
  });
});
