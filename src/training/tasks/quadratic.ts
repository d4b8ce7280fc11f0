/** The oracle task: quadratics with a known optimum (quadratic-model.ts). No data, no tfjs, the same bits anywhere. */
import { integerField, numberField, type RegistryEntry } from '../../base/registry.js';
import {
  createQuadraticModel,
  createQuadraticProblem,
  type QuadraticOptions,
  type QuadraticProblem,
} from '../quadratic-model.js';
import type { Task } from './task.js';

export const quadratic: RegistryEntry<QuadraticOptions, Task> = {
  name: 'quadratic',
  summary: 'quadratics with a known optimum: deterministic to the bit, for tests and studies of gossip',
  fields: {
    dimension: integerField('number of parameters', 64, 2, 1_000_000),
    condition: numberField('condition number of every Hessian; its largest eigenvalue is 1', 10, 1, 1e6),
    heterogeneity: numberField('root mean square over peers of the gradient norm at the optimum', 1, 0, 1e6),
  },
  make(options, spec) {
    // The same for all peers of a run: made once, where a thousand of them took a second and 80 MB.
    let latest: QuadraticProblem | null = null;
    const problemOf = (peers: number, seed: number): QuadraticProblem => {
      if (latest?.peers !== peers || latest.seed !== seed)
        latest = createQuadraticProblem(options, peers, seed);
      return latest;
    };
    return {
      name: 'quadratic',
      spec,
      // 0.1 is a tenth of what the largest eigenvalue 1 allows, so that momentum 0.9 stays stable.
      defaults: { learningRate: 0.1, batch: 1, localSteps: 5, rounds: 100 },
      async createModel({ peer, peers, seed }) {
        return createQuadraticModel(problemOf(peers, seed), peer);
      },
    };
  },
};
