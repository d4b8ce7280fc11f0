/** PowerSGD on a star (Vogels et al. 2019): low rank, linear, no floor from heterogeneity. */
import { describe, expect, it } from 'vitest';
import type { PowerSgdWorker } from '../../../../src/consensus/hub/power-sgd.js';
import { createPowerLayout } from '../../../../src/consensus/hub/power-sgd-factors.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { measuredRate, runHub } from '../../../../src/consensus/hub/run-hub.js';
import { squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { convexHub, gradientDescent } from '../../../reference/convex-hub.js';

it('matrices get factors where these are smaller; the rest goes as it is', () => {
  const blocks = [
    { name: 'a', offset: 0, rows: 6, cols: 5 },
    { name: 'bias', offset: 30, rows: 1, cols: 5 },
    { name: 'small', offset: 35, rows: 2, cols: 3 },
  ];
  const layout = createPowerLayout(blocks, 2);
  expect(layout.matrices.map(({ name, rank }) => [name, rank])).toEqual([['a', 2]]);
  expect(layout.rest.map(({ name }) => name)).toEqual(['bias', 'small']);
  expect(layout).toMatchObject({ leftSize: 12 + 11, rightSize: 10, restAt: 12, omega: 2 / 5 });
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`PowerSGD on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss, 5, { groups: 5, categories: 6 });
    const gamma = 0.5 / hub.constants.L;

    it('is linear down to what float32 messages allow, as f has no heterogeneity of its own', () => {
      const algorithm = hubAlgorithms.resolve(`power-sgd:rank=2,gamma=${gamma}`);
      const { records } = runHub({ algorithm, problem: hub, rounds: 2000, seed: 1, every: 5, enough: 1e-13 });
      expect(records.at(-1)!.squaredDistance).toBeLessThan(1e-12);
      expect(measuredRate(records, 1e-2, 1e-10)).toBeLessThan(0.99);
    });

    it('with full rank is gradient descent in every second round, to float32', () => {
      const algorithm = hubAlgorithms.resolve(`power-sgd:rank=5,gamma=${gamma}`);
      const wanted = gradientDescent(problem, gamma, 40);
      const { model } = runHub({ algorithm, problem: hub, rounds: 80, seed: 1 });
      expect(Math.sqrt(squaredDistance(model, wanted[40]))).toBeLessThan(1e-5);
    });

    it('keeps errors bounded though data differ, and gives every peer the same bits without a server', () => {
      const algorithm = hubAlgorithms.resolve(`power-sgd:rank=1,gamma=${gamma}`);
      const errors: number[] = [];
      const run = {
        algorithm,
        problem: hub,
        rounds: 800,
        seed: 1,
        onRound: ({ round, workers }: { round: number; workers: readonly unknown[] }) => {
          if (round % 2 === 0) errors.push(Math.sqrt(squaredDistance((workers[0] as PowerSgdWorker).error)));
        },
      };
      const star = runHub(run);
      const early = Math.max(...errors.slice(50, 200));
      expect(Math.max(...errors.slice(200))).toBeLessThan(2 * early);
      expect(runHub({ ...run, rounds: 100, serverless: true }).model).toEqual(
        runHub({ ...run, rounds: 100 }).model,
      );
      expect(star.records.at(-1)!.squaredDistance).toBeLessThan(1e-6);
    });
  });
}
