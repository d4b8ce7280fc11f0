/**
 * How long cells will take, from those that have ended: their seconds grow with what they do, one local step of one
 * peer being the unit. An estimate for people; what a cell does apart from training is not in it.
 */
import type { CellSettings } from '../metrics/cell-results.js';

export interface TimedCell {
  readonly settings: CellSettings;
  readonly seconds: number;
}

/** Local steps of all peers in all rounds. */
export function workOf({ peers, rounds, localSteps }: CellSettings): number {
  return Number(peers) * Number(rounds) * Number(localSteps);
}

/** Seconds that `left` will take on `workers` processes; null where nothing has ended yet. */
export function estimateSeconds(
  ended: readonly TimedCell[],
  left: readonly CellSettings[],
  workers: number,
): number | null {
  if (left.length === 0) return 0;
  const done = ended.reduce((sum, { settings }) => sum + workOf(settings), 0);
  if (done === 0) return null;
  const seconds = ended.reduce((sum, cell) => sum + cell.seconds, 0);
  const waiting = left.reduce((sum, settings) => sum + workOf(settings), 0);
  return ((seconds / done) * waiting) / Math.min(workers, left.length);
}
