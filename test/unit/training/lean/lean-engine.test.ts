import { describe, expect, it } from 'vitest';
import { createRandom, gaussian, uniformInt } from '../../../../src/base/random.js';
import type { Samples } from '../../../../src/training/data/dataset.js';
import { createLeanEngine } from '../../../../src/training/lean/lean-engine.js';
import { lossSum } from '../../../../src/training/losses.js';
import type { Layer, Loss, Network } from '../../../../src/training/network/network.js';
import { initialParameters } from '../../../../src/training/network/network-layout.js';
import { outputShape, sizeOf } from '../../../../src/training/network/shapes.js';
import { naiveMlp } from '../../../reference/naive-mlp.js';

const SAMPLES = 6;
const all = Uint32Array.from({ length: SAMPLES }, (_, k) => k);

/** Gaussian inputs, or whole numbers below `vocabulary`; targets that fit the loss. */
function samplesFor(
  network: Network,
  loss: Loss,
  vocabulary?: number,
): Samples & { inputs: Float32Array; targets: Float32Array } {
  const random = createRandom('lean samples');
  const [size, shape] = [sizeOf(network.inputShape), outputShape(network)];
  const draw = () => (vocabulary === undefined ? gaussian(random) : uniformInt(random, vocabulary));
  const inputs = Float32Array.from({ length: SAMPLES * size }, draw);
  const perSample = loss === 'cross-entropy' ? sizeOf(shape) / shape.at(-1)! : sizeOf(shape);
  const targets = Float32Array.from({ length: SAMPLES * perSample }, () => {
    if (loss === 'mean-squared-error') return gaussian(random);
    return uniformInt(random, loss === 'cross-entropy' ? shape.at(-1)! : 2);
  });
  const copyRows = (from: Float32Array) => (out: Float32Array, indices: Uint32Array) => {
    const row = from.length / SAMPLES;
    indices.forEach((index, b) => out.set(from.subarray(index * row, (index + 1) * row), b * row));
  };
  return {
    count: SAMPLES,
    labels: null,
    origins: null,
    inputs,
    targets,
    inputsInto: copyRows(inputs),
    targetsInto: copyRows(targets),
  };
}

function engineFor(network: Network, loss: Loss) {
  const engine = createLeanEngine({ network, loss, seed: 1 });
  if ('unsupported' in engine) throw new Error(engine.unsupported);
  return engine;
}

const dense: Layer = { kind: 'dense', name: 'last', units: 3 };
const image = [6, 5, 4];
const flat: Layer = { kind: 'flatten', name: 'flat' };
const activations = [
  'relu',
  'relu6',
  'leaky-relu',
  'elu',
  'selu',
  'gelu',
  'swish',
  'tanh',
  'sigmoid',
  'softplus',
  'softmax',
] as const;

interface Case {
  readonly name: string;
  readonly network: Network;
  readonly loss?: Loss;
  readonly vocabulary?: number;
}

const cases: Case[] = [
  { name: 'dense', network: { inputShape: [7], layers: [dense] } },
  ...activations.map((activation): Case => {
    const hidden: Layer = { kind: 'dense', name: 'hidden', units: 9, activation };
    return { name: `dense with ${activation}`, network: { inputShape: [7], layers: [hidden, dense] } };
  }),
  {
    name: 'one logit',
    network: { inputShape: [7], layers: [{ ...dense, units: 1 }] },
    loss: 'binary-cross-entropy',
  },
  {
    name: 'regression',
    network: { inputShape: [7], layers: [{ ...dense, bias: false }] },
    loss: 'mean-squared-error',
  },
  ...(
    [
      [1, 'same'],
      [1, 'valid'],
      [2, 'same'],
      [2, 'valid'],
    ] as const
  ).flatMap(([stride, padding]): Case[] => {
    const common = { kernel: [3, 2], strides: [stride, stride], padding } as const;
    return [4, 3].map((filters) => ({
      name: `two convolutions, stride ${stride}, ${padding}, ${filters} filters`,
      network: {
        inputShape: image,
        layers: [
          { kind: 'conv2d', name: 'first', filters, ...common, activation: 'tanh' },
          { kind: 'conv2d', name: 'second', filters: 5, kernel: [2, 2], bias: false },
          flat,
          dense,
        ],
      },
    }));
  }),
  ...(['max-pool', 'average-pool'] as const).flatMap((kind): Case[] =>
    (['same', 'valid'] as const).map((padding) => ({
      name: `${kind}, ${padding}, windows that overlap`,
      network: {
        inputShape: image,
        layers: [
          { kind: 'conv2d', name: 'first', filters: 6, kernel: [3, 3] },
          { kind, name: 'pool', size: [3, 2], strides: [2, 1], padding },
          flat,
          dense,
        ],
      },
    })),
  ),
  {
    name: 'global average pool, and a residual connection',
    network: {
      inputShape: image,
      layers: [
        { kind: 'conv2d', name: 'first', filters: 8, kernel: [3, 3], activation: 'softplus' },
        { kind: 'conv2d', name: 'second', filters: 8, kernel: [3, 3] },
        { kind: 'add', name: 'sum', inputs: ['first', 'second', 'first'] },
        { kind: 'activation', name: 'bend', activation: 'swish' },
        { kind: 'global-average-pool', name: 'mean' },
        dense,
      ],
    },
  },
  ...(
    [
      { kind: 'group-norm', name: 'norm', groups: 3 },
      { kind: 'layer-norm', name: 'norm' },
      { kind: 'batch-norm', name: 'norm' },
    ] as const
  ).flatMap((norm): Case[] =>
    [6, 3].map((filters) => ({
      name: `${norm.kind} of ${filters} channels`,
      network: {
        inputShape: image,
        layers: [{ kind: 'conv2d', name: 'first', filters, kernel: [3, 3] }, norm, flat, dense],
      },
    })),
  ),
  ...([1, 2] as const).flatMap((multiplier): Case[] =>
    ([1, 2] as const).map((stride) => ({
      name: `depthwise convolutions, multiplier ${multiplier}, stride ${stride}`,
      network: {
        inputShape: image,
        layers: [
          { kind: 'depthwise-conv2d', name: 'first', kernel: [3, 2], multiplier, activation: 'tanh' },
          {
            kind: 'depthwise-conv2d',
            name: 'second',
            kernel: [2, 3],
            strides: [stride, stride],
            bias: false,
          },
          flat,
          dense,
        ],
      },
    })),
  ),
  {
    name: 'dropout, which draws the same mask for a batch',
    network: {
      inputShape: [7],
      layers: [
        { kind: 'dense', name: 'hidden', units: 40 },
        { kind: 'dropout', name: 'drop', rate: 0.4 },
        dense,
      ],
    },
  },
  {
    name: 'a small transformer',
    vocabulary: 11,
    network: {
      inputShape: [5],
      layers: [
        { kind: 'embedding', name: 'characters', vocabulary: 11, size: 8 },
        { kind: 'position-embedding', name: 'places' },
        { kind: 'layer-norm', name: 'norm' },
        { kind: 'attention', name: 'attention', heads: 2, causal: true },
        { kind: 'add', name: 'sum', inputs: ['places', 'attention'] },
        { kind: 'dense', name: 'wide', units: 12, activation: 'gelu' },
        { kind: 'dense', name: 'last', units: 11 },
      ],
    },
  },
];

