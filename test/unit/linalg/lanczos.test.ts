import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import {
  extremeEigenvalues,
  type LanczosOptions,
  type SymmetricOperator,
  topEigenvector,
} from '../../../src/linalg/lanczos.js';

function diagonalOperator(values: Float64Array, deflated: readonly Float64Array[] = []): SymmetricOperator {
  return {
    size: values.length,
    multiplyInto: (out, x) =>
      values.forEach((value, i) => {
        out[i] = value * x[i]!;
      }),
    deflated,
  };
}

const options = (maxSteps = 500, tolerance = 1e-11): LanczosOptions => ({
  random: () => createRandom('lanczos test'),
  tolerance: () => tolerance,
  maxSteps,
});

describe('extremeEigenvalues', () => {
  it('finds both ends of a random spectrum', () => {
    const random = createRandom(1, 'spectrum');
    const values = Float64Array.from({ length: 400 }, () => gaussian(random));
    const found = extremeEigenvalues(diagonalOperator(values), options());
    expect(found.converged).toBe(true);
    expect(found.largest.value).toBeCloseTo(Math.max(...values), 10);
    expect(found.smallest.value).toBeCloseTo(Math.min(...values), 10);
    expect(found.steps).toBeLessThan(300);
  });

  it('stops at an invariant subspace: three distinct eigenvalues take three steps', () => {
    const values = Float64Array.from({ length: 300 }, (_, i) => [-0.5, 0.25, 0.75][i % 3]!);
    const found = extremeEigenvalues(diagonalOperator(values), options());
    expect(found.steps).toBe(3);
    expect(found.largest.value).toBeCloseTo(0.75, 12);
    expect(found.smallest.value).toBeCloseTo(-0.5, 12);
  });

  it('returns each extreme once it has converged and more steps only add copies of it', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => (i === 0 ? 100 : i / 60)); // one far out: the classic ghost
    const found = extremeEigenvalues(diagonalOperator(values), { ...options(2000), tolerance: () => 0 });
    expect(found.largest.value).toBeCloseTo(100, 10);
    expect(found.smallest.value).toBeCloseTo(1 / 60, 10);
  });

  it('leaves deflated eigenvectors out', () => {
    const values = Float64Array.of(5, 1, -2, 0.5, -7);
    const unit = (at: number) => Float64Array.from({ length: 5 }, (_, i) => (i === at ? 1 : 0));
    const found = extremeEigenvalues(diagonalOperator(values, [unit(0), unit(4)]), options());
    expect(found.largest.value).toBeCloseTo(1, 12);
    expect(found.smallest.value).toBeCloseTo(-2, 12);
  });

  it('works when a single dimension is left', () => {
    const found = extremeEigenvalues(
      diagonalOperator(Float64Array.of(3, 4), [Float64Array.of(1, 0)]),
      options(),
    );
    expect(found.largest.value).toBeCloseTo(4, 12);
    expect(found.smallest.value).toBeCloseTo(4, 12);
    expect(found.steps).toBe(1);
  });

  it('estimates the error from above, within a factor of a thousand: it is to stop in time, too', () => {
    const random = createRandom(3, 'estimate');
    const values = Float64Array.from({ length: 2000 }, () => gaussian(random)).sort();
    for (const tolerance of [1e-2, 1e-4, 1e-6, 1e-8]) {
      const { largest, smallest } = extremeEigenvalues(diagonalOperator(values), options(2000, tolerance));
      for (const [end, exact] of [[largest, values.at(-1)!] as const, [smallest, values[0]!] as const]) {
        const error = Math.abs(end.value - exact);
        expect(error).toBeLessThanOrEqual(2 * end.error + 1e-14);
        expect(end.error).toBeLessThanOrEqual(tolerance);
      }
    }
  });

  it('admits that it has not converged when the steps run out', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);
    const found = extremeEigenvalues(diagonalOperator(values), options(10));
    expect(found.steps).toBe(10);
    expect(found.converged).toBe(false);
    expect(found.largest.error).toBeGreaterThan(1e-11);
    expect(found.largest.value).toBeLessThan(0.999);
  });

  it('refuses an operator with nothing left after deflation', () => {
    expect(() =>
      extremeEigenvalues(diagonalOperator(Float64Array.of(3), [Float64Array.of(1)]), options()),
    ).toThrow(/deflation/);
  });
});

describe('topEigenvector', () => {
  it('puts the eigenvector together in a second run', () => {
    const values = Float64Array.from({ length: 500 }, (_, i) => Math.sin(i));
    const { vector, found } = topEigenvector(diagonalOperator(values), options());
    const at = values.indexOf(Math.max(...values));
    expect(found.largest.value).toBeCloseTo(values[at]!, 10);
    // The second value, at i = 355 periods' distance, is 4e-4 below: the vector errs by the root of 1e-11 / 4e-4.
    expect(Math.abs(vector[at]!)).toBeGreaterThan(1 - 1e-6);
    expect(vector.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 12);
  });

  it('leaves deflated eigenvectors out', () => {
    const unit = Float64Array.of(0, 1, 0, 0);
    const { vector } = topEigenvector(diagonalOperator(Float64Array.of(1, 9, 4, -2), [unit]), options());
    expect(Math.abs(vector[2]!)).toBeCloseTo(1, 12);
    expect(vector[1]).toBeCloseTo(0, 12);
  });
});
