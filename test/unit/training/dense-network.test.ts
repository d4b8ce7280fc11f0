import { expect, it } from 'vitest';
import { denseLayout, glorotUniform } from '../../../src/training/dense-network.js';

it('784-128-10 has 101,770 parameters, in two blocks with the bias as last row', () => {
  const layout = denseLayout([784, 128, 10]);
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

it('kernels fill [-a, a) with a = sqrt(6 / (in + out)) and biases are 0 (Glorot and Bengio 2010, eq. 16)', () => {
  const parameters = glorotUniform(denseLayout([30, 20, 4]), 1);
  const kernel = parameters.subarray(0, 600);
  const limit = Math.sqrt(6 / 50);
  expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
  const variance = kernel.reduce((sum, w) => sum + w * w, 0) / 600;
  expect(Math.abs(variance / (limit ** 2 / 3) - 1)).toBeLessThan(0.1);
  expect([...parameters.subarray(600, 620)]).toEqual(new Array(20).fill(0));
});
