import { describe, expect, it } from 'vitest';
import { type OptimizerRun, optimizers } from '../../../src/training/optimizer.js';

function runOf(
  spec: string,
  size: number,
  learningRate = 0.1,
): { optimizer: ReturnType<typeof optimizers.resolve>; run: OptimizerRun } {
  const optimizer = optimizers.resolve(spec);
  return { optimizer, run: { state: optimizer.createState(size), learningRate, localSteps: 1 } };
}

describe('sgd', () => {
  it('steps against the gradient: x - eta g', () => {
    const { optimizer, run } = runOf('sgd', 2);
    const x = Float32Array.of(1, -2);
    optimizer.stepInto(x, Float32Array.of(10, 20), run);
    expect([...x]).toEqual([0, -4]);
    expect(run.state).toEqual({});
  });

  it('accumulates momentum: with mu = 0.5 and g = 1, steps are 1, 1.5, 1.75 times eta', () => {
    const { optimizer, run } = runOf('sgd:momentum=0.5', 1, 1);
    const x = Float32Array.of(0);
    const steps = [1, 2, 3].map(() => {
      const before = x[0]!;
      optimizer.stepInto(x, Float32Array.of(1), run);
      return before - x[0]!;
    });
    expect(steps).toEqual([1, 1.5, 1.75]);
  });

  it('looks ahead with nesterov: u = g + mu v gives 1.5, 1.75, 1.875', () => {
    const { optimizer, run } = runOf('sgd:momentum=0.5,nesterov=1', 1, 1);
    const x = Float32Array.of(0);
    const steps = [1, 2, 3].map(() => {
      const before = x[0]!;
      optimizer.stepInto(x, Float32Array.of(1), run);
      return before - x[0]!;
    });
    expect(steps).toEqual([1.5, 1.75, 1.875]);
  });

  it('adds weight decay to the gradient: g + lambda x', () => {
    const { optimizer, run } = runOf('sgd:weightDecay=0.5', 1, 0.5);
    const x = Float32Array.of(8);
    optimizer.stepInto(x, Float32Array.of(2), run);
    expect(x[0]).toBe(8 - 0.5 * (2 + 0.5 * 8));
  });
});

describe('the registry of optimizers', () => {
  it('spells every option of the default out', () => {
    expect(optimizers.canonical('qg')).toBe('qg:momentum=0.9,nesterov=1,weightDecay=0');
    expect(optimizers.canonical('sgd')).toBe('sgd:momentum=0,nesterov=0,weightDecay=0');
    expect(optimizers.canonical('adamw')).toBe('adamw:beta1=0.9,beta2=0.999,epsilon=1e-8,weightDecay=0.01');
  });

  it('takes a norm to clip gradients to, and spells it out only where it is given', () => {
    for (const name of ['qg', 'sgd', 'adam', 'adamw']) {
      expect(optimizers.resolve(name).clip).toBeUndefined();
      expect(optimizers.resolve(`${name}:clip=2`).clip).toBe(2);
      expect(optimizers.canonical(`${name}:clip=2`)).toBe(`${optimizers.canonical(name)},clip=2`);
    }
  });

  it('refuses a momentum of 1, which never forgets', () => {
    expect(() => optimizers.resolve('qg:momentum=1')).toThrow(/wanted a number from 0 to 0.9999/);
  });
});
