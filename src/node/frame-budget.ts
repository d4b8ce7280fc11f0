/**
 * What a neighbor may send: as much as the exchanges of a run can need, and no more. A link is a closed loop - a neighbor that
 * has sent its delta waits for ours - so a budget is refilled by what *we* send, not by time alone: each of our deltas
 * buys the neighbor a few frames and twice its longest one (a repetition may be under way). Heartbeats and
 * retransmissions of a slow round come from a small refill by the clock. Whoever overdraws is cut off, RATE_LIMITED.
 *
 * A wrapper around a transport, so that neither driver nor transport knows of it.
 */
import type { Clock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import type { FrameLimits } from '../wire/frame.js';
import { frameKinds } from '../wire/frame.js';
import type { Transport, TransportHandlers } from './transport.js';

/** At once, and the most that can be saved up: both ends' starts, a sync storm after a partition, a short backlog. */
export const BURST_FRAMES = 256;
/** In the longest frames: a model, a replica, and what is repeated of either. */
export const BURST_LONGEST_FRAMES = 8;
/** Frames that one delta of ours buys: the answer, its repetition, and control frames. */
export const FRAMES_PER_DELTA = 16;
/** By the clock: heartbeats come four times in a silence, which is 50 ms at least. */
export const FRAMES_PER_SECOND = 100;
/** By the clock: a delta is sent again at most so often when nothing is heard, and a model asked for. */
export const LONGEST_FRAMES_PER_MINUTE = 12;

interface Budget {
  frames: number;
  bytes: number;
  atMs: number;
}

/** As `transport`, closing links whose other end sends more than the run can need. */
export function withFrameBudget(transport: Transport, limits: FrameLimits, clock: Clock): Transport {
  const mostBytes = BURST_LONGEST_FRAMES * limits.maxFrameBytes;
  const budgets = new Map<number, Budget>();

  const budgetOf = (neighbor: number): Budget => {
    const nowMs = clock.nowMs();
    const budget = budgets.get(neighbor) ?? { frames: BURST_FRAMES, bytes: mostBytes, atMs: nowMs };
    budgets.set(neighbor, budget);
    const seconds = (nowMs - budget.atMs) / 1000;
    budget.atMs = nowMs;
    earn(
      budget,
      FRAMES_PER_SECOND * seconds,
      (LONGEST_FRAMES_PER_MINUTE * limits.maxFrameBytes * seconds) / 60,
    );
    return budget;
  };
  const earn = (budget: Budget, frames: number, bytes: number): void => {
    budget.frames = Math.min(BURST_FRAMES, budget.frames + frames);
    budget.bytes = Math.min(mostBytes, budget.bytes + bytes);
  };
  const spend = (neighbor: number, bytes: number): void => {
    const budget = budgetOf(neighbor);
    budget.frames -= 1;
    budget.bytes -= bytes;
    if (budget.frames >= 0 && budget.bytes >= 0) return;
    const what = budget.frames < 0 ? `${BURST_FRAMES} frames` : `${mostBytes} bytes`;
    throw new GrapevineError(
      'RATE_LIMITED',
      `peer ${neighbor} has sent more than ${what} beyond what our own deltas call for; no run needs that.`,
      { neighbor },
    );
  };

  return {
    start: (handlers: TransportHandlers) =>
      transport.start({
        onNeighborUp: (neighbor) => handlers.onNeighborUp(neighbor),
        onNeighborDown: (neighbor, reason) => handlers.onNeighborDown(neighbor, reason),
        onFrame(neighbor, frame) {
          spend(neighbor, frame.length);
          return handlers.onFrame(neighbor, frame);
        },
        ...(handlers.onMember && { onMember: (member) => handlers.onMember?.(member) }),
      }),
    setNeighbors: (neighbors) => transport.setNeighbors(neighbors),
    unlink: (neighbor) => transport.unlink(neighbor),
    send(neighbor, frame) {
      if (frame[5] === frameKinds.delta) earn(budgetOf(neighbor), FRAMES_PER_DELTA, 2 * limits.maxFrameBytes);
      return transport.send(neighbor, frame);
    },
    counters: () => transport.counters(),
    stop: () => transport.stop(),
  };
}
