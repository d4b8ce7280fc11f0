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

type Domain = readonly [low: number, high: number];

const within = (value: number, [low, high]: Domain): boolean => value >= low && value <= high;

/** Where the line from `a` to `b` crosses an end of the domain; one of them lies within. */
function crossing(a: BandPoint, b: BandPoint, domain: Domain): BandPoint {
  const [from, to] = [a.y!, b.y!];
  const edge = Math.min(from, to) < domain[0] ? domain[0] : domain[1];
  const share = (edge - from) / (to - from);
  const between = (p: number | null, q: number | null): number | null =>
    p === null || q === null ? null : p + share * (q - p);
  return {
    round: a.round + share * (b.round - a.round),
    x: a.x + share * (b.x - a.x),
    y: edge,
    low: between(a.low, b.low),
    high: between(a.high, b.high),
  };
}

/**
 * The part of a band that an axis shows: the line ends where it leaves the domain, and the band is cut off there. Clipping
 * by the renderer would do the same but for ids, which all charts of a page would share.
 * @param domain null: all is shown
 */
export function clipBand(points: readonly BandPoint[], domain: Domain | null): readonly BandPoint[] {
  if (domain === null) return points;
  const inside = ({ y }: BandPoint): boolean => y !== null && within(y, domain);
  const cut = points.flatMap((point, index) => {
    const before = points[index - 1];
    const own = inside(point) ? point : { ...point, y: null };
    const crosses =
      before !== undefined && before.y !== null && point.y !== null && inside(before) !== inside(point);
    return crosses ? [crossing(before, point, domain), own] : [own];
  });
  const clamp = (value: number | null): number | null =>
    value === null ? null : Math.min(domain[1], Math.max(domain[0], value));
  return cut.map((point) => ({ ...point, low: clamp(point.low), high: clamp(point.high) }));
}
