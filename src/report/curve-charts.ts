/**
 * What was learned, against what it cost: accuracy and loss against rounds, bytes and seconds (the comparison of
 * every paper on compressed gossip, e.g. Koloskova, Lin, Stich and Jaggi 2020), and how far apart
 * the peers are. The band between the worst and the best peer belongs to the accuracy only: evaluations carry the
 * mean of the peers' losses, not their range.
 */
import type { EvaluationEvent } from '../metrics/events.js';
import { byteUnitFor, logTicks, secondUnitFor } from './chart-units.js';
import { series } from './palette.js';
import { type ChartPlan, colorOf } from './vega-svg.js';

/** More points than a chart has pixels across cannot be told apart; the first and the last are always kept. */
const MAX_POINTS = 600;

/** Up to here every evaluation gets a dot. */
const MAX_DOTS = 40;

/** At most MAX_POINTS of `items`, evenly, the last one included. */
export function thin<T>(items: readonly T[], limit = MAX_POINTS): readonly T[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.round((i * (items.length - 1)) / (limit - 1))]!);
}

interface Axis {
  readonly id: string;
  readonly title: string;
  readonly of: (evaluation: EvaluationEvent) => number;
}

/** The three things that a run spends. */
function axesOf(evaluations: readonly EvaluationEvent[]): Axis[] {
  const largest = (of: Axis['of']): number =>
    evaluations.reduce((most, event) => Math.max(most, of(event)), 0);
  const bytes = byteUnitFor(largest((event) => event.payloadBytesPerPeer));
  const time = secondUnitFor(largest((event) => event.atMs / 1000));
  return [
    { id: 'rounds', title: 'rounds', of: (event) => event.round },
    {
      id: 'bytes',
      title: `payload sent per peer (${bytes.name})`,
      of: (event) => event.payloadBytesPerPeer / bytes.size,
    },
    { id: 'seconds', title: `time (${time.name})`, of: (event) => event.atMs / 1000 / time.size },
  ];
}

/** NaN and infinity as null: a gap in the line. */
function drawable(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

const xOf = (axis: Axis) =>
  ({
    field: 'x',
    type: 'quantitative',
    title: axis.title,
    axis: { tickCount: 6 },
    scale: { zero: true, nice: false },
  }) as const;

/** Layers of lines over `x`, with dots while they are few. */
function lineMark(points: number) {
  return {
    type: 'line',
    strokeWidth: 2,
    interpolate: 'linear',
    point: points <= MAX_DOTS ? { size: 22 } : false,
  } as const;
}

function accuracyPlan(evaluations: readonly EvaluationEvent[], axis: Axis): ChartPlan {
  const names = ['mean model', 'worst to best peer'];
  const values = evaluations.map((event) => ({
    x: axis.of(event),
    y: drawable(event.meanModel.accuracy),
    worst: drawable(event.local.worst),
    best: drawable(event.local.best),
  }));
  const color = colorOf(names, [series.blue, series.orange]);
  const y = {
    type: 'quantitative',
    title: 'test accuracy',
    axis: { format: '.0%', tickCount: 5 },
    scale: { zero: false },
  } as const;
  return {
    id: `accuracy-${axis.id}`,
    title: `Accuracy against ${axis.id}`,
    spec: {
      data: { values },
      layer: [
        {
          mark: { type: 'area', opacity: 0.35 },
          transform: [{ calculate: `'${names[1]}'`, as: 'series' }],
          encoding: { x: xOf(axis), y: { ...y, field: 'worst' }, y2: { field: 'best' }, color },
        },
        {
          mark: lineMark(values.length),
          transform: [{ calculate: `'${names[0]}'`, as: 'series' }],
          encoding: { x: xOf(axis), y: { ...y, field: 'y' }, color },
        },
      ],
    },
  };
}

function lossPlan(evaluations: readonly EvaluationEvent[], axis: Axis): ChartPlan {
  const names = ['mean model', 'mean of peers'];
  const values = evaluations.flatMap((event) => [
    { x: axis.of(event), series: names[1], y: drawable(event.local.loss) },
    { x: axis.of(event), series: names[0], y: drawable(event.meanModel.loss) },
  ]);
  return {
    id: `loss-${axis.id}`,
    title: `Loss against ${axis.id}`,
    spec: {
      data: { values },
      layer: [
        {
          mark: lineMark(evaluations.length),
          encoding: {
            x: xOf(axis),
            y: { field: 'y', type: 'quantitative', title: 'test loss', axis: { tickCount: 5 } },
            color: colorOf(names, [series.blue, series.orange]),
          },
        },
      ],
    },
  };
}

function consensusPlan(evaluations: readonly EvaluationEvent[], axis: Axis): ChartPlan {
  const values = evaluations.map((event) => {
    const distance = drawable(event.consensusDistance);
    return { x: axis.of(event), y: distance !== null && distance > 0 ? distance : null }; // 0 has no logarithm
  });
  return {
    id: 'consensus-rounds',
    title: 'Consensus distance against rounds',
    spec: {
      data: { values },
      layer: [
        {
          mark: lineMark(values.length),
          encoding: {
            x: xOf(axis),
            color: { value: series.green },
            y: {
              field: 'y',
              type: 'quantitative',
              title: 'consensus distance (log)',
              scale: { type: 'log', nice: true },
              axis: { format: '~g', values: logTicks(values.flatMap(({ y }) => (y === null ? [] : [y]))) },
            },
          },
        },
      ],
    },
  };
}

/** Curves of a run: none without an evaluation, no accuracy for a task that has none. */
export function planCurves(all: readonly EvaluationEvent[]): ChartPlan[] {
  if (all.length === 0) return [];
  const evaluations = thin(all);
  const axes = axesOf(evaluations);
  const measured = evaluations.some((event) => event.meanModel.accuracy !== null);
  return [
    ...(measured ? axes.map((axis) => accuracyPlan(evaluations, axis)) : []),
    ...axes.map((axis) => lossPlan(evaluations, axis)),
    consensusPlan(evaluations, axes[0]!),
  ];
}
