import { describe, expect, it } from 'vitest';
import { createLocalTrainer } from '../../../src/training/local-trainer.js';
import { optimizers } from '../../../src/training/optimizer.js';
import { layOut } from '../../../src/training/parameters.js';
import type { GradientModel } from '../../../src/training/trainer.js';

/** f(x) = x^2 / 2 in one dimension; notes its batches and whether it was disposed. */
function bowl(samples = 10) {
  const seen = { batches: [] as number[][], disposed: 0 };
  const model: GradientModel = {
    layout: layOut([{ name: 'x', shape: [1] }], [{ name: 'x', offset: 0, rows: 1, cols: 1 }]),
    engine: 'test',
    samples,
    initialParameters: () => Float32Array.of(1),
    gradientInto(gradient, parameters, batch) {
      seen.batches.push([...batch]);
      gradient[0] = parameters[0]!;
      return parameters[0]! ** 2 / 2;
    },
    evaluate: (parameters) => ({ loss: parameters[0]! ** 2 / 2, accuracy: null }),
    dispose: () => void seen.disposed++,
  };
  return { model, seen };
}

const base = { optimizer: optimizers.resolve('sgd'), localSteps: 2, batch: 4, seed: 1, peer: 3 };

describe('the local trainer', () => {
  it('runs H steps and reports their mean loss and samples: x = 1, eta = 0.5 gives 1/4 by hand', async () => {
    const { model, seen } = bowl();
    const result = await createLocalTrainer({ ...base, model, learningRate: 0.5 }).train(
      Float32Array.of(1),
      0,
    );
    expect(result).toEqual({ parameters: Float32Array.of(0.25), loss: (1 / 2 + 1 / 8) / 2, samples: 8 });
    expect(seen.batches.map((batch) => batch.length)).toEqual([4, 4]);
  });

  it('draws the batches of a round by its number, also after rounds were missed', async () => {
    const [all, late] = [bowl(), bowl()];
    const steady = createLocalTrainer({ ...base, model: all.model, learningRate: 0.1 });
    for (let round = 0; round < 4; round++) await steady.train(Float32Array.of(1), round);
    await createLocalTrainer({ ...base, model: late.model, learningRate: 0.1 }).train(Float32Array.of(1), 3);
    expect(late.seen.batches).toEqual(all.seen.batches.slice(6));
  });

  it('stops a diverging run, naming peer, round and learning rate and proposing a lower one', async () => {
    const { model } = bowl();
    const trainer = createLocalTrainer({ ...base, model, learningRate: 1e30 });
    await expect(trainer.train(Float32Array.of(1), 5)).rejects.toMatchObject({
      code: 'TRAINER_NOT_FINITE',
      message: expect.stringMatching(/^peer 3, round 5: .*1e\+30.*--learning-rate 3\.3e\+29/),
      facts: { peer: 3, round: 5, learningRate: 1e30 },
    });
  });

  it('disposes its model once, and trains no more after that', async () => {
    const { model, seen } = bowl();
    const trainer = createLocalTrainer({ ...base, model, learningRate: 0.1 });
    trainer.stop();
    trainer.stop();
    expect(seen.disposed).toBe(1);
    await expect(trainer.train(Float32Array.of(1), 0)).rejects.toThrow(/after stop/);
  });

  it('refuses a model without samples', () => {
    expect(() => createLocalTrainer({ ...base, model: bowl(0).model, learningRate: 0.1 })).toThrow(
      /has samples/,
    );
  });
});
