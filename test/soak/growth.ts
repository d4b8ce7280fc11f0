/** Whether what processes hold grows: slopes of lines through samples, and what chance would make of them. */
import type { ProcessSample } from './processes.js';

/** Caches, compiled code and the garbage collector's heap find their size in this time. */
export const WARM_UP_MS = 60_000;
/** A line through less time than this says nothing beside the collector's saw teeth. */
const LEAST_SPAN_MS = 60_000;

export interface Growth {
  /** Means over the incarnations of workers that lived long enough; NaN where none did. */
  readonly perHour: number;
  readonly standardError: number;
  readonly incarnations: number;
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Least squares: the slope of the line through points (x, y). */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const spread = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  return points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / spread;
}

/**
 * Growth of one quantity an hour. Each incarnation gives one slope, weighted by its time; they are independent of each other,
 * and the samples of one are not. The standard error is that of the weighted mean.
 */
export function growthOf(
  lives: readonly (readonly ProcessSample[])[],
  quantity: 'residentMib' | 'descriptors' | 'sockets' | 'threads',
): Growth {
  const found = lives.flatMap((samples) => {
    const warm = samples.filter(({ atMs }) => atMs >= samples[0]!.atMs + WARM_UP_MS);
    const spanMs = warm.length < 2 ? 0 : warm.at(-1)!.atMs - warm[0]!.atMs;
    if (spanMs < LEAST_SPAN_MS) return [];
    return [
      {
        slope: slopeOf(warm.map((sample) => [sample.atMs / 3_600_000, sample[quantity]])),
        weight: spanMs ** 3,
      },
    ];
  });
  // The variance of a slope falls with the third power of the time that it spans.
  const total = found.reduce((sum, { weight }) => sum + weight, 0);
  const perHour = found.reduce((sum, { slope, weight }) => sum + slope * weight, 0) / total;
  const squares = found.reduce((sum, { slope, weight }) => sum + (weight * (slope - perHour)) ** 2, 0);
  const correction = found.length / (found.length - 1);
  return { perHour, standardError: Math.sqrt(squares * correction) / total, incarnations: found.length };
}
