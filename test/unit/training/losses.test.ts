import { expect, it } from 'vitest';
import { lossSum } from '../../../src/training/losses.js';

it('counts the rows whose target has the highest logit; the first of equals is the prediction', () => {
  const logits = Float32Array.of(1, 2, 3, /**/ 9, -1, 0, /**/ -3, -2, -1, /**/ 5, 5, 0);
  expect(lossSum('cross-entropy', logits, Float32Array.of(2, 0, 0, 0)).correct).toBe(3);
  expect(lossSum('cross-entropy', logits, Float32Array.of(2, 0, 0, 1)).correct).toBe(2);
});

it('counts a positive logit as 1', () => {
  const { correct } = lossSum('binary-cross-entropy', Float32Array.of(2, -2, 2), Float32Array.of(1, 0, 0));
  expect(correct).toBe(2);
});

it('knows no right and wrong of numbers, and counts every number', () => {
  const sum = lossSum('mean-squared-error', Float32Array.of(1, 2), Float32Array.of(0, 0));
  expect(sum).toEqual({ loss: 5, correct: null, places: 2 });
});
