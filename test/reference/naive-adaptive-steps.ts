/**
 * What adaptive local steps come to by their formulas, from a whole run that has been written down: when each peer trained,
 * made its differences and had its neighbors'. Nothing is kept from round to round but the diary.
 *
 *     r_j = (when j's difference of exchange k came) - (when ours of k - 1 was made),    k the latest first one of a round
 *     fit = min(H, 1.1 h median_j(r_j) / d)
 *     h <- max(least, floor(f)),    f the median of the last five fits,
 *         where f < 0.75 h or f >= min(H, max(h + 1, 1.25 h)), once there are three fits; else h
 */
import type { Observation } from '../../src/simulation/simulator.js';

interface Round {
  readonly steps: number;
  readonly beganMs: number;
  endedMs: number;
  fit: number | null;
}

interface Choice {
  readonly localSteps: number;
  readonly least: number;
  /** Of a round on an edge. @default 1 */
  readonly exchanges?: number | undefined;
}

interface Diary {
  readonly rounds: Round[];
  /** By neighbor: times, by number of the exchange from 1. */
  readonly made: Map<number, number[]>;
  readonly came: Map<number, number[]>;
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  return (sorted[Math.ceil(n / 2) - 1]! + sorted[Math.floor(n / 2)]!) / 2;
}

export class NaiveAdaptiveSteps {
  /** Where the peers of the run took other steps than the formulas say. */
  readonly differences: string[] = [];
  private readonly diaries = new Map<number, Diary>();
  private readonly choice: Choice;

  constructor(choice: Choice) {
    this.choice = choice;
  }

  /** h of every round of a peer. */
  stepsOf(node: number): number[] {
    return this.diaries.get(node)!.rounds.map(({ steps }) => steps);
  }

  /** To be shown every step of every peer of a lockstep run in which no edge rests and no frame is lost. */
  watch({ node, nowMs, input, effects, state }: Observation): void {
    const diary: Diary = this.diaries.get(node) ?? { rounds: [], made: new Map(), came: new Map() };
    this.diaries.set(node, diary);
    if (input.type === 'updateReady') diary.rounds.at(-1)!.endedMs = nowMs;
    if (input.type === 'deltaReceived') note(diary.came, input.from, input.delta.sequence, nowMs);
    for (const effect of effects) {
      if (effect.type === 'sendDelta') note(diary.made, effect.to, effect.delta.sequence, nowMs);
      if (effect.type !== 'train') continue;
      const neighbors = state.edges.filter(({ status }) => status === 'active');
      const expected = this.expected(
        diary,
        neighbors.map(({ neighbor }) => neighbor),
      );
      if (effect.steps !== expected)
        this.differences.push(`${node}, round ${effect.round}: ${effect.steps}, not ${expected}`);
      diary.rounds.push({ steps: expected, beganMs: nowMs, endedMs: Number.NaN, fit: null });
    }
  }

  private expected({ rounds, made, came }: Diary, neighbors: readonly number[]): number {
    const { localSteps, least } = this.choice;
    const last = rounds.at(-1);
    if (last === undefined) return localSteps;
    const answers = neighbors.flatMap((neighbor) => {
      const times = came.get(neighbor) ?? [];
      const { exchanges = 1 } = this.choice;
      const k = 1 + exchanges * Math.floor((times.length - 1) / exchanges);
      const since = made.get(neighbor)?.[k - 2];
      return since === undefined ? [] : [times[k - 1]! - since];
    });
    if (answers.length > 0)
      last.fit = Math.min(localSteps, (1.1 * last.steps * middle(answers)) / (last.endedMs - last.beganMs));
    const fits = rounds.flatMap(({ fit }) => fit ?? []).slice(-5);
    if (fits.length < 3) return last.steps;
    const [h, f] = [last.steps, middle(fits)];
    const moves = f < 0.75 * h || f >= Math.min(localSteps, Math.max(h + 1, 1.25 * h));
    return moves ? Math.max(least, Math.floor(f)) : h;
  }
}

/** The first time that there was one of this number; they come in order. */
function note(times: Map<number, number[]>, neighbor: number, sequence: number, nowMs: number): void {
  const known = times.get(neighbor) ?? [];
  times.set(neighbor, known);
  if (known.length === sequence - 1) known.push(nowMs);
}
