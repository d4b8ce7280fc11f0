import { describe, expect, it } from 'vitest';
import { createLocalTrainer, type LocalTrainerOptions } from '../../../src/training/local-trainer.js';
import { optimizers } from '../../../src/training/optimizer.js';
import { layOut } from '../../../src/training/parameters.js';
import { schedules } from '../../../src/training/schedule.js';
import { steppings, stretchOf } from '../../../src/training/stepping.js';
import type { GradientModel } from '../../../src/training/trainer.js';

const LOCAL_STEPS = 5;

/** f(x) = a (x - b)^2 / 2 in one dimension; notes its batches. */
function bowl(a: number, b: number) {
  const batches: number[][] = [];
  const model: GradientModel = {
    layout: layOut([{ name: 'x', shape: [1] }], [{ name: 'x', offset: 0, rows: 1, cols: 1 }]),
    engine: 'test',
    samples: 40,
    initialParameters: () => Float32Array.of(0),
    gradientInto(gradient, [x], batch) {
      batches.push([...batch]);
      gradient[0] = a * (x! - b);
      return (a * (x! - b) ** 2) / 2;
    },
    evaluate: ([x]) => ({ loss: (a * (x! - b) ** 2) / 2, accuracy: null }),
    dispose() {},
  };
  return { model, batches };
}

function trainerOf(model: GradientModel, over: Partial<LocalTrainerOptions> = {}) {
  const optimizer = optimizers.resolve('sgd');
  const base = { localSteps: LOCAL_STEPS, learningRate: 0.1, batch: 4, seed: 1, peer: 3 };
  return createLocalTrainer({ model, optimizer, ...base, ...over });
}

describe('a round of fewer steps', () => {
  it('takes the first batches of the round, and counts what it has taken', async () => {
    const [all, few] = [bowl(1, 1), bowl(1, 1)];
    const whole = await trainerOf(all.model).train(Float32Array.of(0), 7);
    const part = await trainerOf(few.model).train(Float32Array.of(0), 7, 2);
    expect(few.batches).toEqual(all.batches.slice(0, 2));
    expect([whole.samples, part.samples]).toEqual([20, 8]);
    // x = 0, 0.1, 0.19, ...: losses 1/2 and 0.81/2.
    expect(part.loss).toBeCloseTo((0.5 + 0.405) / 2, 6);
    expect(part.parameters[0]).toBeCloseTo(0.19, 6);
  });

  it('is a whole round where all steps are asked for, to the bit', async () => {
    const over = { optimizer: optimizers.resolve('qg'), stretch: 100 };
    const [plain, asked] = [trainerOf(bowl(1, 1).model), trainerOf(bowl(1, 1).model)];
    const [a, b] = [trainerOf(bowl(1, 1).model, over), trainerOf(bowl(1, 1).model, over)];
    const start = Float32Array.of(0.3);
    expect(await asked.train(start, 1, LOCAL_STEPS)).toEqual(await plain.train(start, 1));
    expect(await a.train(start, 1, LOCAL_STEPS)).toEqual(await b.train(start, 1));
  });

  it('makes its steps longer: two of 5/2 the size, and no longer than the stretch', async () => {
    for (const [stretch, factor] of [
      [100, 2.5],
      [2, 2],
      [1, 1],
    ] as const) {
      const { parameters } = await trainerOf(bowl(1, 1).model, { stretch }).train(Float32Array.of(0), 1, 2);
      expect(parameters[0]).toBeCloseTo(1 - (1 - 0.1 * factor) ** 2, 6);
    }
  });

  it('moves as far as a whole round does, under a schedule and whatever the optimizer remembers', async () => {
    // A slope: every gradient is -1, so that all optimizers here move by the sum of their rates, once they are under way.
    const slope = bowl(1e-9, 1e9).model;
    const schedule = { of: schedules.resolve('inverse:a=20'), rounds: 400 };
    for (const spec of ['sgd', 'sgd:momentum=0.9', 'qg', 'adam']) {
      const over = { optimizer: optimizers.resolve(spec), stretch: 100, learningRate: 0.01, schedule };
      const moved = async (steps: number): Promise<number> => {
        const trainer = trainerOf(slope, over);
        let x: Float32Array = Float32Array.of(0);
        for (let round = 1; round < 300; round++) x = (await trainer.train(x, round, steps)).parameters;
        const before = x[0]!;
        return (await trainer.train(x, 300, steps)).parameters[0]! - before;
      };
      const [whole, one] = [await moved(LOCAL_STEPS), await moved(1)];
      // Momenta follow a falling rate, five steps a round or one: 1% is what that makes.
      expect(Math.abs(one / whole - 1), spec).toBeLessThan(0.01);
    }
  });
});

