import { describe, expect, it } from 'vitest';
import { optimizers } from '../../../src/training/optimizer.js';
import { createQuasiGlobalState, gossipFactor, KAPPA } from '../../../src/training/quasi-global-momentum.js';
import { naiveQuasiGlobal } from '../../reference/naive-quasi-global.js';

/** One peer: `rounds` rounds of `localSteps` steps along the gradient 1; returns m^ as the next round would see it. */
function bufferUnderConstantGradient(spec: string, localSteps: number, rounds: number): number {
  const optimizer = optimizers.resolve(spec);
  const run = { state: optimizer.createState(1), learningRate: 0.25, localSteps };
  const x = Float32Array.of(0);
  for (let round = 0; round < rounds; round++) {
    optimizer.beginRound(run, x);
    for (let step = 0; step < localSteps; step++) optimizer.stepInto(x, Float32Array.of(1), run);
    optimizer.endRound(run, x);
  }
  optimizer.beginRound(run, x);
  return run.state.buffer![0]!;
}

describe('quasi-global momentum (Lin et al. 2021)', () => {
  it('follows the matrix form of Algorithm 1 for three rounds of three peers', () => {
    const mixing = [
      [0.5, 0.25, 0.25],
      [0.25, 0.5, 0.25],
      [0.25, 0.25, 0.5],
    ];
    const start = [
      [1, 2],
      [0, -1],
      [3, 0.5],
    ];
    const targets = [
      [0, 0],
      [4, -2],
      [-1, 1],
    ];
    const gradient = (peer: number, x: readonly number[]) =>
      x.map((value, k) => (k + 1) * (value - targets[peer]![k]!));
    const [eta, mu, rounds] = [0.1, 0.9, 3];
    const wanted = naiveQuasiGlobal(start, mixing, { eta, mu, rounds, gradient });

    const optimizer = optimizers.resolve('qg');
    const runs = start.map(() => ({ state: optimizer.createState(2), learningRate: eta, localSteps: 1 }));
    let x = start.map((row) => Float32Array.from(row));
    for (let round = 0; round < rounds; round++) {
      const half = x.map((row, i) => {
        const out = row.slice();
        optimizer.beginRound(runs[i]!, row);
        optimizer.stepInto(out, Float32Array.from(gradient(i, [...row])), runs[i]!);
        optimizer.endRound(runs[i]!, out);
        return out;
      });
      x = mixing.map((weights) =>
        Float32Array.from([0, 1], (k) => weights.reduce((sum, w, j) => sum + w * half[j]![k]!, 0)),
      );
      x.forEach((row, i) => row.forEach((value, k) => expect(value).toBeCloseTo(wanted[round]![i]![k]!, 5)));
    }
  });

  it('works out by hand: x = 0, g = 1, eta = 0.25, mu = 0.5, Nesterov, one peer', () => {
    // round 1: m = 1, u = 1.5, x = -0.375; m^ = 0.5 * 0 + 0.5 * 0.375 / 0.25 = 0.75
    expect(bufferUnderConstantGradient('qg:momentum=0.5', 1, 1)).toBe(0.75);
    // round 2: m = 0.375 + 1, u = 1 + 0.6875 = 1.6875; m^ = 0.375 + 0.84375
    expect(bufferUnderConstantGradient('qg:momentum=0.5', 1, 2)).toBe(1.21875);
  });

  it('divides by eta H: the buffer does not depend on the number of local steps', () => {
    expect(bufferUnderConstantGradient('qg:momentum=0.5', 4, 2)).toBe(
      bufferUnderConstantGradient('qg:momentum=0.5', 1, 2),
    );
  });

  it('tends to g / (1 - mu) under a constant gradient, like local momentum, with and without Nesterov', () => {
    expect(bufferUnderConstantGradient('qg:momentum=0.5', 2, 60)).toBeCloseTo(2, 4);
    expect(bufferUnderConstantGradient('qg:momentum=0.5,nesterov=0', 2, 60)).toBeCloseTo(2, 4);
  });

  it('leaves the parameters it is shown alone', () => {
    const optimizer = optimizers.resolve('qg');
    const run = { state: optimizer.createState(2), learningRate: 0.1, localSteps: 1 };
    const x = Float32Array.of(1, 2);
    optimizer.beginRound(run, x);
    optimizer.endRound(run, x);
    optimizer.beginRound(run, x);
    expect([...x]).toEqual([1, 2]);
  });
});

describe('the guard against weak consensus', () => {
  const stateWith = (start: number[], end: number[]) => {
    const state = createQuasiGlobalState(start.length);
    state.start.set(start);
    state.end.set(end);
    return state;
  };

  it('leaves gossip alone up to kappa times what gradients moved', () => {
    const state = stateWith([3, 4], [0, 0]); // gradients moved by 5
    expect(gossipFactor(state, Float32Array.of(0, 5 * KAPPA), 0)).toBe(1);
  });

  it('clips gossip to kappa times what gradients moved', () => {
    const state = stateWith([3, 4], [0, 0]);
    expect(gossipFactor(state, Float32Array.of(0, -1000), 0)).toBeCloseTo((5 * KAPPA) / 1000, 12);
  });

  it('ignores gossip where training did not move at all', () => {
    expect(gossipFactor(stateWith([1], [1]), Float32Array.of(7), 0)).toBe(0);
  });

  it('does not count what the momentum itself moved', () => {
    const state = stateWith([10], [0]);
    state.buffer.set([3]);
    expect(gossipFactor(state, Float32Array.of(-100), 3)).toBeCloseTo(KAPPA / 100, 12); // 10 - 3 x 3 is the gradients'
  });

  it.each([0, 1])('bounds m^ by the gradients, however far gossip moves (nesterov %i)', (nesterov) => {
    const mu = 0.9;
    const optimizer = optimizers.resolve(`qg:momentum=${mu},nesterov=${nesterov}`);
    const run = { state: optimizer.createState(1), learningRate: 0.1, localSteps: 2 };
    const x = Float32Array.of(0);
    const gradient = Float32Array.of(1);
    for (let round = 0; round < 200; round++) {
      optimizer.beginRound(run, x);
      for (let step = 0; step < 2; step++) optimizer.stepInto(x, gradient, run);
      optimizer.endRound(run, x);
      x[0] = x[0]! - 50; // gossip, in the direction of the descent
    }
    const [carried, fresh] = nesterov === 1 ? [mu * mu, 1 + mu] : [mu, 1];
    const bound = ((1 - mu) * (1 + KAPPA) * fresh) / (1 - mu - (1 - mu) * carried);
    expect(run.state.buffer![0]!).toBeLessThan(1.02 * bound);
    expect(run.state.buffer![0]!).toBeGreaterThan(0.8 * bound);
  });

  it('enters the buffer: training moved 1, gossip 1000, so m^ takes 1 + kappa', () => {
    const optimizer = optimizers.resolve('qg:momentum=0.5');
    const run = { state: optimizer.createState(1), learningRate: 1, localSteps: 1 };
    optimizer.beginRound(run, Float32Array.of(0));
    optimizer.endRound(run, Float32Array.of(-1));
    optimizer.beginRound(run, Float32Array.of(-1001));
    expect(run.state.buffer![0]).toBe(0.5 * (1 + KAPPA));
  });
});
