/**
 * A Vega-Lite specification rendered to SVG text, without a browser and without a canvas: text widths are
 * estimated, which the axes' own padding absorbs. The SVG scales with its container and takes its colors from
 * palette.ts, so that one picture serves light and dark.
 */
import * as vega from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';
import { ink } from './palette.js';

/** Units of the viewBox. Three such charts a row fill 1280 pixels, and one fills a telephone, at a scale near 1. */
export const CHART_WIDTH = 440;
export const CHART_HEIGHT = 290;
const FONT = 'system-ui, sans-serif';

const config: Config = {
  background: 'transparent',
  font: FONT,
  aria: false, // the figure around it is labeled; a label a mark would triple its size
  view: { stroke: null },
  axis: {
    labelColor: ink.soft,
    titleColor: ink.soft,
    domainColor: ink.soft,
    tickColor: ink.soft,
    gridColor: ink.grid,
    labelFontSize: 14,
    titleFontSize: 14,
    titleFontWeight: 'normal',
    titlePadding: 8,
  },
  axisX: { grid: false, labelAngle: 0 },
  axisY: { domain: false, ticks: false, labelPadding: 6 },
  legend: {
    orient: 'top',
    title: null,
    labelColor: ink.text,
    labelFontSize: 14,
    labelLimit: 0, // whole names
    symbolType: 'square',
    symbolOpacity: 1,
    columnPadding: 14,
    offset: 6,
    padding: 0,
  },
};

/** What a chart adds to the size and the style that all share. */
export type ChartSpec = Pick<Extract<TopLevelSpec, { layer: unknown }>, 'data' | 'layer'>;

/** A chart before it is rendered. */
export interface ChartPlan {
  readonly id: string;
  readonly title: string;
  readonly spec: ChartSpec;
  /** Where rows or a long legend need another one. @default 290 */
  readonly height?: number;
}

/** The series of a chart by name, each with its color; a legend comes with it. */
export const colorOf = (names: readonly string[], colors: readonly string[]) =>
  ({
    field: 'series',
    type: 'nominal',
    sort: null,
    scale: { domain: [...names], range: [...colors] },
  }) as const;

/** The chart as an <svg> element with a viewBox and no size of its own. */
export async function renderVegaSvg(chart: ChartSpec, height = CHART_HEIGHT): Promise<string> {
  const spec: TopLevelSpec = {
    ...chart,
    width: CHART_WIDTH,
    height,
    autosize: { type: 'fit', contains: 'padding' },
    padding: { left: 4, right: 14, top: 4, bottom: 4 },
  };
  const view = new vega.View(vega.parse(compile(spec, { config }).spec), {
    renderer: 'none',
    logLevel: vega.Error,
  });
  try {
    const svg = await view.toSVG();
    return svg.replace(/(<svg\b[^>]*?) width="[^"]*" height="[^"]*"/, '$1');
  } finally {
    view.finalize();
  }
}
