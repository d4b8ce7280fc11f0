/**
 * Curves of a sweep: what was learned, against rounds, bytes and seconds, and how far apart the peers are; a panel for each
 * context, a line for each choice. Panels of quality have the same scales, so that they can be compared; distances differ
 * by decades from graph to graph, and have each their own.
 */
import { byteUnitFor, logTicks, secondUnitFor } from '../chart-units.js';
import { thin } from '../curve-charts.js';
import type { ChartPlan } from '../vega-svg.js';
import { type BandPoint, bandOf, clipBand, type Measure } from './bands.js';
import { heightWithLegend, isWide, layersOf, quantitative, symbolsOf } from './chart-series.js';
import { differsIn, type Group, type Sweep } from './sweep.js';

/** Further contexts are in the table; a page of more panels is read by nobody. */
export const MAX_PANELS = 12;

/** Symbols along a line; they tell lines apart where color does not. */
const SYMBOLS_PER_LINE = 6;

/** The axis of a quality leaves out what this share of the values lies below: the first steep rounds. */
const CLIPPED_SHARE = 0.2;

interface Cost {
  readonly id: string;
  readonly title: string;
  readonly of: Measure;
}

interface Line {
  readonly group: Group;
  readonly points: readonly BandPoint[];
}

interface Panels {
  readonly sweep: Sweep;
  readonly id: string;
  readonly title: string;
  readonly cost: Cost;
  readonly y: Measure;
  readonly yTitle: string;
  /** Of the vertical axis; a logarithm where the measure is a distance. */
  readonly yScale: (values: readonly number[]) => VerticalScale;
}

interface VerticalScale {
  readonly axis: object;
  readonly scale: {
    readonly domain?: readonly [number, number];
    readonly type?: 'log';
    readonly nice: boolean;
  };
}

/** What runs spend, as far as they differ in it: where all take a second a round, rounds tell the same. */
function costsOf(sweep: Sweep): Cost[] {
  const { groups } = sweep;
  const points = groups.flatMap(({ cells }) => cells.flatMap(({ series }) => series));
  const largest = (of: Measure): number => points.reduce((most, point) => Math.max(most, of(point) ?? 0), 0);
  const bytes = byteUnitFor(largest(({ payloadBytesPerPeer }) => payloadBytesPerPeer));
  const time = secondUnitFor(largest(({ simulatedSeconds }) => simulatedSeconds));
  const scaled = (value: number | null, size: number): number | null =>
    value === null ? null : value / size;
  const rounds: Cost = { id: 'rounds', title: 'rounds', of: ({ round }) => round };
  const all: Cost[] = [];
  if (differsIn('payloadBytes', sweep))
    all.push({
      id: 'bytes',
      title: `payload sent per peer (${bytes.name})`,
      of: ({ payloadBytesPerPeer }) => payloadBytesPerPeer / bytes.size,
    });
  if (differsIn('simulatedSeconds', sweep))
    all.push({
      id: 'seconds',
      title: `simulated time (${time.name})`,
      of: ({ simulatedSeconds }) => scaled(simulatedSeconds, time.size),
    });
  return [rounds, ...all].filter(({ of }) => points.some((point) => (of(point) ?? 0) > 0));
}

const round6 = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(6));

/** At most SYMBOLS_PER_LINE points, the last among them. */
function symbolPoints<T>(points: readonly T[]): readonly T[] {
  return thin(points, SYMBOLS_PER_LINE);
}

function panelPlan(
  context: string,
  lines: readonly Line[],
  panels: Panels & { readonly scales: Scales },
): ChartPlan {
  const { sweep, id, title, scales } = panels;
  const { choices } = sweep;
  const values = (pick: (points: readonly BandPoint[]) => readonly BandPoint[]) =>
    lines.flatMap(({ group, points }) =>
      pick(points).map(({ x, y, low, high }) => ({
        series: group.choice,
        x: round6(x),
        y: round6(y),
        low: round6(low),
        high: round6(high),
      })),
    );
  const { x, y } = scales;
  const points = values(thin);
  return {
    id: context === '' ? id : `${id}-${slug(context)}`,
    title: context === '' ? title : `${title}: ${context}`,
    height: heightWithLegend(choices),
    spec: {
      data: { values: values(symbolPoints) },
      layer: [
        ...layersOf(choices, points, ({ color }) => ({
          mark: { type: 'area', opacity: 0.2, color },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
        })),
        ...layersOf(choices, points, ({ color, dash }) => ({
          mark: { type: 'line', strokeWidth: 2, color, strokeDash: [...dash] },
          encoding: { x, y },
        })),
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 1 },
          encoding: { x, y, ...symbolsOf(choices) },
        },
      ],
    } as ChartPlan['spec'],
  };
}

