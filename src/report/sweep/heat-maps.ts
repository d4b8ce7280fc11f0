/**
 * Contexts down, choices across, and a number in every cell: final quality, and the time to a target. Each number stands
 * on its color, so that the color only leads the eye; what failed is gray and says so.
 */
import { formatDuration } from '../format.js';
import { cividis, ink, inkOnCividis, series } from '../palette.js';
import { CHART_HEIGHT, type ChartPlan } from '../vega-svg.js';
import type { Group, Sweep } from './sweep.js';
import { spentUntil } from './target.js';

const ROW_HEIGHT = 40;
const AXES_HEIGHT = 40;

/** Of a column's name, a word a line. */
const LABEL_LINE = 16;
const TILTED_HEIGHT = 50;

/** Letters that fit across the columns; names with longer words are tilted. */
const LETTERS_ACROSS = 42;

/** Values that differ by a smaller share have the same color. */
const EQUAL = 1e-3;

/** Rows and columns whose numbers can still be read. */
const MAX_COLUMNS = 9;
const MAX_ROWS = 24;

export interface HeatCell {
  readonly row: string;
  readonly column: string;
  readonly text: string;
  readonly fill: string;
  readonly ink: string;
}

interface HeatMap {
  readonly id: string;
  readonly title: string;
  /** null: nothing to compare. */
  readonly valueOf: (group: Group) => number | null;
  readonly format: (value: number) => string;
  /** What stands where a whole group has no value. */
  readonly missing: string;
  /** Share of the color scale; `better` is 1. */
  readonly shareOf: (value: number, low: number, high: number) => number;
}

/** A cell for each group; of several groups in one place there are none. */
export function heatCells({ groups }: Pick<Sweep, 'groups'>, map: HeatMap): HeatCell[] {
  const values = groups.flatMap((group) => (group.standing === 'done' ? (map.valueOf(group) ?? []) : []));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return groups.map((group) => {
    const place = { row: group.context, column: group.choice };
    const value = group.standing === 'done' ? map.valueOf(group) : null;
    if (value === null)
      return {
        ...place,
        text: group.standing === 'done' ? map.missing : group.standing,
        fill: series.gray,
        ink: ink.text,
      };
    const share = high - low > EQUAL * Math.abs(high) ? map.shareOf(value, low, high) : 1;
    return { ...place, text: map.format(value), fill: cividis(share), ink: inkOnCividis(share) };
  });
}

/** The two axes, and how high what stands below the cells is. */
function heatAxes({ contexts, choices, choiceAxis }: Sweep) {
  const words = choices.map((choice) => choice.split(' '));
  const tilted = Math.max(...words.flat().map(({ length }) => length)) * choices.length > LETTERS_ACROSS;
  const below = tilted ? TILTED_HEIGHT : LABEL_LINE * Math.max(...words.map(({ length }) => length));
  const x = {
    field: 'column',
    type: 'nominal',
    sort: [...choices],
    title: choiceAxis,
    axis: {
      ...(tilted ? { labelAngle: -30 } : { labelAngle: 0, labelExpr: "split(datum.label, ' ')" }),
      ticks: false,
      domain: false,
      labelLimit: 0,
      labelFontSize: 12,
    },
  };
  const y = {
    field: 'row',
    type: 'nominal',
    sort: [...contexts],
    title: null,
    axis: { grid: false, labelLimit: 0 },
  };
  return { x, y, below };
}

function heatPlan(sweep: Sweep, map: HeatMap): ChartPlan[] {
  const { contexts, choices } = sweep;
  const [columns, rows] = [choices.length, contexts.length];
  if (rows < 2 || columns < 2 || columns > MAX_COLUMNS || rows > MAX_ROWS) return [];
  const cells = heatCells(sweep, map);
  if (cells.every(({ fill }) => fill === series.gray)) return [];
  const { x, y, below } = heatAxes(sweep);
  const literal = (field: string) => ({ field, type: 'nominal', scale: null, legend: null });
  const spec = {
    data: { values: cells },
    layer: [
      {
        mark: { type: 'rect', stroke: ink.surface, strokeWidth: 2 },
        encoding: { x, y, color: literal('fill') },
      },
      {
        mark: { type: 'text', fontSize: columns > 6 ? 11 : 13 },
        encoding: { x, y, text: { field: 'text' }, color: literal('ink') },
      },
    ],
  } as ChartPlan['spec'];
  const height = Math.max(CHART_HEIGHT, AXES_HEIGHT + below + ROW_HEIGHT * rows);
  return [{ id: map.id, title: map.title, height, spec }];
}

/** Final quality; of a loss the smaller is the brighter. */
export function planQualityMap(sweep: Sweep): ChartPlan[] {
  const { quality, contextAxes, choiceAxis } = sweep;
  return heatPlan(sweep, {
    id: 'heat-map',
    title: `Final ${quality.kind}: ${contextAxes.join(', ')} x ${choiceAxis}`,
    valueOf: ({ final }) => final?.mean ?? null,
    format: (value) => (quality.kind === 'accuracy' ? `${(value * 100).toFixed(1)}%` : quality.format(value)),
    missing: 'none',
    shareOf: (value, low, high) =>
      quality.kind === 'accuracy' ? (value - low) / (high - low) : (high - value) / (high - low),
  });
}

/** Simulated seconds to the target; shares by their logarithms, for times differ by factors. */
export function planTimeMap(sweep: Sweep, target: number): ChartPlan[] {
  return heatPlan(sweep, {
    id: 'time-to-target',
    title: `Simulated time to ${sweep.quality.format(target)}`,
    valueOf: (group) => spentUntil(target, group, sweep.quality)?.simulatedSeconds?.mean ?? null,
    format: formatDuration,
    missing: 'never',
    shareOf: (value, low, high) =>
      (Math.log(high) - Math.log(value)) / (Math.log(high) - Math.log(Math.max(low, 1e-9))),
  });
}
