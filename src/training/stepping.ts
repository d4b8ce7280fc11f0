/**
 * How many of the H local steps of a round a peer takes: `fixed`, all of them, or `adaptive`, as many as let its neighbors go
 * on (consensus/adaptive-steps.ts decides, the local trainer takes them).
 *
 * Peers that take fewer steps of the same size count for less. Wang, Liu, Liang, Joshi and Poor 2020, "Tackling the objective
 * inconsistency problem in heterogeneous federated optimization" (FedNova), write the change of a client as -eta G_i a_i, G_i
 * its gradients and a_i their factors, and show (theorem 1, with the weights of (6)) that the whole descends on
 *
 *     sum_i w_i F_i,    w_i = p_i ||a_i||_1 / sum_j p_j ||a_j||_1
 *
 * Their remedy divides each change by ||a_i||_1 (section 5). Ours meets the same condition, ||a_i||_1 equal for all, by
 * longer steps, which makes w_i = p_i in (6) as it stands:
 *
 *     eta_k' = s eta_k,    s = min(stretch, sum over H steps of eta_k / sum over h steps of eta_k)
 *
 * In a round of one step the two are the same, and to first order in eta always. Momentum and Adam, whose memories outlast
 * a round here, weight decay, and the statistics of batch-norm, which must not be scaled, need nothing said of them.
 *
 * `stretch` bounds s, since a rate that suits H steps need not suit one of H times the size: curvature and the noise of one
 * batch are against it. docs/consensus.md measures it: 1 is better at a constant rate, no bound where the rate decays. With
 * 1 steps are as they are, and a straggler's data count for less: the partial work of FedProx (Li et al. 2020).
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
      stretch: numberField('most that a step grows by where there are fewer; 1: not at all', 1, 1, 100_000),
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
