/**
 * The guard: no run drifts apart in silence. Each peer watches, with numbers that it has anyway, how far the replicas
 * on its edges are apart and how much of its own parameters is still unsent:
 *
 *     s = sqrt(mean over edges of ||S_j - S_i||^2) + 2 ||x_i - S_i||
 *
 * Gossip that is stable never takes s much above where it was, plus what training has moved since:
 *
 *     s <= MARGIN s_least + TRAINING sum of ||u||,    u = x_start - x_trained
 *
 * where s_least is the smallest peak of s in any WINDOW rounds (primal-dual methods swing on their way down; before the
 * first window is over, s of the first round), and the sum runs since that window began.
 *
 * Beyond that for PATIENCE rounds, the peer halves its factor, which scales the gamma that it announces; an edge uses
 * the smaller of its two ends' gammas, so backing off needs no agreement, and the mean is kept as always. Where an
 * algorithm has no gamma it does what it can (DCD and ECD send uncompressed from then on). After COOLDOWN rounds it
 * looks again: while s is above its bound, and higher than when it looked last, it backs off further. It never steps forward: a swarm that needed a smaller gamma
 * once will need it again. Every step back is a notice in the metrics.
 *
 * The rule is ours. Its constants are loose on purpose: a false alarm costs speed, and a divergence grows without end.
 */

import { squaredDistance, sumOfSquares } from '../linalg/pairs.js';

/** s may become this many times its least; healthy runs were seen to stay below 1.5. */
const MARGIN = 2;
/** Neighbors may train faster than this peer, and s counts differences of two and twice what is unsent. */
const TRAINING = 8;
/** Rounds over which a peak is taken: longer than the swings seen of exact diffusion on a ring. */
const WINDOW = 32;
/** Rounds in a row. */
const PATIENCE = 3;
/** Rounds in which a smaller gamma shows what it does. */
const COOLDOWN = 8;
const STEP_BACK = 0.5;
/** Below this share of ||x|| differences are rounding errors of float32, which come and go. */
const ROUNDING = 1e-5;
/** Below this factor nothing moves any more, and halving again would only fill the log. */
const LEAST_FACTOR = 2 ** -16;

export interface GuardState {
  /** MARGIN, or more where an algorithm's messages grow in healthy runs. */
  readonly margin: number;
  /** Scales gamma; 1 until the guard has backed off. */
  factor: number;
  /** Of the round under way: sum over exchanges of ||S_j - S_i||^2, and how many. */
  apart: number;
  exchanges: number;
  /** ||x - S|| as last measured; null before. */
  unsent: number | null;
  /** ||x|| of this round. */
  norm: number;
  /** s_least; null before the first full round. */
  least: number | null;
  /** Sum of ||u|| since the beginning of its window. */
  trained: number;
  /** Of the window under way: rounds, the largest s, and the sum of ||u||. */
  windowRounds: number;
  windowPeak: number;
  windowTrained: number;
  suspicions: number;
  coolUntil: number;
  /** s when the guard looked last while it was above its bound; 0 before. */
  seen: number;
  /** sqrt(mean ||S_j - S_i||^2) over the exchanges of the last round that had any, for whoever watches; null before. */
  distance: number | null;
}

/** @param slack how many times further than MARGIN s may go (Algorithm.guardSlack) */
export function createGuard(slack = 1): GuardState {
  return {
    margin: MARGIN * slack,
    factor: 1,
    apart: 0,
    exchanges: 0,
    unsent: null,
    norm: 0,
    least: null,
    trained: 0,
    windowRounds: 0,
    windowPeak: 0,
    windowTrained: 0,
    suspicions: 0,
    coolUntil: 0,
    seen: 0,
    distance: null,
  };
}

/** After training: what it moved is not gossip's doing. */
export function observeTraining(guard: GuardState, start: Float32Array, trained: Float32Array): void {
  const moved = Math.sqrt(squaredDistance(start, trained));
  guard.trained += moved;
  guard.windowTrained += moved;
  guard.norm = Math.sqrt(sumOfSquares(trained));
}

/** After one exchange: `energy` = ||gamma w (S_j - S_i)||^2 of its correction. */
export function observeExchange(
  guard: GuardState,
  energy: number,
  step: { readonly weight: number; readonly gamma: number },
): void {
  const scale = step.weight * step.gamma;
  if (scale <= 0) return;
  guard.apart += energy / (scale * scale);
  guard.exchanges += 1;
}

/** @param residual ||x - S||^2 */
export function observeResidual(guard: GuardState, residual: number): void {
  guard.unsent = Math.sqrt(residual);
}

/** Notes s of one round, and closes the window if it is full; s_least. */
function takeIntoWindow(guard: GuardState, now: number): number {
  guard.least ??= now;
  guard.windowPeak = Math.max(guard.windowPeak, now);
  guard.windowRounds += 1;
  if (guard.windowRounds === WINDOW) {
    if (guard.windowPeak <= guard.least) {
      guard.least = guard.windowPeak;
      guard.trained = guard.windowTrained;
    }
    guard.windowRounds = 0;
    guard.windowPeak = 0;
    guard.windowTrained = 0;
  }
  return guard.least;
}

/** An edge has started anew: its replicas are far from the parameters for a while, which is nobody's fault. */
export function pauseGuard(guard: GuardState, round: number): void {
  guard.coolUntil = Math.max(guard.coolUntil, round + WINDOW);
}

/** At the end of a round: a sentence when the guard has backed off, else null. */
export function settleRound(guard: GuardState, round: number): string | null {
  if (guard.exchanges === 0 && guard.unsent === null) return null;
  const apart = guard.exchanges === 0 ? 0 : Math.sqrt(guard.apart / guard.exchanges);
  if (guard.exchanges > 0) guard.distance = apart;
  guard.apart = 0;
  guard.exchanges = 0;
  const now = Math.max(apart + 2 * (guard.unsent ?? 0), ROUNDING * guard.norm);
  const least = takeIntoWindow(guard, now);
  const allowed = guard.margin * least + TRAINING * guard.trained;
  guard.suspicions = now > allowed ? guard.suspicions + 1 : 0;
  if (guard.suspicions < PATIENCE || round < guard.coolUntil || guard.factor <= LEAST_FACTOR) return null;
  const worse = now > guard.seen;
  guard.seen = now;
  guard.coolUntil = round + COOLDOWN;
  if (!worse) return null;
  guard.factor *= STEP_BACK;
  return (
    `gossip drives this peer and its neighbors apart: distance ${now.toPrecision(3)}, at most ${allowed.toPrecision(3)} ` +
    `is explained by training; the consensus step is scaled by ${guard.factor} from now on. Choose a smaller gamma or ` +
    'a compressor that keeps more.'
  );
}
