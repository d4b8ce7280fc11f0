/**
 * A mark for each group rather than for each round: final quality against the spectral gap, which asks whether compression
 * costs more where connectivity is poor, and against bytes, with the front of those that no other beats.
 */
import { byteUnitFor } from '../chart-units.js';
import { ink } from '../palette.js';
import { CHART_HEIGHT, type ChartPlan } from '../vega-svg.js';
import { heightWithLegend, isWide, layersOf, quantitative, symbolsOf } from './chart-series.js';
import { slug } from './curve-panels.js';
import { paretoFront } from './pareto.js';
import type { Group, Sweep } from './sweep.js';

/** A legend of one row under a chart, with its gap. */
const LEGEND_BELOW = 26;

interface Dot {
  readonly series: string;
  readonly x: number;
  readonly y: number;
  /** Mean less and plus a standard deviation over seeds; the mean itself with one seed. */
  readonly low: number;
  readonly high: number;
}

function dotOf(group: Group, series: string, x: number): Dot {
  const { mean, sd } = group.final!;
  return { series, x, y: mean, low: mean - (sd ?? 0), high: mean + (sd ?? 0) };
}

function qualityAxis({ quality }: Sweep) {
  return {
    type: 'quantitative' as const,
    title: quality.finalTitle,
    axis: { format: quality.axisFormat, tickCount: 5 },
    scale: { zero: false, nice: true },
  };
}

const standing = (groups: readonly Group[]): Group[] =>
  groups.filter((group) => group.standing === 'done' && group.final !== null);

/** Final quality by spectral gap, for the groups that `dotsFor` draws in one chart. */
export function gapDots(groups: readonly Group[]): Dot[] {
  return standing(groups)
    .filter(({ spectralGap }) => spectralGap !== null && spectralGap > 0)
    .map((group) => dotOf(group, group.choice, group.spectralGap!))
    .sort((a, b) => a.x - b.x);
}

function gapPlan(sweep: Sweep, groups: readonly Group[], rest: string): ChartPlan | null {
  const dots = gapDots(groups);
  if (new Set(dots.map(({ x }) => x)).size < 2) return null;
  const x = quantitative({ field: 'x', title: 'spectral gap', values: dots.map((dot) => dot.x), log: true });
  const y = qualityAxis(sweep);
  const symbols = symbolsOf(sweep.choices);
  return {
    id: rest === '' ? 'spectral-gap' : `spectral-gap-${slug(rest)}`,
    title: `Final ${sweep.quality.kind} against spectral gap${rest === '' ? '' : `: ${rest}`}`,
    height: heightWithLegend(sweep.choices),
    spec: {
      data: { values: dots },
      layer: [
        ...layersOf(sweep.choices, dots, ({ color }) => ({
          mark: { type: 'rule', strokeWidth: 1.5, opacity: 0.7, color },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
        })),
        ...layersOf(sweep.choices, dots, ({ color, dash }) => ({
          mark: { type: 'line', strokeWidth: 1.5, opacity: 0.7, color, strokeDash: [...dash] },
          encoding: { x, y: { ...y, field: 'y' } },
        })),
        {
          mark: { type: 'point', filled: true, size: 80, opacity: 1 },
          encoding: { x, y: { ...y, field: 'y' }, ...symbols },
        },
      ],
    } as ChartPlan['spec'],
  };
}

/** A chart for each combination of the axes beside topology and choice; none where the gap does not vary. */
export function planGapCharts(sweep: Sweep): ChartPlan[] {
  if (!sweep.contextAxes.includes('topology')) return [];
  const others = sweep.contextAxes.filter((name) => name !== 'topology' && name !== 'peers');
  const restOf = ({ labels }: Group): string => others.map((name) => labels[name]).join(', ');
  const rests = [...new Set(sweep.groups.map(restOf))];
  return rests.flatMap(
    (rest) =>
      gapPlan(
        sweep,
        sweep.groups.filter((group) => restOf(group) === rest),
        rest,
      ) ?? [],
  );
}

/** Shapes by the field `context`, with a legend below the chart. */
function shapesOf(contexts: readonly string[]) {
  const { shape } = symbolsOf(contexts);
  const legend = { orient: 'bottom', symbolFillColor: ink.soft, symbolStrokeColor: ink.soft, offset: 10 };
  return { ...shape, field: 'context', legend: { ...shape.legend, ...legend } };
}

const frontLine = {
  type: 'line',
  strokeWidth: 1.5,
  strokeDash: [4, 3],
  interpolate: 'step-after',
  color: ink.soft,
};

/** Quality against bytes: choices by color, contexts by shape, and the front through the undominated. */
export function planPareto(sweep: Sweep): ChartPlan[] {
  const groups = standing(sweep.groups).filter(({ payloadBytes }) => (payloadBytes?.mean ?? 0) > 0);
  if (groups.length < 3) return [];
  const bytes = groups.map(({ payloadBytes }) => payloadBytes!.mean);
  const unit = byteUnitFor(Math.max(...bytes));
  const dotFor = (group: Group) => ({
    ...dotOf(group, group.choice, group.payloadBytes!.mean / unit.size),
    context: group.context,
  });
  const drawn = groups.map(dotFor);
  const title = `payload sent per peer (${unit.name})`;
  const x = quantitative({ field: 'x', title, values: drawn.map((dot) => dot.x), log: isWide(bytes) });
  const y = { ...qualityAxis(sweep), field: 'y' };
  const contexts = sweep.contexts.filter((name) => drawn.some(({ context }) => context === name));
  const { color, shape } = symbolsOf(sweep.choices);
  const several = contexts.length > 1;
  const below = several ? LEGEND_BELOW + heightWithLegend(contexts) - CHART_HEIGHT : 0;
  const spec = {
    data: { values: drawn },
    layer: [
      {
        data: { values: paretoFront({ ...sweep, groups }).map(dotFor) },
        mark: frontLine,
        encoding: { x, y, order: { field: 'x' } },
      },
      {
        mark: { type: 'point', filled: true, size: 80, opacity: 0.9 },
        encoding: { x, y, color, shape: several ? shapesOf(contexts) : shape },
      },
    ],
  } as ChartPlan['spec'];
  const height = heightWithLegend(sweep.choices) + below;
  return [{ id: 'pareto', title: `Pareto front of ${sweep.quality.kind} and bytes`, height, spec }];
}
