/**
 * What a sweep is judged by: the test accuracy that the peers' own models reach on average or, where a task has none, the
 * loss. What peers hold counts, not the mean of their models, which nobody has: peers that disagree are worse off.
 * Of a loss the events have the peers' mean at the end only; curves show that of the mean model.
 */
import type { CellPoint, CellResult, CellSummary } from '../../metrics/cell-results.js';
import { formatPercent, formatReal } from '../format.js';

export interface Quality {
  readonly kind: 'accuracy' | 'loss';
  /** With what it is of, for axes and heads. */
  readonly finalTitle: string;
  readonly curveTitle: string;
  /** A number format of d3, for axes. */
  readonly axisFormat: string;
  final(summary: CellSummary): number | null;
  at(point: CellPoint): number | null;
  /** How much better `a` is than `b`; negative where it is worse. */
  gain(a: number, b: number): number;
  format(value: number | null): string;
  /** The size of a difference, with its standard error if there is one: "0.40 ± 0.12 points". */
  formatGain(value: number, error?: number | null): string;
}

function withError(value: number, error: number | null, format: (value: number) => string): string {
  return error === null ? format(Math.abs(value)) : `${format(Math.abs(value))} ± ${format(error)}`;
}

const accuracy: Quality = {
  kind: 'accuracy',
  finalTitle: 'final test accuracy, mean of peers',
  curveTitle: 'test accuracy, mean of peers',
  axisFormat: '~%',
  final: ({ accuracy: { mean } }) => mean,
  at: ({ meanAccuracy }) => meanAccuracy,
  gain: (a, b) => a - b,
  format: (value) => formatPercent(value, 2),
  formatGain: (value, error = null) =>
    `${withError(value, error, (share) => (share * 100).toFixed(2))} points`,
};

const loss: Quality = {
  kind: 'loss',
  finalTitle: 'final test loss, mean of peers',
  curveTitle: 'test loss of the mean model',
  axisFormat: '~g',
  final: ({ loss: { mean } }) => mean,
  at: ({ meanModelLoss }) => meanModelLoss,
  gain: (a, b) => b - a,
  format: formatReal,
  formatGain: (value, error = null) => withError(value, error, formatReal),
};

/** Accuracy where any cell has one. */
export function qualityOf(cells: readonly CellResult[]): Quality {
  return cells.some(({ summary }) => summary !== null && summary.accuracy.mean !== null) ? accuracy : loss;
}

/** A plateau goes up and down by less than this share of its loss. */
const PLATEAU = 0.1;

/**
 * Whether a run that ended is worse than it began: its loss is no number or clearly above that of the first evaluation, or
 * its accuracy is below that. Both are looked at, for the loss of classifiers may grow while they learn, and accuracy
 * stays at chance where nothing is learned. Runs without an evaluation have not diverged; nobody knows.
 */
export function hasDiverged({ status, summary, series }: CellResult, quality: Quality): boolean {
  const first = series[0];
  if (status !== 'done' || summary === null || first === undefined) return false;
  const { meanModel, mean } = summary.loss;
  if (meanModel === null || (quality.kind === 'loss' && mean === null)) return true;
  if (series.length === 1) return false;
  if (first.meanModelLoss !== null && meanModel > first.meanModelLoss * (1 + PLATEAU)) return true;
  const [before, after] = [quality.at(first), quality.final(summary)];
  return quality.kind === 'accuracy' && before !== null && after !== null && after < before;
}
