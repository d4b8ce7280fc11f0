import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import { createWarmStart, storeWarmStart, warmStartOf } from '../../../src/compression/warm-start.js';
import { gaussianFactor } from '../../reference/naive-linalg.js';

const start = (size: number) => warmStartOf(createWarmStart(size, createRandom('warm start')));
/** A 6 x 4 block with ||Z||^2 = 24. */
const block = { energy: 24, rows: 6, cols: 4 };

describe('the warm start', () => {
  it('starts cold with N(0, 1) numbers', () => {
    const { q, warm } = start(4000);
    expect(warm[0]).toBe(0);
    expect(q.reduce((sum, x) => sum + x, 0) / 4000).toBeCloseTo(0, 1);
    expect(q.reduce((sum, x) => sum + x * x, 0) / 4000).toBeCloseTo(1, 1);
  });

  it('stores Q / ||Q||_F after a message that captured something', () => {
    const state = start(8);
    storeWarmStart(state, { values: Float64Array.of(4, 0, 0, 0, 0, 3, 0, 0), length: 4, rank: 2 }, block);
    expect(state.warm[0]).toBe(1);
    expect([...state.q]).toEqual([4, 0, 0, 0, 0, 3, 0, 0].map((x) => Math.fround(x / 5)));
  });

  it('rule "vanished": seeds all of Q and is cold again when ||Q||_F < 1e-20', () => {
    const state = start(8);
    storeWarmStart(state, gaussianFactor(4, 2), block);
    const tiny = gaussianFactor(4, 2);
    tiny.values.forEach((x, i) => {
      tiny.values[i] = x * 1e-22;
    });
    storeWarmStart(state, tiny, block);
    expect(state.warm[0]).toBe(0);
    expect(state.q.every((x) => Math.abs(x) > 1e-6)).toBe(true);
  });

  it('rule "empty": seeds a vector that is zero and keeps the others', () => {
    const state = start(8);
    storeWarmStart(state, { values: Float64Array.of(0, 0, 0, 0, 0, 5, 0, 0), length: 4, rank: 2 }, block);
    expect([...state.q.subarray(4)]).toEqual([0, 1, 0, 0]);
    expect(state.q.subarray(0, 4).every((x) => x !== 0)).toBe(true);
  });

  it('rule "poor": seeds the weakest vector below half of what a random subspace captures', () => {
    // r / (2 min(m, n)) ||Z||^2 = 2 / 8 x 24 = 6.
    const weak = (first: number) => ({
      values: Float64Array.of(first, 0, 0, 0, 0, 1, 0, 0),
      length: 4,
      rank: 2,
    });
    const poor = start(8);
    storeWarmStart(poor, weak(2.2), block); // captured 5.84
    expect(poor.q.subarray(4).every((x) => x !== 0)).toBe(true);
    expect([...poor.q.subarray(1, 4)]).toEqual([0, 0, 0]);
    const fair = start(8);
    storeWarmStart(fair, weak(2.3), block); // captured 6.29
    expect(fair.q[4]).toBe(0);
    expect(poor.warm[0]).toBe(1);
  });
});
