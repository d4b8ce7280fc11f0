import { expect, it } from 'vitest';
import { countCorrect, crossEntropyInto } from '../../../src/training/cross-entropy.js';

it('equal logits over 4 classes cost log 4, with gradient (1/4 - onehot) / batch', () => {
  const gradient = new Float32Array(8);
  expect(crossEntropyInto(gradient, new Float32Array(8).fill(3), Uint8Array.of(0, 2))).toBeCloseTo(
    Math.log(4),
    12,
  );
  expect([...gradient]).toEqual([-0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375, 0.125]);
});

it('logits (log 1, log 3) and label 0 cost log 4, with gradient (-3/4, 3/4)', () => {
  const gradient = new Float32Array(2);
  expect(crossEntropyInto(gradient, Float32Array.of(0, Math.log(3)), Uint8Array.of(0))).toBeCloseTo(
    Math.log(4),
    6,
  );
  expect(gradient[0]).toBeCloseTo(-0.75, 6);
  expect(gradient[1]).toBeCloseTo(0.75, 6);
});

it('logits of a thousand neither overflow nor vanish', () => {
  const gradient = new Float32Array(2);
  expect(crossEntropyInto(gradient, Float32Array.of(1000, -1000), Uint8Array.of(1))).toBe(2000);
  expect([...gradient]).toEqual([1, -1]);
});

it('a logit that is not a number gives a loss that is not one', () => {
  expect(crossEntropyInto(new Float32Array(2), Float32Array.of(Number.NaN, 0), Uint8Array.of(0))).toBeNaN();
});

it('counts the rows whose label has the highest logit', () => {
  expect(countCorrect(Float32Array.of(1, 2, 3, /**/ 9, -1, 0, /**/ -3, -2, -1), Uint8Array.of(2, 0, 0))).toBe(
    2,
  );
});
