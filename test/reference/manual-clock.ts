/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/base/clock.js';

export class ManualClock implements Clock {
  private timeMs = 0;
  private readonly timers = new Set<{ dueMs: number; action: () => void }>();
  private readonly waiting: (() => void)[] = [];

  nowMs(): number {
    return this.timeMs;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { dueMs: this.timeMs + delayMs, action };
    this.timers.add(timer);
    for (const resolve of this.waiting.splice(0)) resolve();
    return () => this.timers.delete(timer);
  }

  /** Resolves when a timer is running: at once, or when the next is set. */
  async armed(): Promise<void> {
    if (this.timers.size === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  get pending(): number {
    return this.timers.size;
  }

  /** Moves on by `ms`, running what falls due in order of its time; each action sees the time it was due at. */
  advance(ms: number): void {
    const endMs = this.timeMs + ms;
    for (;;) {
      const next = [...this.timers]
        .filter(({ dueMs }) => dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.timers.delete(next);
      this.timeMs = Math.max(this.timeMs, next.dueMs);
      next.action();
    }
    this.timeMs = endMs;
  }

  /** Moves on by `ms` as a blocked event loop does: what was due meanwhile runs late, all at the end. */
  block(ms: number): void {
    this.timeMs += ms;
    this.advance(0);
  }
}
