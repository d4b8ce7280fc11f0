/** The charts of an experiment's report, in sections and in reading order; a chart that has nothing to say is left out. */
import { type Chart, renderPlans } from '../charts.js';
import type { ChartPlan } from '../vega-svg.js';
import { MAX_PANELS, planDistancePanels, planQualityPanels } from './curve-panels.js';
import { planQualityMap, planTimeMap } from './heat-maps.js';
import { planGapCharts, planPareto } from './scatter-charts.js';
import { differsIn, type Sweep } from './sweep.js';

interface SectionPlan {
  readonly title: string;
  /** How to read what is drawn. */
  readonly note: string;
  readonly plans: readonly ChartPlan[];
}

export interface ChartSection {
  readonly title: string;
  readonly note: string;
  readonly charts: readonly Chart[];
}

/** Names of files and ids: what two contexts would share is numbered. */
function distinct(plans: readonly ChartPlan[]): ChartPlan[] {
  return plans.map((plan, index) => {
    const before = plans.slice(0, index).filter(({ id }) => id === plan.id).length;
    return before === 0 ? plan : { ...plan, id: `${plan.id}-${before + 1}` };
  });
}

/** @param target of the time to it; null where nothing was measured */
export function planSweepCharts(sweep: Sweep, target: number | null): SectionPlan[] {
  const { quality, contexts } = sweep;
  const left = contexts.length - MAX_PANELS;
  const cut = left > 0 ? ` ${left} of ${contexts.length} contexts are only in the table.` : '';
  const curves = distinct(planQualityPanels(sweep));
  const against = (cost: string): ChartPlan[] =>
    curves.filter(({ id }) => id.startsWith(`${quality.kind}-${cost}`));
  const band = `Lines are means over the seeds, bands reach from the worst to the best seed. The vertical axis leaves out the steep beginning.${cut}`;
  return [
    {
      title: 'Overview',
      note: 'Final values are means over the seeds; bars on dots are one standard deviation each way. Stairs: what no other beats in both.',
      plans: [
        ...planQualityMap(sweep),
        ...(target !== null && differsIn('simulatedSeconds', sweep) ? planTimeMap(sweep, target) : []),
        ...distinct(planGapCharts(sweep)),
        ...planPareto(sweep),
      ],
    },
    ...(['rounds', 'bytes', 'seconds'] as const).map((cost) => ({
      title: `${quality.kind === 'accuracy' ? 'Accuracy' : 'Loss'} against ${cost === 'seconds' ? 'simulated seconds' : cost}`,
      note: band,
      plans: against(cost),
    })),
    {
      title: 'Consensus distance against rounds',
      note: `sqrt(mean over peers of norm(x_i - mean)^2). Bands reach from the least to the greatest seed.${cut}`,
      plans: distinct(planDistancePanels(sweep)),
    },
  ].filter(({ plans }) => plans.length > 0);
}

/** The sections with their charts rendered. */
export async function renderSweepCharts(sweep: Sweep, target: number | null): Promise<ChartSection[]> {
  const sections: ChartSection[] = [];
  for (const { title, note, plans } of planSweepCharts(sweep, target))
    sections.push({ title, note, charts: await renderPlans(plans) });
  return sections;
}
