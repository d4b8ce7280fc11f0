/** Time as an argument: the drivers receive a Clock, the core receives only numbers. */

export interface Clock {
  /** Milliseconds on a monotonic clock; only differences mean anything. */
  nowMs(): number;
  /** Calls `action` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
