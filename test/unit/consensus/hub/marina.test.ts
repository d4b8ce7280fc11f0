/** MARINA (Gorbunov et al. 2021) on ridge and logistic regression. */
import { describe, expect, it } from 'vitest';
import { type MarinaHub, marinaStepSize } from '../../../../src/consensus/hub/marina.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { type HubRunView, runHub } from '../../../../src/consensus/hub/run-hub.js';
import { squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { convexHub, expectLinear, farFrom, gradientDescent } from '../../../reference/convex-hub.js';

const randK = hubAlgorithms.resolve('marina:up="rand-k:fraction=0.25,scaled=1"');

it('the step size of MARINA is 1 / (Lt (1 + sqrt(2 (1 - p) U / (p n)))), or p / (2 mu) (theorem 2.2)', () => {
  const workerL = Float64Array.of(2, 2, 2);
  expect(marinaStepSize({ mu: 0.01, workerL }, { U: 3, p: 1 / 4 })).toBeCloseTo(
    1 / (2 * (1 + Math.sqrt(6))),
    15,
  );
  expect(marinaStepSize({ mu: 2, workerL }, { U: 3, p: 1 / 4 })).toBe(1 / 16);
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`MARINA on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss);

    it('is linear to working precision, no slower than its theorem', () => {
      for (const algorithm of [randK, hubAlgorithms.resolve('marina:up=natural')]) {
        const run = runHub({
          algorithm,
          problem: farFrom(problem),
          rounds: 3000,
          seed: 1,
          every: 5,
          enough: 1e-26,
        });
        expectLinear(run, hub.constants.mu);
      }
    });

    it('sends whole gradients with probability p = 1 / (1 + U) unless told otherwise', () => {
      const wholeRounds = (spec: string, rounds = 1) => {
        let whole = 0;
        const onRound = ({ hubs }: HubRunView) => {
          if ((hubs[0] as MarinaHub).whole) whole += 1;
        };
        const algorithm = hubAlgorithms.resolve(spec);
        const { settings } = runHub({ algorithm, problem: hub, rounds, seed: 1, every: rounds, onRound });
        return { p: settings.p, whole };
      };
      const { p, whole } = wholeRounds('marina:up="rand-k:fraction=0.25,scaled=1"', 4000);
      expect(p).toBe(1 / 4); // U = 3
      expect(Math.abs(whole - 1000)).toBeLessThan(4 * Math.sqrt(4000 * 0.25 * 0.75));
      expect(wholeRounds('marina:up=natural').p).toBeCloseTo(8 / 9, 15); // U = 1/8
      expect(wholeRounds('marina:up=natural,p=0.1').p).toBe(0.1);
    });

    it('with the identity, where p = 1, is gradient descent to 1e-12', () => {
      const wanted = gradientDescent(problem, 0.1, 60);
      const onRound = ({ round, model }: { round: number; model: Float64Array }) =>
        expect(Math.sqrt(squaredDistance(model, wanted[round]))).toBeLessThan(1e-12);
      const algorithm = hubAlgorithms.resolve('marina:up=exact,down=exact,gamma=0.1');
      const { settings } = runHub({ algorithm, problem: hub, rounds: 60, seed: 1, onRound });
      expect(settings.p).toBe(1);
    });

    it('with p near 0 and the identity telescopes to the same', () => {
      const wanted = gradientDescent(problem, 0.1, 60);
      const algorithm = hubAlgorithms.resolve('marina:up=exact,down=exact,gamma=0.1,p=1e-9');
      const { model } = runHub({ algorithm, problem: hub, rounds: 60, seed: 1 });
      expect(Math.sqrt(squaredDistance(model, wanted[60]))).toBeLessThan(1e-12);
    });

    it('without a server gives every peer the bits that the star gives the hub', () => {
      const run = { algorithm: randK, problem: hub, rounds: 60, seed: 4 };
      expect(runHub({ ...run, serverless: true }).model).toEqual(runHub(run).model);
    });
  });
}
