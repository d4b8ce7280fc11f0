/** A convex problem as the hub's driver wants it, and full-gradient descent to compare with. */
import { expect } from 'vitest';
import { createRandom, gaussian } from '../../src/base/random.js';
import { type HubProblem, type HubRun, measuredRate } from '../../src/consensus/hub/run-hub.js';
import { addScaledInto } from '../../src/linalg/real-vectors.js';
import {
  type ConvexOptions,
  type ConvexProblem,
  createConvexProblem,
  distributedObjective,
  meanObjective,
} from '../../src/training/convex-model.js';

/** Small enough for thousands of rounds a second. */
export const smallConvex = (loss: ConvexOptions['loss']): ConvexOptions => ({
  loss,
  groups: 4,
  categories: 4,
  samples: 24,
  condition: 10,
  skew: 0.2,
});

export function convexHub(loss: ConvexOptions['loss'], workers = 5, options: Partial<ConvexOptions> = {}) {
  const problem = createConvexProblem({ ...smallConvex(loss), ...options }, workers, 1);
  return { problem, hub: distributedObjective(problem) satisfies HubProblem };
}

/** The same from a start off the optimum in every direction, so that the slowest one is met. */
export function farFrom(problem: ConvexProblem): HubProblem {
  const random = createRandom(1, 'far start');
  return distributedObjective(
    problem,
    problem.optimum.map((value) => value + gaussian(random)),
  );
}

/**
 * Holds a run to its theorem from both sides: ||x - x*||^2 falls to working precision by `rate` a round or more, and by
 * no more than (1 - gamma mu)^2, which is the factor of gradient descent along the smallest eigenvalue: E x follows
 * it, so a run that is faster has taken longer steps than it says. A tenth is left to chance.
 */
export function expectLinear(run: HubRun, mu: number): void {
  const measured = measuredRate(run.records);
  expect(run.records.at(-1)!.squaredDistance).toBeLessThan(1e-24);
  expect(measured).toBeLessThan(run.rate!);
  expect(measured).toBeGreaterThan(1 - 1.1 * (1 - (1 - run.settings.gamma * mu) ** 2));
}

/** x^0, ..., x^rounds of gradient descent on f. */
export function gradientDescent(problem: ConvexProblem, gamma: number, rounds: number): Float64Array[] {
  const f = meanObjective(problem);
  const x = new Float64Array(problem.optimum.length);
  const gradient = new Float64Array(x.length);
  const path = [x.slice()];
  for (let t = 0; t < rounds; t++) {
    f.gradientInto(gradient, x);
    addScaledInto(x, gradient, -gamma);
    path.push(x.slice());
  }
  return path;
}
