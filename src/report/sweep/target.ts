/**
 * How long a run took to become good enough, which on slow links is the question. The time is that of the first
 * evaluation at or beyond the target, without interpolation: a run that is evaluated seldom looks slower, never quicker.
 */
import type { CellPoint, CellResult } from '../../metrics/cell-results.js';
import type { Quality } from './quality.js';
import { lowerMedian, type Spread, spreadOf, spreadOfMeasured } from './statistics.js';
import type { Group, Sweep } from './sweep.js';

/**
 * A target that half of the groups reach: the median of their final qualities, rounded to the worse side, accuracy to a
 * whole percent and loss to two digits. null where nothing was measured.
 */
export function defaultTarget({ groups, quality }: Sweep): number | null {
  const finals = groups.flatMap(({ sound }) => {
    const lasts = sound.flatMap(({ series }) => (series.length === 0 ? [] : [quality.at(series.at(-1)!)]));
    return spreadOfMeasured(lasts)?.mean ?? [];
  });
  if (quality.kind === 'accuracy') {
    const median = lowerMedian(finals);
    return median === null ? null : Math.floor(median * 100 + 1e-9) / 100; // 0.29 * 100 is 28.999999999999996
  }
  const negative = lowerMedian(finals.map((value) => -value));
  return negative === null ? null : roundUp(-negative);
}

/** To two significant digits. */
function roundUp(value: number): number {
  if (value <= 0) return value;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2));
}

/** The first evaluation that is good enough; null where none is. */
function firstReaching({ series }: CellResult, quality: Quality, target: number): CellPoint | null {
  const reaches = (value: number | null): boolean => value !== null && quality.gain(value, target) >= 0;
  return series.find((point) => reaches(quality.at(point))) ?? null;
}

/** What a group spent until the target; null where a seed never reached it. */
export interface Spent {
  readonly rounds: Spread;
  readonly payloadBytes: Spread;
  /** null of real swarms. */
  readonly simulatedSeconds: Spread | null;
}

export function spentUntil(target: number, { cells, sound }: Group, quality: Quality): Spent | null {
  const points = sound.map((cell) => firstReaching(cell, quality, target));
  if (sound.length < cells.length || points.length === 0) return null;
  const reached = points.filter((point) => point !== null);
  if (reached.length < points.length) return null;
  const seconds = reached.flatMap(({ simulatedSeconds }) => simulatedSeconds ?? []);
  return {
    rounds: spreadOf(reached.map(({ round }) => round))!,
    payloadBytes: spreadOf(reached.map(({ payloadBytesPerPeer }) => payloadBytesPerPeer))!,
    simulatedSeconds: seconds.length === reached.length ? spreadOf(seconds) : null,
  };
}
