/**
 * Adaptive local steps: a peer that is slow takes fewer of the H local steps of a round, so that in lockstep its neighbors
 * need not wait for it, and more of them again when it can. (How their update keeps its weight: training/local-trainer.ts.)
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
 * peers have two neighbors or one). Everything here is plain data of a peer's state, a function of its inputs and their times.
 */
import type { Delta } from '../wire/frame.js';
import { opensRound } from './exchange.js';
import type { EdgeState, PeerState } from './peer-state.js';

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

// --- where a peer's round calls ----------------------------------------------------------------------------------

/** Training begins: how many steps it is to take; undefined where they do not adapt. */
export function beginSteps(
  { stepping, options, edges }: PeerState,
  nowMs: number,
): { readonly steps?: number } {
  if (stepping === null || options.stepping === undefined) return {};
  const { localSteps } = options.stepping;
  const active = edges.filter(({ status }) => status === 'active').map(({ neighbor }) => neighbor);
  const answersMs = stepping.neighbors
    .filter(({ neighbor }) => active.includes(neighbor))
    .flatMap(({ answerMs }) => answerMs ?? []);
  const { steps, tookMs } = stepping;
  if (tookMs !== null && answersMs.length > 0) {
    const fit = fitOf({ steps, tookMs }, answersMs, localSteps);
    stepping.recent = [...stepping.recent, fit].slice(-MEMORY);
    stepping.steps = chooseSteps(stepping, options.stepping);
  }
  stepping.tookMs = null;
  stepping.trainingSinceMs = nowMs;
  return { steps: stepping.steps };
}

/** Training has ended. */
export function noteTrained({ stepping }: PeerState, nowMs: number): void {
  if (stepping !== null) stepping.tookMs = nowMs - stepping.trainingSinceMs;
}

/** This peer has made its difference of exchange `sequence`. */
export function noteSaid({ stepping }: PeerState, { neighbor, own }: EdgeState, nowMs: number): void {
  if (stepping === null || own === null) return;
  const { sequence } = own;
  const known = stepping.neighbors.find((times) => times.neighbor === neighbor);
  if (known?.sequence === sequence - 1) {
    Object.assign(known, { sequence, saidMs: nowMs, saidBeforeMs: known.saidMs });
    return;
  }
  // The first one, or the first of another life of the edge.
  const fresh = { neighbor, sequence, saidMs: nowMs, saidBeforeMs: null, heard: 0, answerMs: null };
  stepping.neighbors = [...stepping.neighbors.filter((times) => times !== known), fresh];
}

/** A difference has come; only a neighbor's first of a round says how long the neighbor trained. */
export function noteHeard(
  { stepping, algorithm }: PeerState,
  { neighbor }: EdgeState,
  { delta, nowMs }: { readonly delta: Delta; readonly nowMs: number },
): void {
  const times = stepping?.neighbors.find((each) => each.neighbor === neighbor);
  const { sequence } = delta;
  if (times === undefined || sequence <= times.heard || sequence > times.sequence + 1) return;
  times.heard = sequence;
  const since = sequence > times.sequence ? times.saidMs : times.saidBeforeMs;
  if (since !== null && opensRound(delta, algorithm)) times.answerMs = nowMs - since;
}

/** A peer that goes on from a checkpoint has a clock that says nothing of before: it keeps h, and looks anew. */
export function forgetTimes({ stepping }: PeerState): void {
  if (stepping !== null) Object.assign(stepping, { trainingSinceMs: 0, tookMs: null, neighbors: [] });
}
