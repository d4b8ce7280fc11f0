import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { type OptimizerRun, optimizers } from '../../../src/training/optimizer.js';
import { type NaiveAdamOptions, naiveAdam } from '../../reference/naive-adam.js';

function follow(
  spec: string,
  options: { readonly start: readonly number[]; readonly steps: number; readonly learningRate: number },
  gradient: (x: number, t: number, k: number) => number,
): Float32Array[] {
  const optimizer = optimizers.resolve(spec);
  const { start, steps, learningRate } = options;
  const run: OptimizerRun = { state: optimizer.createState(start.length), learningRate, localSteps: 1 };
  const x = Float32Array.from(start);
  return Array.from({ length: steps }, (_, t) => {
    optimizer.stepInto(
      x,
      Float32Array.from(x, (value, k) => gradient(value, t + 1, k)),
      run,
    );
    return x.slice();
  });
}

describe('adam', () => {
  const random = createRandom('adam');
  const noise = Array.from({ length: 40 }, () => gaussian(random));
  const cases: readonly { spec: string; options: Partial<NaiveAdamOptions> }[] = [
    { spec: 'adam', options: {} },
    { spec: 'adam:beta1=0.8,beta2=0.95,epsilon=0.01', options: { beta1: 0.8, beta2: 0.95, epsilon: 0.01 } },
    { spec: 'adam:weightDecay=0.3', options: { lambda: 0.3 } },
    { spec: 'adam:weightDecay=0.3,decoupled=1', options: { lambda: 0.3, decoupled: true } },
    { spec: 'adamw', options: { lambda: 0.01, decoupled: true } },
    { spec: 'adamw:weightDecay=0.3', options: { lambda: 0.3, decoupled: true } },
  ];

  it.each(cases)('takes the steps of the papers: $spec', ({ spec, options }) => {
    const centers = [2, -1, 0.5];
    const gradient = (x: number, t: number, k: number): number => x - centers[k]! + noise[t]!;
    const start = [1, -3, 0];
    const got = follow(spec, { start, steps: 30, learningRate: 0.05 }, gradient);
    const defaults = { eta: 0.05, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lambda: 0, decoupled: false };
    start.forEach((first, k) => {
      const wanted = naiveAdam(first, 30, {
        ...defaults,
        ...options,
        gradient: (theta, t) => gradient(theta, t, k),
      });
      // Thirty float32 roundings of moments and parameters of size 1.
      got.forEach((x, t) => expect(Math.abs(x[k]! - wanted[t + 1]!)).toBeLessThan(5e-6));
    });
  });

  it('steps by eta along the sign at first, whatever the scale of the gradient', () => {
    for (const scale of [1e-3, 1, 1e3]) {
      const [x] = follow('adam', { start: [0, 0], steps: 1, learningRate: 0.25 }, (_x, _t, k) =>
        k === 0 ? scale : -scale,
      );
      expect(x![0]).toBeCloseTo(-0.25, 4);
      expect(x![1]).toBeCloseTo(0.25, 4);
    }
  });

  it('decays weights by 1 - eta lambda where it is decoupled, and by a whole step where it is not', () => {
    const options = { start: [8], steps: 1, learningRate: 0.5 };
    expect(follow('adamw:weightDecay=0.25', options, () => 0)[0]![0]).toBe(8 * (1 - 0.5 * 0.25));
    // The decay is all of the gradient, and Adam makes a step of eta of any gradient.
    expect(follow('adam:weightDecay=0.25', options, () => 0)[0]![0]).toBeCloseTo(7.5, 6);
  });

  it('keeps plain arrays, and goes on from a copy of them to the bit', () => {
    const optimizer = optimizers.resolve('adam');
    const run = { state: optimizer.createState(2), learningRate: 0.1, localSteps: 1 };
    const x = Float32Array.of(1, 2);
    for (let t = 0; t < 3; t++) optimizer.stepInto(x, Float32Array.of(0.5, t), run);
    const copy = { ...run, state: structuredClone(run.state) };
    const [a, b] = [x.slice(), x.slice()];
    optimizer.stepInto(a, Float32Array.of(1, 1), run);
    optimizer.stepInto(b, Float32Array.of(1, 1), copy);
    expect(b).toEqual(a);
    expect(run.state.steps).toEqual(Uint32Array.of(4));
  });
});
