import { describe, expect, it } from 'vitest';
import { createLocalTrainer } from '../../../src/training/local-trainer.js';
import { optimizers } from '../../../src/training/optimizer.js';
import { layOut } from '../../../src/training/parameters.js';
import { meanFactorOf, schedules } from '../../../src/training/schedule.js';
import type { GradientModel } from '../../../src/training/trainer.js';

const STEPS = 100;
const factors = (spec: string, steps = STEPS): number[] => {
  const schedule = schedules.resolve(spec);
  return Array.from({ length: steps }, (_, step) => schedule.factorAt(step, steps));
};

describe('a learning-rate schedule', () => {
  it.each([
    ['constant', 0, 1],
    ['constant', 99, 1],
    ['cosine', 0, 1],
    ['cosine', 50, 0.5],
    ['cosine', 25, 0.5 + Math.SQRT1_2 / 2],
    ['cosine:floor=0.2', 50, 0.6],
    ['linear', 25, 0.75],
    ['linear:floor=0.2', 50, 0.6],
    ['step', 49, 1],
    ['step', 50, 0.1],
    ['step', 75, 0.1 ** 2],
    ['step:at=0.3;0.6;0.9,factor=0.5', 95, 0.125],
    ['inverse:a=50', 0, 1],
    ['inverse:a=50', 50, 0.5],
    // With ten steps of warm-up, 45 of the 90 others have gone at step 55.
    ['cosine:warmup=0.1', 55, 0.5],
    ['linear:warmup=0.1', 55, 0.5],
    ['inverse:a=45,warmup=0.1', 55, 0.5],
    // The fractions of step are of the whole run.
    ['step:warmup=0.1', 50, 0.1],
    ['constant:warmup=0.1', 10, 1],
  ])('%s in step %i of 100 is %d', (spec, step, wanted) => {
    expect(factors(spec)[step]).toBeCloseTo(wanted, 12);
  });

  it('rises linearly during the warm-up, to the whole rate in its last step', () => {
    const rising = factors('cosine:warmup=0.05').slice(0, 5);
    [0.2, 0.4, 0.6, 0.8, 1].forEach((wanted, step) => expect(rising[step]).toBeCloseTo(wanted, 12));
  });

  it.each(['constant', 'cosine', 'linear', 'step', 'inverse:a=10'])(
    '%s never falls to 0, rises only in its warm-up, and stays at its end',
    (spec) => {
      const warm = spec.includes(':') ? `${spec},warmup=0.1` : `${spec}:warmup=0.1`;
      for (const steps of [1, 2, 7, STEPS]) {
        const all = factors(warm, steps);
        expect(Math.min(...all)).toBeGreaterThan(0);
        expect(Math.max(...all)).toBeLessThanOrEqual(1);
        const top = Math.max(0, Math.round(0.1 * steps) - 1);
        for (let step = top + 1; step < steps; step++) expect(all[step]).toBeLessThanOrEqual(all[step - 1]!);
        expect(schedules.resolve(warm).factorAt(steps + 5, steps)).toBe(all.at(-1));
      }
    },
  );

  it('has a mean over the steps of a round', () => {
    const of = schedules.resolve('linear');
    // Round 3 of 5 with two steps each: steps 4 and 5 of 10.
    expect(meanFactorOf(of, { round: 3, rounds: 5, localSteps: 2 })).toBeCloseTo((0.6 + 0.5) / 2, 12);
  });

  it.each([
    'step:at=0',
    'step:at=1',
    'step:at=0.7;0.3',
    'step:at=x',
    'inverse',
    'cosine:floor=2',
    'cosine:warmup=1',
  ])('refuses %s', (spec) => {
    expect(() => schedules.resolve(spec)).toThrow(expect.objectContaining({ code: 'BAD_SPEC' }));
  });
});

/** The gradient is 1 everywhere. */
const slope = (): GradientModel => ({
  layout: layOut([{ name: 'x', shape: [1] }], [{ name: 'x', offset: 0, rows: 1, cols: 1 }]),
  engine: 'test',
  samples: 1,
  initialParameters: () => new Float32Array(1),
  gradientInto(gradient) {
    gradient[0] = 1;
    return 1;
  },
  evaluate: () => ({ loss: 1, accuracy: null }),
  dispose() {},
});

describe('a trainer with a schedule', () => {
  const ROUNDS = 5;
  const LOCAL_STEPS = 2;
  const trainerOf = (optimizer: string, schedule?: string) =>
    createLocalTrainer({
      model: slope(),
      optimizer: optimizers.resolve(optimizer),
      learningRate: 0.5,
      schedule: schedule === undefined ? undefined : { of: schedules.resolve(schedule), rounds: ROUNDS },
      localSteps: LOCAL_STEPS,
      batch: 1,
      seed: 1,
      peer: 0,
    });

  it('takes each local step at the rate of its place in the run, also after rounds were missed', async () => {
    const trainer = trainerOf('sgd', 'linear');
    const { parameters } = await trainer.train(Float32Array.of(0), 3);
    expect(parameters[0]).toBeCloseTo(-0.5 * (0.6 + 0.5), 6);
    trainer.stop();
  });

  it.each(['linear', 'step:at=0.5', 'cosine:warmup=0.4'])(
    'does not move quasi-global momentum, which divides what a round moved by the rates of that round: %s',
    async (schedule) => {
      const trainers = [trainerOf('qg:momentum=0.5'), trainerOf('qg:momentum=0.5', schedule)];
      const buffers: number[][] = [];
      for (const trainer of trainers) {
        let parameters: Float32Array = Float32Array.of(0);
        const seen: number[] = [];
        for (let round = 1; round <= ROUNDS; round++) {
          ({ parameters } = await trainer.train(parameters, round));
          seen.push(trainer.optimizerState.buffer![0]!);
        }
        buffers.push(seen);
        trainer.stop();
      }
      expect(buffers[0]!.at(-1)).toBeGreaterThan(0.5); // there is momentum
      buffers[0]!.forEach((wanted, k) => expect(buffers[1]![k]).toBeCloseTo(wanted, 5));
    },
  );
});
