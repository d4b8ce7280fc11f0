import { describe, expect, it } from 'vitest';
import type { Network } from '../../../../src/training/network/network.js';
import { initialParameters, networkLayout } from '../../../../src/training/network/network-layout.js';

const perceptron = (input: number, hidden: number, output: number): Network => ({
  inputShape: [input],
  layers: [
    { kind: 'dense', name: 'dense1', units: hidden, activation: 'relu' },
    { kind: 'dense', name: 'dense2', units: output },
  ],
});

describe('a perceptron', () => {
  it('784-128-10 has 101,770 parameters, in two blocks with the bias as last row', () => {
    const layout = networkLayout(perceptron(784, 128, 10));
    expect(layout.size).toBe(101_770);
    expect(layout.blocks).toEqual([
      { name: 'dense1', offset: 0, rows: 785, cols: 128 },
      { name: 'dense2', offset: 785 * 128, rows: 129, cols: 10 },
    ]);
    expect(layout.tensors.map(({ name, offset }) => [name, offset])).toEqual([
      ['dense1/kernel', 0],
      ['dense1/bias', 784 * 128],
      ['dense2/kernel', 785 * 128],
      ['dense2/bias', 785 * 128 + 128 * 10],
    ]);
  });

  it('starts from kernels in [-a, a) with a = sqrt(6 / (in + out)) and biases 0 (Glorot and Bengio 2010, eq. 16)', () => {
    const parameters = initialParameters(perceptron(30, 20, 4), 1);
    const kernel = parameters.subarray(0, 600);
    const limit = Math.sqrt(6 / 50);
    expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
    const variance = kernel.reduce((sum, w) => sum + w * w, 0) / 600;
    expect(Math.abs(variance / (limit ** 2 / 3) - 1)).toBeLessThan(0.1);
    expect([...parameters.subarray(600, 620)]).toEqual(new Array(20).fill(0));
  });
});

describe('a recurrent layer', () => {
  const network: Network = { inputShape: [5, 3], layers: [{ kind: 'lstm', name: 'lstm', units: 6 }] };
  const layout = networkLayout(network);
  const parameters = initialParameters(network, 4);
  const tensor = (name: string) => {
    const { offset, size } = layout.tensors.find((each) => each.name === name)!;
    return parameters.subarray(offset, offset + size);
  };

  it('starts from a recurrent kernel of orthonormal rows (Saxe et al. 2014)', () => {
    const rows = Array.from({ length: 6 }, (_, i) =>
      tensor('lstm/recurrent_kernel').subarray(24 * i, 24 * i + 24),
    );
    rows.forEach((a, i) =>
      rows.forEach((b, j) => {
        const product = a.reduce((sum, x, k) => sum + x * b[k]!, 0);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 6);
      }),
    );
  });

  it('starts from bias 1 where it forgets, and 0 elsewhere (Jozefowicz et al. 2015)', () => {
    expect([...tensor('lstm/bias')]).toEqual(
      Array.from({ length: 24 }, (_, k) => (k >= 6 && k < 12 ? 1 : 0)),
    );
  });
});