describe('the stretch', () => {
  it('makes the rates of a round add up to those of all its steps', () => {
    const rateOf = (k: number): number => 1 / (10 + k);
    const all = [0, 1, 2, 3, 4].reduce((sum, k) => sum + rateOf(k), 0);
    for (const steps of [1, 2, 3, 4, 5]) {
      const s = stretchOf(rateOf, { steps, localSteps: 5, most: 100 });
      let sum = 0;
      for (let k = 0; k < steps; k++) sum += s * rateOf(k);
      expect(sum).toBeCloseTo(all, 12);
      expect(stretchOf(rateOf, { steps, localSteps: 5, most: 1.5 })).toBe(Math.min(1.5, s));
    }
  });

  it('is spelled out in the canonical spec', () => {
    expect(steppings.canonical('adaptive')).toBe('adaptive:least=1,stretch=1');
    expect(steppings.resolve('fixed').adaptive).toBeNull();
    expect(() => steppings.resolve('adaptive:least=0')).toThrow(
      expect.objectContaining({ code: 'BAD_SPEC' }),
    );
  });
});

describe('two peers on quadratics, one of which takes one step where the other takes five', () => {
  const [a, ...centers] = [1, -1, 1] as const;

  /** Where rounds of training and exact averaging come to rest. */
  async function restOf(stretch: number, learningRate: number): Promise<number> {
    const trainers = centers.map((b) => trainerOf(bowl(a, b).model, { stretch, learningRate }));
    let x = 0;
    for (let round = 1; round < 60 / learningRate; round++) {
      const start = Float32Array.of(x);
      const [all, one] = [await trainers[0]!.train(start, round), await trainers[1]!.train(start, round, 1)];
      x = (all.parameters[0]! + one.parameters[0]!) / 2;
    }
    return x;
  }

  /** h steps of size s eta go 1 - (1 - s eta a)^h of the way to b_i: this is the weight of b_i where they come to rest. */
  function closedForm(s: number, eta: number): number {
    const weights = [1 - (1 - eta * a) ** LOCAL_STEPS, s * eta * a];
    const sum = weights.reduce((total, w, i) => total + w * centers[i]!, 0);
    return sum / (weights[0]! + weights[1]!);
  }

  it('rest beside the optimum 0 with steps of one size: at the optimum of weights 5 and 1 (FedNova, lemma 1)', async () => {
    for (const eta of [0.04, 0.01]) {
      expect(await restOf(1, eta)).toBeCloseTo(closedForm(1, eta), 4);
      // -(5 - 1) / (5 + 1), but for the curvature within a round
      expect(Math.abs((await restOf(1, eta)) + 4 / 6)).toBeLessThan(2 * eta);
    }
  });

  it('rest at the optimum with stretched steps, but for what curvature makes of a round, which falls with eta', async () => {
    const rests: number[] = [];
    for (const eta of [0.04, 0.02, 0.01]) {
      const rest = await restOf(100, eta);
      expect(rest).toBeCloseTo(closedForm(LOCAL_STEPS, eta), 4);
      // 1 - (1 - eta)^5 = 5 eta - 10 eta^2 + ...: the weights differ by 10 eta^2 of 10 eta
      expect(Math.abs(rest)).toBeLessThan(1.05 * eta);
      rests.push(rest);
    }
    expect(rests[0]! / rests[2]!).toBeGreaterThan(3.5);
    expect(Math.abs(rests[2]!)).toBeLessThan(0.02 * Math.abs(closedForm(1, 0.01)));
  });
});
