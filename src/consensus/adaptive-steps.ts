/**
 * Adaptive local steps: a peer that is slow takes fewer of the H local steps of a round, so that in lockstep its neighbors
 * need not wait for it, and more of them again when it can. (How their data keep their weight: training/stepping.ts.)
 *
 * Nobody's clock but one's own is asked. On an edge, neighbor j makes its difference of exchange k after a round of training
 * that it began with our difference of exchange k - 1. From when we made ours to when its next one comes is therefore
 *
 *     r_j >= what j trained + both ways of the link
 *
 * with equality where j waited for nobody but us: a straggler sees exactly how quick the others are, and whoever waits for a
 * straggler sees larger numbers, which ask nothing of it. (Luo, Lin, Zhuo and Qian 2019, "Hop: heterogeneity-aware
 * decentralized training", let a slow worker skip whole iterations for the same end; here it does a part of each, so
 * that exchanges stay those of lockstep.)
 * With h steps that took d, as many as fit into the median of the neighbors' r are
 *
 *     fit = GRACE h median_j(r_j) / d,    at most H
 *
 * and h follows the median of the last MEMORY fits, so that one slow round, or a suspended laptop, changes nothing. It is
 * moved to floor(fit) only where that is below FALL h or a step and RISE h above it: noise does not move it.
 *
 * The median, and not the earliest, since a neighbor that is quick, or lies, has then no say alone (but on graphs where
 * peers have two neighbors or one). The times are noted in round-times.ts, as plain data of a peer's state.
 */

/** In steps a round. */
export interface SteppingOptions {
  /** H: what a peer takes that is not late. */
  readonly localSteps: number;
  /** What every peer takes, however slow. */
  readonly least: number;
}

/** Rounds that are looked at: three of five bear two that were slow by chance, and a straggler is seen in three. */
export const MEMORY = 5;
/** A peer may be late by a tenth of a round: less than a step of ten, and than what equal machines differ by. */
export const GRACE = 1.1;
/** Steps are taken away when less than this share of them fits, */
export const FALL = 0.75;
/** and given back when this many times as many fit. */
export const RISE = 1.25;

/** What a peer knows of when it and one neighbor spoke last. */
interface NeighborTimes {
  readonly neighbor: number;
  /** The latest exchange that we made a difference for; when, and when that of the one before. */
  sequence: number;
  saidMs: number;
  saidBeforeMs: number | null;
  /** The latest exchange that the neighbor's difference has come for. */
  heard: number;
  /** r_j; null before it was seen. */
  answerMs: number | null;
}

export interface SteppingState {
  /** h: of the round under way, or of the next. */
  steps: number;
  trainingSinceMs: number;
  /** d; null before round 1. */
  tookMs: number | null;
  /** The latest fits, oldest first. */
  recent: number[];
  /** In the order in which they were met. */
  neighbors: NeighborTimes[];
}

/** A peer that has seen nothing takes all steps. */
export function createStepping({ localSteps }: SteppingOptions): SteppingState {
  return { steps: localSteps, trainingSinceMs: 0, tookMs: null, recent: [], neighbors: [] };
}

/** The middle one, or the mean of the two in the middle. `values` are not empty. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
}

/** How many steps would have fitted into the time that the neighbors took, `answersMs`; at most H. */
export function fitOf(
  { steps, tookMs }: { readonly steps: number; readonly tookMs: number },
  answersMs: readonly number[],
  localSteps: number,
): number {
  if (tookMs <= 0) return localSteps; // training took no time that a clock can tell
  return Math.min(localSteps, (GRACE * steps * medianOf(answersMs)) / tookMs);
}

/** h of the next round. */
export function chooseSteps(
  { steps, recent }: Pick<SteppingState, 'steps' | 'recent'>,
  { localSteps, least }: SteppingOptions,
): number {
  if (recent.length <= MEMORY / 2) return steps;
  const fit = medianOf(recent);
  const rises = fit >= Math.min(localSteps, Math.max(steps + 1, RISE * steps));
  if (!rises && fit >= FALL * steps) return steps;
  return Math.max(least, Math.floor(fit));
}