describe('the lean engine', () => {
  it.each(cases)(
    'has gradients that agree with central differences: $name',
    ({ network, loss = 'cross-entropy', vocabulary }) => {
      const samples = samplesFor(network, loss, vocabulary);
      const engine = engineFor(network, loss);
      const batch = { samples, indices: all };
      const random = createRandom('directions', network.layers.length);
      const parameters = initialParameters(network, 3).map((x) => x + 0.1 * gaussian(random));
      const gradient = new Float32Array(parameters.length);
      const scratch = new Float32Array(parameters.length);
      const value = engine.gradientInto(gradient, parameters, batch);
      expect(Number.isFinite(value)).toBe(true);
      const norm = Math.hypot(...gradient);
      expect(norm).toBeGreaterThan(1e-3);
      const h = 2e-3;
      for (let trial = 0; trial < 4; trial++) {
        const direction = gradient.map((g) =>
          trial === 0 ? g / norm : gaussian(random) / Math.sqrt(gradient.length),
        );
        const lossAt = (t: number) =>
          engine.gradientInto(
            scratch,
            parameters.map((x, k) => x + t * direction[k]!),
            batch,
          );
        const slope = (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h);
        const wanted = gradient.reduce((sum, g, k) => sum + g * direction[k]!, 0);
        expect(Math.abs(slope - wanted)).toBeLessThan(1e-3 * norm);
      }
      engine.dispose();
    },
  );

  it.each([[[9]], [[]], [[7, 5]]])('agrees with the naive network for hidden layers %j', (hidden) => {
    const layers = [...hidden, 4].map(
      (units, l): Layer => ({
        kind: 'dense',
        name: `d${l}`,
        units,
        ...(l < hidden.length ? { activation: 'relu' } : {}),
      }),
    );
    const network: Network = { inputShape: [12], layers };
    const samples = samplesFor(network, 'cross-entropy');
    const parameters = initialParameters(network, 2).map((x, k) => x + 0.1 * Math.sin(k));
    const gradient = new Float32Array(parameters.length);
    const engine = engineFor(network, 'cross-entropy');
    const loss = engine.gradientInto(gradient, parameters, { samples, indices: all });
    const rows = [...all].map((b) => ({
      row: [...samples.inputs.subarray(12 * b, 12 * b + 12)],
      label: samples.targets[b]!,
    }));
    const twin = naiveMlp([12, ...hidden, 4], parameters, rows);
    expect(loss).toBeCloseTo(twin.loss, 5);
    const largest = Math.max(...twin.gradient.map(Math.abs));
    gradient.forEach((g, k) => expect(Math.abs(g - twin.gradient[k]!)).toBeLessThan(1e-5 * largest));
    const outputs = new Float32Array(SAMPLES * 4);
    engine.outputsInto(outputs, parameters, { samples, indices: all });
    expect(lossSum('cross-entropy', outputs, samples.targets)).toMatchObject({ correct: twin.correct });
    engine.dispose();
  });

  it('works in place on views of its workspace', () => {
    const network: Network = { inputShape: [7], layers: [dense] };
    const samples = samplesFor(network, 'cross-entropy');
    const engine = engineFor(network, 'cross-entropy');
    const parameters = initialParameters(network, 4);
    const gradient = new Float32Array(parameters.length);
    const loss = engine.gradientInto(gradient, parameters, { samples, indices: all });
    const work = engine.workspace!(SAMPLES);
    work.parameters.set(parameters);
    expect(engine.gradientInto(work.gradient, work.parameters, { samples, indices: all })).toBe(loss);
    expect([...work.gradient]).toEqual([...gradient]);
    engine.dispose();
  });

  it('says which layer it has no form for', () => {
    const layers: Layer[] = [{ kind: 'lstm', name: 'memory', units: 3 }, dense];
    expect(
      createLeanEngine({ network: { inputShape: [4, 2], layers }, loss: 'cross-entropy', seed: 1 }),
    ).toEqual({
      unsupported: 'layer "memory" (lstm) has no lean form',
    });
  });
});
