/**
 * Reports of finished rounds on their way to the launcher, several a message. Every message is a system call here, and
 * there a wake-up that takes a core from whoever trains: one for each of 300 rounds a second cost a tenth of a swarm's
 * processor time. A report that none has preceded within REPORT_MS leaves at once, so slow rounds are told of as they end.
 */
import type { Clock } from '../base/clock.js';

/** Least time between two messages, in milliseconds: a person's table is redrawn half as often. */
export const REPORT_MS = 100;

export interface RoundReports<Report> {
  add(report: Report): void;
  /** Hands over what waits, now: before something that must not overtake it. */
  flush(): void;
}

/** @param send gets at least one report at a time, in the order in which they were added. */
export function createRoundReports<Report>(
  clock: Clock,
  send: (reports: readonly Report[]) => void,
): RoundReports<Report> {
  let waiting: Report[] = [];
  let sentMs = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;

  const flush = (): void => {
    cancel?.();
    cancel = null;
    if (waiting.length === 0) return;
    const reports = waiting;
    waiting = [];
    sentMs = clock.nowMs();
    send(reports);
  };

  return {
    add(report) {
      waiting.push(report);
      const restMs = sentMs + REPORT_MS - clock.nowMs();
      if (restMs <= 0) flush();
      else cancel ??= clock.after(restMs, flush);
    },
    flush,
  };
}
