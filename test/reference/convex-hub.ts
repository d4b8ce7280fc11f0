/** A convex problem as the hub's driver wants it, and full-gradient descent to compare with. */
import type { HubProblem } from '../../src/consensus/hub/run-hub.js';
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
