import { describe, expect, it } from 'vitest';
import { forceTwins, kernelEngine, kernels } from '../../../src/linalg/kernels.js';

describe('the kernels', () => {
  it('load in a checkout that has been built', () => {
    expect(kernelEngine()).toEqual({ simd: true, reason: null });
  });

  it('give way to the twins when told to, and say why', () => {
    forceTwins('asked for');
    expect(kernels()).toBeNull();
    expect(kernelEngine()).toEqual({ simd: false, reason: 'asked for' });
    forceTwins(null);
    expect(kernels()).not.toBeNull();
  });

  it('hand out memory as a stack, on cache lines, which grows when it must', () => {
    const engine = kernels()!;
    const mark = engine.mark();
    const first = engine.take(5);
    const second = engine.take(100);
    expect(first % 64).toBe(0);
    expect(second).toBe(first + 64);
    const before = engine.u8.length;
    engine.u8[first] = 7;
    const large = engine.take(before);
    expect(engine.u8.length).toBeGreaterThanOrEqual(large + before);
    expect(engine.u8[first]).toBe(7);
    engine.release(mark);
    expect(engine.take(1)).toBe(first);
    engine.release(mark);
    expect(() => engine.release(mark + 64)).toThrow();
  });

  it('keep views alive between a reservation and what it was for', () => {
    const engine = kernels()!;
    const mark = engine.mark();
    const bytes = engine.u8.length;
    engine.reserve(bytes, 3);
    const view = engine.f32.subarray(0, 1);
    for (let k = 0; k < 3; k++) engine.take(bytes / 4 + 1);
    expect(engine.holds(view)).toBe(true);
    expect(view.length).toBe(1);
    engine.release(mark);
  });
});