interface Scales {
  readonly x: Record<string, unknown>;
  readonly y: Record<string, unknown>;
}

/** Fit for an id and a file name. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function panelsOf(panels: Panels): ChartPlan[] {
  const { sweep, cost, y, yTitle } = panels;
  const lines = sweep.groups.map((group): Line => {
    const points = bandOf(group, cost.of, y);
    return { group, points };
  });
  const last = lines.flatMap(({ points }) => points.at(-1)?.x ?? []);
  const log = cost.id !== 'rounds' && isWide(last);
  const drawn = lines.map(({ group, points }) => ({
    group,
    points: log ? points.filter(({ x }) => x > 0) : points,
  }));
  const all = drawn.flatMap(({ points }) => points);
  const heights = all.flatMap((point) => [point.y, point.low, point.high].filter((value) => value !== null));
  const drawnX = all.map(({ x }) => x);
  if (heights.length === 0) return [];
  const x = quantitative({ field: 'x', title: cost.title, values: drawnX, log });
  const vertical = panels.yScale(heights);
  const domain = vertical.scale.domain ?? null;
  const scales: Scales = {
    x: { ...x, scale: { ...x.scale, domain: [log ? Math.min(...drawnX) : 0, Math.max(...drawnX)] } },
    y: { field: 'y', type: 'quantitative', title: yTitle, ...vertical },
  };
  return sweep.contexts.slice(0, MAX_PANELS).flatMap((context) => {
    const own = drawn
      .filter(({ group, points }) => group.context === context && points.length > 0)
      .map(({ group, points }) => ({ group, points: clipBand(points, domain) }));
    return own.length === 0 ? [] : [panelPlan(context, own, { ...panels, scales })];
  });
}

/** From the end of the first steep rounds to the best. */
function qualityScale({ quality }: Sweep) {
  return (values: readonly number[]): VerticalScale => {
    const sorted = [...values].sort((a, b) => quality.gain(a, b)); // from worst to best
    const worst = sorted[Math.floor(sorted.length * CLIPPED_SHARE)]!;
    const best = sorted.at(-1)!;
    const slack = Math.abs(best - worst) * 0.05 || Math.abs(best) * 0.05 || 1;
    const [low, high] = [Math.max(0, Math.min(worst, best) - slack), Math.max(worst, best) + slack];
    return {
      axis: { format: quality.axisFormat, tickCount: 5 },
      scale: { domain: [low, quality.kind === 'accuracy' ? Math.min(1, high) : high], nice: false },
    };
  };
}

function distanceScale(values: readonly number[]): VerticalScale {
  return { axis: { format: '~g', values: logTicks(values) }, scale: { type: 'log', nice: true } };
}

/** Curves of quality against each cost: a list for each, with its title. */
export function planQualityPanels(sweep: Sweep): ChartPlan[] {
  const name = sweep.quality.kind === 'accuracy' ? 'Accuracy' : 'Loss';
  return costsOf(sweep).flatMap((cost) =>
    panelsOf({
      sweep,
      cost,
      id: `${sweep.quality.kind}-${cost.id}`,
      title: `${name} against ${cost.id}`,
      y: sweep.quality.at,
      yTitle: sweep.quality.curveTitle,
      yScale: qualityScale(sweep),
    }),
  );
}

/** Consensus distance against rounds; 0 has no logarithm and is left out. */
export function planDistancePanels(sweep: Sweep): ChartPlan[] {
  const [rounds] = costsOf(sweep);
  if (rounds === undefined) return [];
  return panelsOf({
    sweep,
    cost: rounds,
    id: 'consensus-rounds',
    title: 'Consensus distance',
    y: ({ consensusDistance }) =>
      consensusDistance !== null && consensusDistance > 0 ? consensusDistance : null,
    yTitle: 'consensus distance, log',
    yScale: distanceScale,
  });
}
