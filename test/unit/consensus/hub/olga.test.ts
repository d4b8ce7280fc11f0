/** OLGA and EF-OLGA (Bylinkin and Beznosikov 2024): linear rates from similarity, with steps on the server's data. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src/base/random.js';
import { drawGeometric, efOlgaParameters, olgaParameters } from '../../../../src/consensus/hub/olga.js';
import { proximalStep } from '../../../../src/consensus/hub/proximal-step.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { measuredRate, runHub } from '../../../../src/consensus/hub/run-hub.js';
import { squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { convexHub, farFrom } from '../../../reference/convex-hub.js';

describe('the parameters of OLGA', () => {
  const constants = { similarity: 0.5, mu: 0.01, workerL: new Float64Array(16) };

  it('are those of theorem 1, with 4 alpha p tau <= theta', () => {
    const { p, theta, tau, alpha } = olgaParameters(constants, { p: 0.25, U: 3, theta: 0 });
    expect(theta).toBeCloseTo(0.25, 15); // sqrt(4) / (8 * 0.5 * 2)
    expect(tau).toBeCloseTo(0.1 / 4, 15);
    expect(alpha).toBeCloseTo(0.25 / (8 * 0.25 * 0.025), 12);
    expect(4 * alpha * p * tau).toBeLessThanOrEqual(theta);
  });

  it('of EF-OLGA are those of theorem 2', () => {
    const { theta, tau, alpha } = efOlgaParameters(constants, { p: 0.25, theta: 0 });
    expect(theta).toBeCloseTo(0.125 / 12, 15);
    expect(tau).toBeCloseTo(Math.sqrt((0.01 * theta) / 0.25) / 18, 15);
    expect(alpha).toBeCloseTo(theta / (36 * 0.25 * tau), 12);
  });

  it('draw N >= 1 with mean 1 / p', () => {
    const random = createRandom(1);
    const draws = Array.from({ length: 20_000 }, () => drawGeometric(random, 0.25));
    expect(Math.min(...draws)).toBe(1);
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    expect(Math.abs(mean - 4)).toBeLessThan(5 * Math.sqrt(12 / 20_000));
  });
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss);

    it.each(['olga:up="rand-k:fraction=0.5,scaled=1"', 'ef-olga:up="top-k:fraction=0.5"'])(
      '%s is linear to working precision, no slower than 1 - tau an outer iteration',
      (spec) => {
        const algorithm = hubAlgorithms.resolve(spec);
        const run = runHub({
          algorithm,
          problem: farFrom(problem),
          rounds: 12_000,
          seed: 1,
          every: 5,
          enough: 1e-26,
        });
        expect(run.records.at(-1)!.squaredDistance).toBeLessThan(1e-24);
        expect(measuredRate(run.records)).toBeLessThan(run.rate!);
        expect(measuredRate(run.records)).toBeGreaterThan(0.5);
      },
    );

    it('a proximal step is where its gradient vanishes', () => {
      const center = new Float64Array(16).fill(0.3);
      const slope = Float64Array.from(center, (_, k) => Math.sin(k));
      const x = proximalStep({ server: hub.server, slope, center, theta: 0.7 });
      const gradient = new Float64Array(16);
      hub.server.gradientInto(gradient, x);
      const rest = gradient.map((value, k) => value + slope[k] + (x[k] - center[k]) / 0.7);
      expect(Math.sqrt(squaredDistance(rest))).toBeLessThan(1e-12);
      expect(Math.sqrt(squaredDistance(x, center))).toBeGreaterThan(0.1);
    });
  });
}

it('OLGA gains from similar data: the more similar, the fewer rounds', () => {
  const rounds = (skew: number) => {
    const { hub } = convexHub('ridge', 5, { skew, samples: 200 });
    const algorithm = hubAlgorithms.resolve('olga:up="rand-k:fraction=0.5,scaled=1"');
    return runHub({ algorithm, problem: hub, rounds: 8000, seed: 1, every: 5, enough: 1e-16 }).records.at(-1)!
      .round;
  };
  expect(rounds(0)).toBeLessThan(0.7 * rounds(1));
});

it('OLGA refuses to run without a server, and without data at the server', () => {
  const { hub } = convexHub('ridge');
  const algorithm = hubAlgorithms.resolve('olga');
  expect(() => runHub({ algorithm, problem: hub, rounds: 1, seed: 1, serverless: true })).toThrow(
    /only the server has/,
  );
  const { server: _, ...bare } = hub;
  expect(() => runHub({ algorithm, problem: bare, rounds: 1, seed: 1 })).toThrow(
    /server with data of its own/,
  );
});
