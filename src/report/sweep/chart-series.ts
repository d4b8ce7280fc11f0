/** What the charts of a sweep share: a style for each choice, the same in every chart, and a legend that fits. */
import { logTicks } from '../chart-units.js';
import { type CategoryStyle, categoryStyle } from '../palette.js';
import { CHART_HEIGHT, CHART_WIDTH } from '../vega-svg.js';

/** Of a letter and of a legend's symbol with its gaps, in units of the viewBox; Vega's estimate of text is as wide. */
const LETTER_WIDTH = 8.5;
const SYMBOL_WIDTH = 38;
const LEGEND_ROW = 20;

/** An axis over more than this ratio is logarithmic. */
const LOG_RATIO = 8;

/** Columns of a legend on top of a chart. */
function legendColumns(names: readonly string[]): number {
  const widest = names.reduce((most, { length }) => Math.max(most, length), 1) * LETTER_WIDTH + SYMBOL_WIDTH;
  return Math.max(1, Math.min(names.length, Math.floor((CHART_WIDTH - 40) / widest)));
}

/** Height of a chart whose legend has rows of its own. */
export function heightWithLegend(names: readonly string[]): number {
  return CHART_HEIGHT + LEGEND_ROW * (Math.ceil(names.length / legendColumns(names)) - 1);
}

const nominal = (names: readonly string[], range: readonly unknown[]) => ({
  field: 'series',
  type: 'nominal' as const,
  sort: null,
  scale: { domain: [...names], range: [...range] as string[] },
});

/** Colors and shapes by the field `series`, with one legend. */
export function symbolsOf(names: readonly string[]) {
  const styles = names.map((_, index) => categoryStyle(index));
  const legend = { columns: legendColumns(names), symbolSize: 90, symbolStrokeWidth: 2 };
  return {
    color: {
      ...nominal(
        names,
        styles.map(({ color }) => color),
      ),
      legend,
    },
    shape: {
      ...nominal(
        names,
        styles.map(({ shape }) => shape),
      ),
      legend,
    },
  };
}

/**
 * A layer for each choice that `values` are of. Its style is written out rather than scaled by the field: Vega-Lite merges all
 * legends of one domain, those that were switched off with the one that was not.
 * @param drawn the mark and encoding of a layer, without its color
 */
export function layersOf<T extends { readonly series: string }>(
  names: readonly string[],
  values: readonly T[],
  drawn: (style: CategoryStyle) => { readonly mark: object; readonly encoding: object },
): object[] {
  return names.flatMap((name, index) => {
    const own = values.filter(({ series }) => series === name);
    return own.length === 0 ? [] : [{ data: { values: own }, ...drawn(categoryStyle(index)) }];
  });
}

/** Whether numbers of these sizes need a logarithm to be told apart. */
export function isWide(values: readonly number[]): boolean {
  const positive = values.filter((value) => value > 0);
  if (positive.length < 2) return false;
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  return high / low > LOG_RATIO;
}

/** An axis from the values that are drawn along it. */
export interface ScaledAxis {
  readonly field: string;
  readonly title: string;
  readonly values: readonly number[];
  readonly log: boolean;
}

export function quantitative({ field, title, values, log }: ScaledAxis) {
  const axis = log ? { format: '~g', values: ticksWithin(values), labelOverlap: true } : { tickCount: 6 };
  return {
    field,
    type: 'quantitative' as const,
    title: log ? `${title}, log` : title,
    axis,
    scale: log ? { type: 'log' as const, nice: false, padding: 8 } : { zero: true, nice: false },
  };
}

/** Ticks of a logarithmic axis that does not reach out to the next decade. */
function ticksWithin(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  const ticks = logTicks(positive).filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  return ticks.length >= 2 ? ticks : [low, high].map((value) => Number(value.toPrecision(2)));
}
