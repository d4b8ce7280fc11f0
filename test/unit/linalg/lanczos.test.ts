import { describe, expect, it } from 'vitest';
import { createRandom, gaussian } from '../../../src/base/random.js';
import { extremeEigenvalues, type SymmetricOperator } from '../../../src/linalg/lanczos.js';

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

const options = (maxSteps = 500) => ({ random: createRandom('lanczos test'), tolerance: 1e-10, maxSteps });

describe('extremeEigenvalues', () => {
  it('finds both ends of a random spectrum', () => {
    const random = createRandom(1, 'spectrum');
    const values = Float64Array.from({ length: 400 }, () => gaussian(random));
    const found = extremeEigenvalues(diagonalOperator(values), options());
    expect(found.residual).toBeLessThanOrEqual(1e-10);
    expect(found.largest).toBeCloseTo(Math.max(...values), 10);
    expect(found.smallest).toBeCloseTo(Math.min(...values), 10);
    expect(found.steps).toBeLessThan(300);
  });

  it('stops at an invariant subspace: three distinct eigenvalues take three steps', () => {
    const values = Float64Array.from({ length: 300 }, (_, i) => [-0.5, 0.25, 0.75][i % 3]!);
    const found = extremeEigenvalues(diagonalOperator(values), options());
    expect(found.steps).toBe(3);
    expect(found.largest).toBeCloseTo(0.75, 12);
    expect(found.smallest).toBeCloseTo(-0.5, 12);
  });

  it('returns each extreme once it has converged and more steps only add copies of it', () => {
    const values = Float64Array.from({ length: 60 }, (_, i) => (i === 0 ? 100 : i / 60)); // one far out: the classic ghost
    const found = extremeEigenvalues(diagonalOperator(values), { ...options(2000), tolerance: 1e-12 });
    expect(found.largest).toBeCloseTo(100, 10);
    expect(found.smallest).toBeCloseTo(1 / 60, 10);
  });

  it('leaves deflated eigenvectors out', () => {
    const values = Float64Array.of(5, 1, -2, 0.5, -7);
    const unit = (at: number) => Float64Array.from({ length: 5 }, (_, i) => (i === at ? 1 : 0));
    const found = extremeEigenvalues(diagonalOperator(values, [unit(0), unit(4)]), options());
    expect(found.largest).toBeCloseTo(1, 12);
    expect(found.smallest).toBeCloseTo(-2, 12);
  });

  it('works when a single dimension is left', () => {
    const found = extremeEigenvalues(
      diagonalOperator(Float64Array.of(3, 4), [Float64Array.of(1, 0)]),
      options(),
    );
    expect(found.largest).toBeCloseTo(4, 12);
    expect(found.smallest).toBeCloseTo(4, 12);
    expect(found.steps).toBe(1);
  });

  it('admits a residual above the tolerance when the steps run out', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);
    const found = extremeEigenvalues(diagonalOperator(values), options(10));
    expect(found.steps).toBe(10);
    expect(found.residual).toBeGreaterThan(1e-10);
    expect(Math.abs(found.largest - 0.999)).toBeLessThanOrEqual(found.residual);
  });

  it('refuses an operator with nothing left after deflation', () => {
    expect(() =>
      extremeEigenvalues(diagonalOperator(Float64Array.of(3), [Float64Array.of(1)]), options()),
    ).toThrow(/deflation/);
  });
});
