/**
 * Which choice to take in which context, by a rule that a reader can check against the table:
 *
 *   Of the choices that ended with every seed, the one that sent the fewest bytes and whose mean quality is within a
 *   margin of the best mean.
 *
 * The margin is 1 point of accuracy or, of a loss, 1% of the best. How sure that is,
 * the seeds say: all choices ran with the same ones, so that differences are taken seed by seed, which leaves out
 * what a seed does to all (Student 1908, paired differences). A verdict that lies within one standard error
 * of the mean difference is called unsettled.
 */
import type { CellResult } from '../../metrics/cell-results.js';
import { type Spread, spreadOf, standardError } from './statistics.js';
import type { Group, Sweep } from './sweep.js';

/** Of accuracy a difference, of a loss a share of the best. */
export const DEFAULT_MARGIN = 0.01;

/** 0.95 - 0.94 is 0.010000000000000009, and within a point. */
const ROUNDING = 1e-12;

/** How much better the best is than `group`, over the seeds that both have. */
export interface Shortfall {
  readonly group: Group;
  readonly spread: Spread;
  /** null with one seed. */
  readonly error: number | null;
}

export interface Pick {
  readonly context: string;
  /** Mean over the context's groups; null where it was not computed. */
  readonly spectralGap: number | null;
  /** null where no choice stands. */
  readonly best: Group | null;
  readonly chosen: Group | null;
  /** In the units of the quality. */
  readonly margin: number;
  /** Of the chosen against the best; null where they are the same. */
  readonly shortfall: Shortfall | null;
  /** Whether the chosen and the best differ by less than one standard error. */
  readonly withinNoise: boolean;
  /** Whether the seeds leave open that the chosen misses the margin. */
  readonly doubtful: boolean;
  /** Choices that send less than the chosen and miss the margin by less than one standard error. */
  readonly nearMisses: readonly Shortfall[];
  /** Choices that failed, were refused or diverged. */
  readonly fallen: readonly Group[];
}

const seedOf = ({ settings, axes }: CellResult): unknown => settings.seed ?? axes.seed ?? null;

/** Seed by seed; where no seed is in both, mean against mean without an error. */
export function shortfallOf(group: Group, best: Group, { quality }: Sweep): Shortfall {
  const finals = new Map(best.sound.map((cell) => [seedOf(cell), quality.final(cell.summary!)]));
  const differences = group.sound.flatMap((cell) => {
    const [own, other] = [quality.final(cell.summary!), finals.get(seedOf(cell)) ?? null];
    return own === null || other === null ? [] : [quality.gain(other, own)];
  });
  const spread = spreadOf(differences) ?? spreadOf([quality.gain(best.final!.mean, group.final!.mean)])!;
  return { group, spread, error: standardError(spread) };
}

function pickIn(context: string, sweep: Sweep, share: number): Pick {
  const own = sweep.groups.filter((group) => group.context === context);
  const standing = own.filter((group) => group.standing === 'done' && group.final !== null);
  const fallen = own.filter((group) => !standing.includes(group));
  const gaps = own.flatMap(({ spectralGap }) => spectralGap ?? []);
  const nothing = { context, spectralGap: spreadOf(gaps)?.mean ?? null, fallen };
  if (standing.length === 0)
    return {
      ...nothing,
      best: null,
      chosen: null,
      margin: 0,
      shortfall: null,
      withinNoise: false,
      doubtful: false,
      nearMisses: [],
    };
  const best = standing.reduce((a, b) => (sweep.quality.gain(b.final!.mean, a.final!.mean) > 0 ? b : a));
  const margin = sweep.quality.kind === 'accuracy' ? share : share * Math.abs(best.final!.mean);
  const bytes = (group: Group): number => group.payloadBytes?.mean ?? Number.POSITIVE_INFINITY;
  const near = (group: Group): boolean =>
    sweep.quality.gain(best.final!.mean, group.final!.mean) <= margin + ROUNDING;
  const chosen = standing.filter(near).reduce((a, b) => (bytes(b) < bytes(a) ? b : a));
  const shortfall = chosen === best ? null : shortfallOf(chosen, best, sweep);
  const within = ({ spread, error }: Shortfall, of: number): boolean =>
    error !== null && Math.abs(spread.mean - of) < error;
  const nearMisses = standing
    .filter((group) => bytes(group) < bytes(chosen))
    .map((group) => shortfallOf(group, best, sweep))
    .filter((miss) => within(miss, margin));
  return {
    ...nothing,
    best,
    chosen,
    margin,
    shortfall,
    withinNoise: shortfall !== null && within(shortfall, 0),
    doubtful: shortfall !== null && within(shortfall, margin),
    nearMisses,
  };
}

/** One for each context, in the sweep's order. @param share see DEFAULT_MARGIN */
export function pickChoices(sweep: Sweep, share = DEFAULT_MARGIN): Pick[] {
  return sweep.contexts.map((context) => pickIn(context, sweep, share));
}
