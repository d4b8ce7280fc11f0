/**
 * How many of the H local steps of a round a peer takes: `fixed`, all of them, or `adaptive`, as many as let its neighbors go
 * on (consensus/adaptive-steps.ts decides, the local trainer takes them).
 *
 * Peers that take h_i < H steps of the same size count for less: the swarm then descends on sum_i h_i f_i in place of
 * sum_i f_i (Wang, Liu, Liang, Joshi and Poor 2020, "Tackling the objective inconsistency problem in heterogeneous federated
 * optimization", NeurIPS, theorem 1: surrogate weights w_i ~ p_i ||a_i||_1, a_i the factors of the gradients that peer i sums
 * up, here eta_k). Their cure, FedNova, divides each update by ||a_i||_1 and multiplies by what all share. Ours is the same
 * condition, all ||a_i||_1 equal, reached by the steps themselves:
 *
 *     eta_k' = s eta_k,    s = min(stretch, sum over H steps of eta_k / sum over h steps of eta_k)
 *
 * With one step, and to first order in eta always, that is FedNova; momentum, Adam, weight decay and statistics of
 * batch-norm need nothing said of them, as scaling the update would. `stretch` bounds the step: a rate times H may be past
 * what the loss's curvature bears. 1 leaves steps as they are, the partial work of FedProx (Li et al. 2020).
 */
import { createRegistry, integerField, numberField } from '../base/registry.js';

export interface AdaptiveStepping {
  /** Steps that a peer takes, however slow. */
  readonly least: number;
  /** s at most, >= 1. */
  readonly stretch: number;
}

export interface Stepping {
  /** Canonical spec. */
  readonly spec: string;
  /** null: all peers take all steps. */
  readonly adaptive: AdaptiveStepping | null;
}

export const steppings = createRegistry<Stepping>('stepping', [
  {
    name: 'fixed',
    summary: 'all of them',
    fields: {},
    make: (_options: object, spec) => ({ spec, adaptive: null }),
  },
  {
    name: 'adaptive',
    summary: 'fewer where neighbors would wait, of a larger size so that its data keep their weight',
    fields: {
      least: integerField('steps that a peer takes, however slow', 1, 1, 100_000),
      stretch: numberField('most that a step grows by where there are fewer; 1: not at all', 100, 1, 100_000),
    },
    make: ({ least, stretch }: AdaptiveStepping, spec) => ({ spec, adaptive: { least, stretch } }),
  },
]);

/** s of a round in which `steps` of H steps are taken; `rateOf(k)` is eta of step k from 0. */
export function stretchOf(
  rateOf: (step: number) => number,
  { steps, localSteps, most }: { readonly steps: number; readonly localSteps: number; readonly most: number },
): number {
  let [taken, all] = [0, 0];
  for (let k = 0; k < localSteps; k++) {
    all += rateOf(k);
    if (k === steps - 1) taken = all;
  }
  return Math.min(most, all / taken);
}
