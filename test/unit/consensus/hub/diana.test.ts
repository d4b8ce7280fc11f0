/** DIANA (Mishchenko et al. 2019; rates of Gorbunov, Hanzely and Richtarik 2020) on ridge and logistic regression. */
import { describe, expect, it } from 'vitest';
import { type DianaHub, type DianaWorker, dianaStepSize } from '../../../../src/consensus/hub/diana.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { runHub } from '../../../../src/consensus/hub/run-hub.js';
import { squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { convexGradientInto } from '../../../../src/training/convex-model.js';
import { convexHub, expectLinear, farFrom, gradientDescent } from '../../../reference/convex-hub.js';

const randK = hubAlgorithms.resolve('diana:up="rand-k:fraction=0.25,scaled=1"');

it('the step size of DIANA is 1 / (L_max (1 + 6 U / n))', () => {
  expect(dianaStepSize({ largestL: 2, U: 4, workers: 8 })).toBe(1 / 8);
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`DIANA on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss);

    it('is linear to working precision, no slower than its theorem', () => {
      for (const algorithm of [
        randK,
        hubAlgorithms.resolve('diana:up=natural'),
        hubAlgorithms.resolve('diana:up="qsgd:levels=2"'),
      ]) {
        const run = runHub({
          algorithm,
          problem: farFrom(problem),
          rounds: 6000,
          seed: 1,
          every: 10,
          enough: 1e-26,
        });
        expectLinear(run, hub.constants.mu);
      }
    });

    it('with the identity is gradient descent to 1e-12', () => {
      const algorithm = hubAlgorithms.resolve('diana:up=exact,down=exact,gamma=0.02');
      const wanted = gradientDescent(problem, 0.02, 60);
      const onRound = ({ round, model }: { round: number; model: Float64Array }) =>
        expect(Math.sqrt(squaredDistance(model, wanted[round]))).toBeLessThan(1e-12);
      runHub({ algorithm, problem: hub, rounds: 60, seed: 1, onRound });
      const { gamma } = runHub({ algorithm, problem: hub, rounds: 0, seed: 1 }).settings;
      expect(gamma).toBe(0.02);
    });

    it('keeps every h_i at the hub to the bit, and h_i learns the gradient at the optimum', () => {
      let states: readonly unknown[] = [];
      runHub({
        algorithm: randK,
        problem: hub,
        rounds: 2500,
        seed: 1,
        onRound({ round, hubs, workers }) {
          states = workers;
          if (round % 100 > 0) return;
          const own = (workers as DianaWorker[]).map(({ memory }) => memory);
          expect((hubs[0] as DianaHub).memories).toEqual(own);
        },
      });
      const wanted = new Float64Array(problem.optimum.length);
      (states as DianaWorker[]).forEach(({ memory }, worker) => {
        convexGradientInto(wanted, problem, { worker, batch: null, x: problem.optimum });
        expect(squaredDistance(wanted)).toBeGreaterThan(1e-6);
        expect(Math.sqrt(squaredDistance(memory, wanted))).toBeLessThan(1e-6);
      });
    });

    it('without a server gives every peer the bits that the star gives the hub', () => {
      const run = { algorithm: randK, problem: hub, rounds: 60, seed: 4 };
      expect(runHub({ ...run, serverless: true }).model).toEqual(runHub(run).model);
    });
  });
}

it('DIANA refuses a biased compressor, and says which it takes', () => {
  const { hub } = convexHub('ridge');
  const algorithm = hubAlgorithms.resolve('diana:up=top-k');
  expect(() => runHub({ algorithm, problem: hub, rounds: 1, seed: 1 })).toThrow(
    /unbiased one of known variance: rand-k/,
  );
});
