/**
 * Waiting before another try: exponential, bounded, with seeded jitter, so that peers that lost the same
 * neighbor do not come back in step (Brooker 2015, "Exponential Backoff and Jitter": the equal-jitter rule).
 */
import type { Clock } from '../base/clock.js';
import { type Random, uniform } from '../base/random.js';

/** A restarted process listens again within this. */
export const FIRST_RETRY_MS = 100;
/** A peer that is back is found within this. */
export const MAX_RETRY_MS = 5000;

export interface Backoff {
  /** The next delay: half of 100, 200, 400 ... 5000 ms, and up to as much again at random. */
  nextMs(): number;
  /** Begins anew, after a success. */
  reset(): void;
}

export function createBackoff(random: Random): Backoff {
  let ceilingMs = FIRST_RETRY_MS;
  return {
    nextMs() {
      const delayMs = (ceilingMs / 2) * (1 + uniform(random));
      ceilingMs = Math.min(MAX_RETRY_MS, ceilingMs * 2);
      return delayMs;
    },
    reset() {
      ceilingMs = FIRST_RETRY_MS;
    },
  };
}

/** Resolves after `delayMs`, or at once when `signal` is aborted; leaves no timer behind. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish);
  });
}
