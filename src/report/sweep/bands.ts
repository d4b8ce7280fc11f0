/**
 * Curves with a band: at each round that was evaluated the mean over seeds, from the worst to the best seed. Against
 * bytes and seconds a point stands at the mean of what the seeds had spent by that round.
 */
import type { CellPoint } from '../../metrics/cell-results.js';
import { spreadOfMeasured } from './statistics.js';
import type { Group } from './sweep.js';

export type Measure = (point: CellPoint) => number | null;

export interface BandPoint {
  readonly round: number;
  readonly x: number;
  /** null where no seed has a number: a gap in the line. */
  readonly y: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Ascending by round; of cells that did not end well, too, as far as they have numbers. */
export function bandOf({ cells }: Pick<Group, 'cells'>, xOf: Measure, yOf: Measure): BandPoint[] {
  const byRound = new Map<number, CellPoint[]>();
  for (const { series } of cells) {
    for (const point of series) byRound.set(point.round, [...(byRound.get(point.round) ?? []), point]);
  }
  return [...byRound]
    .sort(([a], [b]) => a - b)
    .flatMap(([round, points]): BandPoint[] => {
      const x = spreadOfMeasured(points.map(xOf));
      if (x === null) return [];
      const y = spreadOfMeasured(points.map(yOf));
      return [{ round, x: x.mean, y: y?.mean ?? null, low: y?.min ?? null, high: y?.max ?? null }];
    });
}
