import { describe, expect, it } from 'vitest';
import { createRandom, gaussian, uniformInt } from '../../../src/base/random.js';
import { type Dataset, rowSamples } from '../../../src/training/data/dataset.js';
import { createLeanEngine } from '../../../src/training/lean/lean-engine.js';
import { createLocalTrainer } from '../../../src/training/local-trainer.js';
import type { Network } from '../../../src/training/network/network.js';
import { createNetworkModel } from '../../../src/training/network-model.js';
import { optimizers } from '../../../src/training/optimizer.js';
import { schedules } from '../../../src/training/schedule.js';
import type { GradientModel } from '../../../src/training/trainer.js';

const random = createRandom('workspace');
const labels = Uint8Array.from({ length: 64 }, () => uniformInt(random, 3));
const rows = Float32Array.from({ length: 64 * 5 }, (_, k) => gaussian(random) + labels[Math.floor(k / 5)]!);
const samples = rowSamples({ rows, features: 5, labels });
const data: Dataset = {
  name: 'three clouds',
  inputShape: [5],
  targets: { kind: 'classes', classes: 3, perSample: 1 },
  train: samples,
  test: samples,
};
const network: Network = {
  inputShape: [5],
  layers: [
    { kind: 'dense', name: 'hidden', units: 6, activation: 'tanh' },
    { kind: 'batch-norm', name: 'norm', momentum: 0.9 },
    { kind: 'dense', name: 'last', units: 3 },
  ],
};

function modelWith(options: { readonly inPlace: boolean }): GradientModel {
  const engine = createLeanEngine({ network, loss: 'cross-entropy', seed: 1 });
  if ('unsupported' in engine) throw new Error(engine.unsupported);
  const shard = Uint32Array.from({ length: 64 }, (_, k) => k);
  const model = createNetworkModel({ network, loss: 'cross-entropy', engine, data, shard, seed: 1 });
  if (options.inPlace) return model;
  const { workspace: _workspace, ...rest } = model;
  return rest;
}

describe('steps in the memory of the engine', () => {
  it.each([
    'qg',
    'qg:nesterov=0,weightDecay=0.01',
    'sgd',
    'sgd:momentum=0.9',
    'sgd:momentum=0.8,nesterov=1,weightDecay=0.02',
    'sgd:momentum=0.9,clip=0.2',
    'qg:clip=0.2',
    'adam',
    'adamw:weightDecay=0.1,clip=0.2',
  ])('go where steps outside go, up to float32: %s', async (spec) => {
    const trainers = [true, false].map((inPlace) =>
      createLocalTrainer({
        model: modelWith({ inPlace }),
        optimizer: optimizers.resolve(spec),
        learningRate: 0.05,
        schedule: { of: schedules.resolve('cosine:warmup=0.2'), rounds: 5 },
        localSteps: 4,
        batch: 16,
        seed: 1,
        peer: 0,
      }),
    );
    const [inside, outside] = trainers as [(typeof trainers)[0], (typeof trainers)[0]];
    let [a, b] = [
      modelWith({ inPlace: true }).initialParameters(),
      modelWith({ inPlace: false }).initialParameters(),
    ];
    for (let round = 1; round <= 5; round++) {
      const [one, other] = [await inside.train(a, round), await outside.train(b, round)];
      expect(one.loss).toBeCloseTo(other.loss, 4);
      [a, b] = [one.parameters, other.parameters];
    }
    const distance = Math.hypot(...a.map((x, k) => x - b[k]!)) / Math.hypot(...b);
    expect(distance).toBeLessThan(1e-5);
    for (const key of Object.keys(outside.optimizerState)) {
      const wanted = outside.optimizerState[key]!;
      inside.optimizerState[key]!.forEach((x, k) => expect(x).toBeCloseTo(wanted[k]!, 3));
    }
    // Moving means follow the batches: they are part of what travels.
    const mean = inside.layout.tensors.find(({ name }) => name === 'norm/moving_mean')!;
    expect(Math.hypot(...a.subarray(mean.offset, mean.offset + mean.size))).toBeGreaterThan(0.01);
    for (const trainer of trainers) trainer.stop();
  });
});
