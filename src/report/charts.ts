/** The charts of a report, from the events of a run, in reading order. */
import type { MetricsEvent } from '../metrics/events.js';
import { collectRunFacts } from '../metrics/summary.js';
import { planBars } from './bar-charts.js';
import { planCurves } from './curve-charts.js';
import { type ChartPlan, renderVegaSvg } from './vega-svg.js';

export interface Chart {
  /** Unique in a report; fit for an id attribute. */
  readonly id: string;
  readonly title: string;
  readonly svg: string;
}

/** What will be drawn. @throws GrapevineError METRICS_UNREADABLE: there is no run event */
export function planCharts(events: readonly MetricsEvent[]): ChartPlan[] {
  const { lastRounds, peersLost } = collectRunFacts(events);
  const evaluations = events.filter((event) => event.event === 'evaluation');
  return [...planCurves(evaluations), ...planBars(lastRounds, peersLost)];
}

/** Rendered one after another. */
export async function renderPlans(plans: readonly ChartPlan[]): Promise<Chart[]> {
  const charts: Chart[] = [];
  for (const { id, title, spec, height } of plans)
    charts.push({ id, title, svg: await renderVegaSvg(spec, height) });
  return charts;
}

/** The charts of a run. @throws GrapevineError METRICS_UNREADABLE: there is no run event */
export async function renderCharts(events: readonly MetricsEvent[]): Promise<Chart[]> {
  return renderPlans(planCharts(events));
}
