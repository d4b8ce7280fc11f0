/** One planned run of a swarm whose members change, with its deadlines. */
import { createRandom, uniform } from '../../src/base/random.js';
import { algorithms } from '../../src/consensus/registry.js';
import { TICKS_PER_SILENCE } from '../../src/consensus/step.js';
import type { Violation } from '../../src/simulation/checkers.js';
import type { LinkOptions } from '../../src/simulation/link-model.js';
import { type LivenessBounds, LivenessChecker, type Wait } from '../../src/simulation/liveness.js';
import { type ChaosExtras, type ChaosOutcome, chaosPeerOptions, livingOf, runChaos } from './chaos.js';
import { type ChurnPlan, healedAt } from './churn-plan.js';

export interface ChurnOutcome extends ChaosOutcome {
  readonly plan: ChurnPlan;
  readonly violations: readonly Violation[];
  /** The longest waits after healing, in milliseconds. */
  readonly longest: Readonly<Record<Wait, number>>;
  readonly reactivated: number;
}

/** On top of what all links have. Frames come after they have been sent again twice or three times. */
const SLOW_LINK_MS = 200;
/** Far more than is sent there, repetitions included: a queue that grows for ever would be no slow link but a broken one. */
const SLOW_LINK_MBPS = 0.5;

/**
 * The deadlines after healing. A neighbor that has finished or died unheard is left out at the first tick after a silence,
 * and in one exchange of a round two may have to be, one after the other: `giveUpMs` each.
 */
export function boundsOf({ algorithm, topology, trainingMs, nodes }: ChurnPlan): LivenessBounds {
  const { exchanges = 1, partners } = algorithms.resolve(algorithm);
  const { silenceMs } = chaosPeerOptions;
  const giveUpMs = silenceMs + silenceMs / TICKS_PER_SILENCE;
  const roundMs = 2 * trainingMs + exchanges * 2 * giveUpMs;
  const everyEdge = partners === undefined && !topology.startsWith('one-peer');
  return {
    roundMs,
    closeMs: nodes * giveUpMs, // no graph has more levels than peers
    edgeMs: everyEdge ? 2 * roundMs : null,
    joinMs: 2 * giveUpMs,
  };
}

function linkBetween({ link, slowLinks }: ChurnPlan): (from: number, to: number) => LinkOptions {
  const slow = {
    ...link,
    latencyMs: link.latencyMs + SLOW_LINK_MS,
    bandwidthMbps: SLOW_LINK_MBPS,
  };
  const isSlow = (a: number, b: number): boolean =>
    slowLinks.some(([low, high]) => low === Math.min(a, b) && high === Math.max(a, b));
  return (from, to) => (isSlow(from, to) ? slow : link);
}

export async function runChurn(plan: ChurnPlan, extras: ChaosExtras = {}): Promise<ChurnOutcome> {
  const { seed, trainingMs, rounds } = plan;
  const bounds = boundsOf(plan);
  const healedMs = healedAt(plan);
  const liveness = new LivenessChecker({ healedMs, living: livingOf(plan) }, bounds);
  const outcome = await runChaos(plan, {
    trainingMs: (node, round) => trainingMs * (0.5 + uniform(createRandom(seed, 'training', node, round))),
    network: { linkBetween: linkBetween(plan) },
    horizonMs: healedMs + rounds * bounds.roundMs + bounds.closeMs,
    ...extras,
    watch(seen) {
      liveness.observe(seen);
      extras.watch?.(seen);
    },
  });
  const violations = [...outcome.violations, ...liveness.conclude(outcome.endMs)];
  const { longest, reactivated } = liveness;
  return { ...outcome, plan, violations, longest, reactivated };
}

export function isSound({ violations, differences }: ChurnOutcome): boolean {
  return violations.length + differences.length === 0;
}

/** What is wrong with a run, in lines; the last is the command that repeats it. */
export function problemsOf(outcome: ChurnOutcome): string[] {
  if (isSound(outcome)) return [];
  const { plan, violations, differences } = outcome;
  const { seed, pace } = plan;
  const found = [
    ...violations.map(({ invariant, message }) => `seed ${seed}: ${invariant}: ${message}`),
    ...differences.map((alarm) => `seed ${seed}: false alarm of ${alarm}`),
  ];
  const replay = `replay: npm run test:chaos -- --seed ${seed} --pace ${pace}`;
  return [...found.slice(0, 3), JSON.stringify(plan), replay];
}
