import { describe, expect, it } from 'vitest';
import { clipInPlace } from '../../../src/training/gradient-clipping.js';
import { createLocalTrainer } from '../../../src/training/local-trainer.js';
import { optimizers } from '../../../src/training/optimizer.js';
import { layOut } from '../../../src/training/parameters.js';
import type { GradientModel } from '../../../src/training/trainer.js';

describe('clipping by the global norm (Pascanu et al. 2013)', () => {
  it('scales a longer gradient down to the limit, and keeps its direction', () => {
    const gradient = Float32Array.of(3, -4, 12);
    clipInPlace(gradient, 6.5);
    expect([...gradient]).toEqual([1.5, -2, 6]);
  });

  it('leaves a shorter one alone, to the bit', () => {
    const gradient = Float32Array.of(0.1, 0.2, 0.3);
    clipInPlace(gradient, 1);
    expect(gradient).toEqual(Float32Array.of(0.1, 0.2, 0.3));
  });

  it('makes no finite gradient of one that is not', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const gradient = Float32Array.of(1, bad);
      clipInPlace(gradient, 1);
      expect(gradient.every(Number.isFinite)).toBe(false);
    }
  });

  const slope: GradientModel = {
    layout: layOut([{ name: 'x', shape: [2] }], [{ name: 'x', offset: 0, rows: 1, cols: 2 }]),
    engine: 'test',
    samples: 1,
    initialParameters: () => new Float32Array(2),
    gradientInto(gradient) {
      gradient.set([30, -40]);
      return 1;
    },
    evaluate: () => ({ loss: 1, accuracy: null }),
    dispose() {},
  };

  it.each(['sgd:clip=5', 'sgd:momentum=0,clip=5,weightDecay=0', 'qg:clip=5,momentum=0'])(
    'is what every optimizer steps along: %s',
    async (spec) => {
      const trainer = createLocalTrainer({
        model: slope,
        optimizer: optimizers.resolve(spec),
        learningRate: 0.5,
        localSteps: 2,
        batch: 1,
        seed: 1,
        peer: 0,
      });
      const { parameters } = await trainer.train(new Float32Array(2), 1);
      expect([...parameters]).toEqual([-3, 4]);
      trainer.stop();
    },
  );

  it('comes before weight decay', async () => {
    const trainer = createLocalTrainer({
      model: slope,
      optimizer: optimizers.resolve('sgd:clip=5,weightDecay=1'),
      learningRate: 0.5,
      localSteps: 1,
      batch: 1,
      seed: 1,
      peer: 0,
    });
    const { parameters } = await trainer.train(Float32Array.of(10, 10), 1);
    expect([...parameters]).toEqual([10 - 0.5 * (3 + 10), 10 - 0.5 * (-4 + 10)]);
    trainer.stop();
  });
});
