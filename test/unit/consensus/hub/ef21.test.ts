/** EF21 and EF21-SGDM (Richtarik et al. 2021; Fatkhullin et al. 2023) on ridge and logistic regression. */
import { describe, expect, it } from 'vitest';
import type { Ef21Hub, Ef21Worker } from '../../../../src/consensus/hub/ef21.js';
import { ef21Constants, ef21StepSize, quadraticMean } from '../../../../src/consensus/hub/ef21.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { type HubRunView, runHub } from '../../../../src/consensus/hub/run-hub.js';
import { meanOf, squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { convexGradientInto } from '../../../../src/training/convex-model.js';
import { convexHub, expectLinear, farFrom, gradientDescent } from '../../../reference/convex-hub.js';

const topK = hubAlgorithms.resolve('ef21:up="top-k:fraction=0.5"');

describe('the step size of EF21', () => {
  it('has theta = 1 - sqrt(1 - omega) and beta = (1 - omega) / theta (theorem 1)', () => {
    const { theta, beta } = ef21Constants(0.75);
    expect(theta).toBeCloseTo(0.5, 15);
    expect(beta).toBeCloseTo(0.5, 15);
    expect(ef21Constants(1)).toEqual({ theta: 1, beta: 0 });
  });

  it('is 1 / (L + Lt sqrt(2 beta / theta)), or theta / (2 mu) where that is less', () => {
    const constants = { L: 3, mu: 0.01, workerL: Float64Array.of(3, 4), sampleL: 9, similarity: 0 };
    expect(quadraticMean(constants.workerL)).toBeCloseTo(Math.sqrt(12.5), 14);
    expect(ef21StepSize(constants, 0.75)).toBeCloseTo(1 / (3 + Math.sqrt(12.5) * Math.SQRT2), 14);
    expect(ef21StepSize({ ...constants, mu: 3 }, 1)).toBeCloseTo(1 / 6, 14);
  });
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`EF21 on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss);

    it('is linear to working precision, no slower than theorem 2 (PL)', () => {
      const run = runHub({
        algorithm: topK,
        problem: farFrom(problem),
        rounds: 12_000,
        seed: 1,
        every: 20,
        enough: 1e-26,
      });
      expectLinear(run, hub.constants.mu);
    });

    it('never lets the potential f - f* + gamma / theta mean ||g_i - grad f_i||^2 rise above its factor', () => {
      const gradient = new Float64Array(problem.optimum.length);
      const potentials: number[] = [];
      const { gamma, theta } = runHub({ algorithm: topK, problem: hub, rounds: 0, seed: 1 }).settings;
      const onRound = ({ hubs, workers }: HubRunView): void => {
        // g_i^t belongs to the gradient at x^t, the workers' x; the hub is one step ahead
        const x = (workers[0] as Ef21Worker).x;
        let gap = 0;
        (hubs[0] as Ef21Hub).estimates.forEach((estimate, worker) => {
          convexGradientInto(gradient, problem, { worker, batch: null, x });
          gap += squaredDistance(estimate, gradient) / hub.workers;
        });
        potentials.push(hub.suboptimality(x) + (gamma / theta) * gap);
      };
      const { rate } = runHub({ algorithm: topK, problem: hub, rounds: 300, seed: 1, every: 300, onRound });
      for (let t = 1; t < potentials.length; t++) {
        expect(potentials[t]).toBeLessThanOrEqual(potentials[t - 1] * rate! + 1e-14);
      }
    });

    it('with omega = 1 is gradient descent to 1e-12', () => {
      const algorithm = hubAlgorithms.resolve('ef21:up=exact,down=exact,gamma=0.02');
      const wanted = gradientDescent(problem, 0.02, 60);
      runHub({
        algorithm,
        problem: hub,
        rounds: 60,
        seed: 1,
        onRound: ({ round, model }) =>
          expect(Math.sqrt(squaredDistance(model, wanted[round]))).toBeLessThan(1e-12),
      });
      const { gamma } = runHub({
        algorithm: hubAlgorithms.resolve('ef21:up=none'),
        problem: hub,
        rounds: 0,
        seed: 1,
      }).settings;
      expect(gamma).toBe(Math.min(1 / hub.constants.L, 1 / (2 * hub.constants.mu)));
    });

    it('keeps g_i at the hub equal to the workers, and x at the workers one step behind, to the bit', () => {
      let behind = hub.start;
      runHub({
        algorithm: topK,
        problem: hub,
        rounds: 50,
        seed: 1,
        onRound({ hubs, workers, model }) {
          const { estimates } = hubs[0] as Ef21Hub;
          const own = (workers as Ef21Worker[]).map(({ estimate }) => estimate);
          expect(estimates).toEqual(own);
          expect(meanOf(estimates)).toEqual(meanOf(own));
          for (const { x } of workers as Ef21Worker[]) expect(x).toEqual(behind);
          behind = model.slice();
        },
      });
    });

    it('without a server gives every peer the bits that the star gives the hub', () => {
      const run = { algorithm: topK, problem: hub, rounds: 100, seed: 4 };
      const [star, serverless] = [runHub(run), runHub({ ...run, serverless: true })];
      expect(serverless.model).toEqual(star.model);
      const [a, b] = [star.records.at(-1)!, serverless.records.at(-1)!];
      expect(b.upBytes).toBe((hub.workers - 1) * a.upBytes);
      expect(b.downBytes).toBe(0);
      expect(a.downBytes).toBeGreaterThan(0);
    });
  });
}

describe('EF21-SGDM', () => {
  it('with eta = 1 is EF21, and with full gradients and eta < 1 reaches the optimum, too', () => {
    const { hub } = convexHub('ridge');
    const run = { problem: hub, seed: 1, rounds: 40 };
    const algorithm = hubAlgorithms.resolve('ef21:up="top-k:fraction=0.5",eta=1');
    expect(runHub({ ...run, algorithm }).model).toEqual(runHub({ ...run, algorithm: topK }).model);
    const momentum = hubAlgorithms.resolve('ef21:up="top-k:fraction=0.5",eta=0.3');
    const { records, rate } = runHub({
      ...run,
      algorithm: momentum,
      rounds: 3000,
      every: 100,
      enough: 1e-10,
    });
    expect(records.at(-1)!.squaredDistance).toBeLessThan(1e-3 * records[0].squaredDistance);
    expect(rate).toBeNull();
  });

  it('has a floor far below that of EF21 with batches of one sample and top-1, at equal step size', () => {
    const { hub } = convexHub('logistic');
    const floor = (eta: number) => {
      const algorithm = hubAlgorithms.resolve(`ef21:up="top-k:count=1",gamma=0.05,eta=${eta}`);
      const { records } = runHub({ algorithm, problem: hub, rounds: 1200, every: 5, seed: 1, batch: 1 });
      return records.slice(120).reduce((sum, { squaredDistance: d }) => sum + d, 0) / 121;
    };
    expect(floor(0.05)).toBeLessThan(0.1 * floor(1));
  });
});
