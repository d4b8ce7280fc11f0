import { describe, expect, it } from 'vitest';
import { lossGradientInto } from '../../../src/training/loss-gradients.js';
import { lossSum } from '../../../src/training/losses.js';
import type { Loss } from '../../../src/training/network/network.js';

function lossOf(loss: Loss, outputs: readonly number[], targets: readonly number[]): [number, number[]] {
  const gradient = new Float32Array(outputs.length);
  const mean = lossGradientInto(
    gradient,
    { loss, targets: Float32Array.from(targets) },
    Float32Array.from(outputs),
  );
  return [mean, [...gradient]];
}

describe('softmax cross-entropy', () => {
  it('of equal logits over 4 classes is log 4, with gradient (1/4 - onehot) / batch', () => {
    const [loss, gradient] = lossOf('cross-entropy', new Array(8).fill(3), [0, 2]);
    expect(loss).toBeCloseTo(Math.log(4), 12);
    expect(gradient).toEqual([-0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375, 0.125]);
  });

  it('of logits (log 1, log 3) and label 0 is log 4, with gradient (-3/4, 3/4)', () => {
    const [loss, gradient] = lossOf('cross-entropy', [0, Math.log(3)], [0]);
    expect(loss).toBeCloseTo(Math.log(4), 6);
    expect(gradient[0]).toBeCloseTo(-0.75, 6);
    expect(gradient[1]).toBeCloseTo(0.75, 6);
  });

  it('of logits of a thousand neither overflows nor vanishes', () => {
    expect(lossOf('cross-entropy', [1000, -1000], [1])).toEqual([2000, [1, -1]]);
  });
});

describe('binary cross-entropy', () => {
  it('of logit log 3 is log 4 - t log 3, with gradient 3/4 - t', () => {
    for (const target of [0, 1]) {
      const [loss, gradient] = lossOf('binary-cross-entropy', [Math.log(3)], [target]);
      expect(loss).toBeCloseTo(Math.log(4) - target * Math.log(3), 6);
      expect(gradient[0]).toBeCloseTo(0.75 - target, 6);
    }
  });

  it('of logits of a thousand neither overflows nor vanishes', () => {
    expect(lossOf('binary-cross-entropy', [1000, -1000], [0, 0])).toEqual([500, [0.5, 0]]);
  });
});

it('the mean squared error of (1, 3) against (0, 1) is 5/2, with gradient (1, 2)', () => {
  expect(lossOf('mean-squared-error', [1, 3], [0, 1])).toEqual([2.5, [1, 2]]);
});

const losses: readonly Loss[] = ['cross-entropy', 'binary-cross-entropy', 'mean-squared-error'];

it.each(losses)('an output that is not a number gives a %s that is not one', (loss) => {
  expect(lossOf(loss, [Number.NaN, 0], loss === 'cross-entropy' ? [0] : [0, 1])[0]).toBeNaN();
});

it.each(losses)('%s is what the evaluation sums up', (loss) => {
  const outputs = Float32Array.from({ length: 12 }, (_, k) => 3 * Math.sin(k));
  const targets = loss === 'cross-entropy' ? [2, 0, 1] : Array.from(outputs, (_, k) => k % 2);
  const { loss: sum, places } = lossSum(loss, outputs, Float32Array.from(targets));
  expect(lossOf(loss, [...outputs], targets)[0]).toBeCloseTo(sum / places, 12);
});
