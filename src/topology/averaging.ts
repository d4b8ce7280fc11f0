/**
 * How near to the mean rounds of gossip lead, for topologies whose rounds differ (Schedule) as for the others.
 *
 *   contraction   || W_p ... W_1 - J ||_2, J = 1 1^T / n: what p rounds leave of the disagreement at most; its p-th root
 *                 is the factor of a round, 1 - gap where all rounds are the same
 *   exactness     the first round after which the product is J: Base-(k+1) graphs and one-peer exponential graphs of
 *                 2^k nodes get there, graphs that mix by one W only in the limit (the complete graph aside)
 *   rounds        to shrink disagreement to a target: ln(target) / ln(factor); with Chebyshev's acceleration, which needs
 *                 the same W each round, the least k with 1 / T_k(1 / factor) <= target (Golub and Varga 1961)
 */
import { createRandom } from '../base/random.js';
import { extremeEigenvalues } from '../linalg/lanczos.js';
import { mixingOperator } from './mixing-operator.js';
import type { MixingMatrix, Schedule, Topology } from './topology.js';

export interface Averaging {
  /** Rounds looked at: the period, 1 where all rounds are the same, RANDOM_ROUNDS where they never repeat. */
  readonly rounds: number;
  /** What these rounds leave of the disagreement at most, in [0, 1]; null where it could not be computed in time. */
  readonly contraction: number | null;
  /** Geometric mean of a round. */
  readonly contractionPerRound: number | null;
  /** Least number of rounds whose product is J to EXACT, from round 1; null if it is none of them, or not known. */
  readonly exactAfter: number | null;
}

/** Rounds of a random schedule that stand for all: enough for their mean rate, too few for rounding to show. */
export const RANDOM_ROUNDS = 32;

/** Largest entry of W_t ... W_1 - J that counts as none: some hundred roundings. */
const EXACT = 1e-12;

/** Most multiplications of the exactness test, which multiplies n vectors by all rounds: a second or two. */
const MAX_EXACTNESS_PRODUCTS = 1e9;

/** Most products with W_1^T ... W_p^T W_p ... W_1 for the contraction, and multiplications for all of them. */
const MAX_STEPS = 4000;
const MAX_CONTRACTION_PRODUCTS = 2e9;

/** A topology without a schedule mixes by the same W each round. */
export function scheduleOf({ schedule, mixing }: Topology): Schedule {
  return schedule ?? { period: 1, mixingAt: () => mixing };
}

/** W_1, W_2, ... of a period, or the first RANDOM_ROUNDS. */
export function periodOf(topology: Topology): readonly MixingMatrix[] {
  const { period, mixingAt } = scheduleOf(topology);
  return Array.from({ length: period ?? RANDOM_ROUNDS }, (_, k) => mixingAt(k + 1));
}

/** @param gap of `mixing` where there is no schedule and it is known */
export function averagingOf(topology: Topology, gap: number | null): Averaging {
  const period = periodOf(topology);
  const contraction =
    topology.schedule === undefined ? (gap === null ? null : 1 - gap) : contractionOf(period);
  return {
    rounds: period.length,
    contraction,
    contractionPerRound: contraction === null ? null : contraction ** (1 / period.length),
    exactAfter: exactAfter(period),
  };
}

/** || W_p ... W_1 - J ||_2; null where Lanczos takes too long. */
export function contractionOf(rounds: readonly MixingMatrix[]): number | null {
  const size = rounds[0]!.graph.nodes;
  if (size === 1) return 0;
  const operators = rounds.map(mixingOperator);
  const there = [...operators, ...operators.toReversed()]; // each W_t is symmetric
  const scratch = [new Float64Array(size), new Float64Array(size)] as const;
  const work = rounds.reduce((sum, { graph }) => sum + 2 * (size + graph.targets.length), 0);
  const found = extremeEigenvalues(
    {
      size,
      multiplyInto: (out, x) => {
        let from = x;
        there.forEach((apply, k) => {
          const to = k === there.length - 1 ? out : scratch[k % 2]!;
          apply(to, from);
          from = to;
        });
      },
      deflated: [new Float64Array(size).fill(1 / Math.sqrt(size))],
    },
    {
      random: () => createRandom('contraction', size),
      // 1e-28 is the square of what rounding leaves of exact averaging.
      tolerance: (value) => 1e-28 + 1e-9 * Math.abs(value),
      maxSteps: Math.min(MAX_STEPS, Math.ceil(MAX_CONTRACTION_PRODUCTS / work)),
    },
  );
  if (!found.converged) return null;
  const norm = Math.sqrt(Math.max(0, found.largest.value));
  return norm < EXACT ? 0 : norm;
}

/** Follows the columns of the product, one after another, through all rounds: memory O(n). */
function exactAfter(rounds: readonly MixingMatrix[]): number | null {
  const { nodes } = rounds[0]!.graph;
  const work = rounds.reduce((sum, { graph }) => sum + nodes + graph.targets.length, 0);
  if (nodes * work > MAX_EXACTNESS_PRODUCTS) return null;
  const operators = rounds.map(mixingOperator);
  const farthest = new Float64Array(rounds.length);
  let [from, to] = [new Float64Array(nodes), new Float64Array(nodes)];
  for (let column = 0; column < nodes; column++) {
    from.fill(0);
    from[column] = 1;
    operators.forEach((apply, t) => {
      apply(to, from);
      for (const entry of to) farthest[t] = Math.max(farthest[t]!, Math.abs(entry - 1 / nodes));
      [from, to] = [to, from];
    });
  }
  const first = farthest.findIndex((distance) => distance <= EXACT);
  return first < 0 ? null : first + 1;
}

/** Rounds until disagreement is `target` times what it was, each leaving `factor` of it; infinite at factor 1. */
export function roundsTo(target: number, factor: number): number {
  if (factor <= 0) return 1;
  return factor >= 1 ? Number.POSITIVE_INFINITY : Math.ceil(Math.log(target) / Math.log(factor) - ROUNDING);
}

/** The same with Chebyshev's acceleration, factor = 1 - gap: T_k(x) = cosh(k acosh x). */
export function chebyshevRoundsTo(target: number, factor: number): number {
  if (factor <= 0) return 1;
  if (factor >= 1) return Number.POSITIVE_INFINITY;
  return Math.ceil(Math.acosh(1 / target) / Math.acosh(1 / factor) - ROUNDING);
}

/** A quotient of logarithms that is a whole number must not become the next one. */
const ROUNDING = 1e-9;
