/** What many seeded runs held, for whoever wants to know that they were no calm ones. */
import type { Pace } from '../../src/consensus/algorithm.js';
import type { Excuse } from '../../src/simulation/exchange-ledger.js';
import type { Wait } from '../../src/simulation/liveness.js';
import type { NodeCounters } from '../../src/simulation/simulator.js';
import { type ChurnOutcome, isSound } from './churn-run.js';

type Frames = Pick<NodeCounters, 'framesLost' | 'framesRepeated' | 'framesOvertaking' | 'framesRefused'>;

export class ChurnTally {
  runs = 0;
  failures = 0;
  /** Runs with each kind of fault. */
  readonly kinds = new Map<string, number>();
  readonly algorithms = new Set<string>();
  readonly notices = new Set<string>();
  readonly frames: Frames = { framesLost: 0, framesRepeated: 0, framesOvertaking: 0, framesRefused: 0 };
  readonly excused: Record<Excuse, number> = { gone: 0, restarted: 0, cut: 0, refused: 0, unheard: 0 };
  readonly longest: Record<Wait, number> = { roundMs: 0, closeMs: 0, edgeMs: 0, joinMs: 0 };
  compared = 0;
  reactivated = 0;
  private readonly startedMs = performance.now();

  add(outcome: ChurnOutcome): void {
    const { plan, compared, reactivated } = outcome;
    this.runs += 1;
    if (!isSound(outcome)) this.failures += 1;
    for (const kind of plan.kinds) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    this.algorithms.add(plan.algorithm);
    for (const notice of outcome.notices) this.notices.add(notice);
    for (const name of Object.keys(this.frames) as (keyof Frames)[])
      this.frames[name] += outcome.counters[name];
    for (const name of Object.keys(this.excused) as Excuse[]) this.excused[name] += outcome.excused[name];
    for (const name of Object.keys(this.longest) as Wait[])
      this.longest[name] = Math.max(this.longest[name], outcome.longest[name]);
    this.compared += compared;
    this.reactivated += reactivated;
  }

  textOf(pace: Pace): string {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const listed = (counts: Iterable<readonly [string, number]>): string =>
      Array.from(counts, ([name, count]) => `${name} ${Math.round(count)}`).join(', ');
    return [
      `${pace}: ${this.runs} seeds, ${this.failures} failed, ${seconds.toFixed(1)} s`,
      `  runs with: ${listed([...this.kinds].sort(([, a], [, b]) => b - a))}`,
      `  algorithms: ${this.algorithms.size}; ${listed(Object.entries(this.frames))}`,
      `  exchanges compared at both ends: ${this.compared}; edges active again after healing: ${this.reactivated}`,
      `  applied at one end only: ${listed(Object.entries(this.excused))}`,
      `  longest waits after healing, ms: ${listed(Object.entries(this.longest))}`,
    ].join('\n');
  }
}
