/** EF-SGD (Seide et al. 2014; Stich et al. 2018): the virtual sequence, and the floor that EF21 does not have. */
import { describe, expect, it } from 'vitest';
import {
  type ErrorFeedbackWorker,
  errorFeedbackStepSize,
  virtualIterate,
} from '../../../../src/consensus/hub/error-feedback-sgd.js';
import type { SentModel } from '../../../../src/consensus/hub/model-broadcast.js';
import { hubAlgorithms } from '../../../../src/consensus/hub/registry.js';
import { runHub } from '../../../../src/consensus/hub/run-hub.js';
import { addScaledInto, squaredDistance } from '../../../../src/linalg/real-vectors.js';
import { meanObjective } from '../../../../src/training/convex-model.js';
import { convexHub, gradientDescent } from '../../../reference/convex-hub.js';

const ef = (gamma: number, rest = '') =>
  hubAlgorithms.resolve(`ef:up="top-k:fraction=0.25",gamma=${gamma}${rest}`);

it('the step size of EF-SGD is omega / (28 L_max)', () => {
  expect(errorFeedbackStepSize({ largestL: 2, omega: 0.28 })).toBeCloseTo(0.005, 15);
});

for (const loss of ['ridge', 'logistic'] as const) {
  describe(`EF-SGD on ${loss} regression`, () => {
    const { problem, hub } = convexHub(loss);

    it('moves x - mean e_i by exact steps with gradients at x (perturbed iterates)', () => {
      const virtual = hub.start.slice();
      const gradient = new Float64Array(virtual.length);
      const f = meanObjective(problem);
      runHub({
        algorithm: ef(0.02, ',down=exact'),
        problem: hub,
        rounds: 80,
        seed: 1,
        onRound({ hubs, workers }) {
          f.gradientInto(gradient, (workers[0] as ErrorFeedbackWorker).x);
          addScaledInto(virtual, gradient, -0.02);
          const now = virtualIterate(hubs[0] as SentModel, workers as ErrorFeedbackWorker[]);
          expect(Math.sqrt(squaredDistance(now, virtual))).toBeLessThan(1e-12);
        },
      });
    });

    it('ends at a floor that falls with the square of gamma', () => {
      const floor = (gamma: number) => {
        const { records } = runHub({
          algorithm: ef(gamma),
          problem: hub,
          rounds: Math.round(80 / (gamma * hub.constants.L)),
          every: 10,
          seed: 1,
        });
        const tail = records.slice(-20);
        return tail.reduce((sum, { squaredDistance: d }) => sum + d, 0) / tail.length;
      };
      const gamma = 0.1 / hub.constants.L;
      const [one, half] = [floor(gamma), floor(gamma / 2)];
      const ratio = one / half;
      expect(ratio).toBeGreaterThan(2.5);
      expect(ratio).toBeLessThan(6);
      expect(half).toBeGreaterThan(1e-10);
    });

    it('with the identity is gradient descent to 1e-12', () => {
      const wanted = gradientDescent(problem, 0.02, 60);
      const onRound = ({ round, model }: { round: number; model: Float64Array }) =>
        expect(Math.sqrt(squaredDistance(model, wanted[round]))).toBeLessThan(1e-12);
      const algorithm = hubAlgorithms.resolve('ef:up=exact,down=exact,gamma=0.02');
      runHub({ algorithm, problem: hub, rounds: 60, seed: 1, onRound });
    });
  });
}
