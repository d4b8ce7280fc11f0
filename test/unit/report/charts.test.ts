import { describe, expect, it } from 'vitest';
import type { EvaluationEvent, MetricsEvent } from '../../../src/metrics/events.js';
import { byteUnitFor, logTicks, secondUnitFor } from '../../../src/report/chart-units.js';
import { planCharts, renderCharts } from '../../../src/report/charts.js';
import { thin } from '../../../src/report/curve-charts.js';
import { fakeRun } from '../../reference/fake-run.js';

const events = fakeRun({ peers: 8, rounds: 20 });
const ids = (of: readonly MetricsEvent[]) => planCharts(of).map((plan) => plan.id);
const withEvaluations = (change: (event: EvaluationEvent) => EvaluationEvent) =>
  events.map((event) => (event.event === 'evaluation' ? change(event) : event));

describe('planCharts', () => {
  it('draws accuracy and loss against rounds, bytes and seconds, then distance, phases and bytes', () => {
    expect(ids(events)).toEqual([
      'accuracy-rounds',
      'accuracy-bytes',
      'accuracy-seconds',
      'loss-rounds',
      'loss-bytes',
      'loss-seconds',
      'consensus-rounds',
      'phases',
      'bytes',
    ]);
  });

  it('draws no accuracy for a task without one', () => {
    const without = withEvaluations((event) => ({
      ...event,
      meanModel: { ...event.meanModel, accuracy: null },
      local: { ...event.local, mean: null, worst: null, best: null },
    }));
    expect(ids(without).some((id) => id.startsWith('accuracy'))).toBe(false);
  });

  it('draws only what a run without evaluations or rounds has', () => {
    expect(ids(events.filter((event) => event.event !== 'evaluation'))).toEqual(['phases', 'bytes']);
    expect(ids(events.slice(0, 1))).toEqual([]);
  });

  it('plots the values of the evaluations in the units that the axes name', () => {
    const plan = planCharts(events).find(({ id }) => id === 'accuracy-bytes')!;
    const last = events.findLast((event) => event.event === 'evaluation')!;
    const { values } = plan.spec.data as { values: Record<string, number>[] };
    expect(values).toHaveLength(4); // rounds 5, 10, 15, 20
    expect(values.at(-1)).toEqual({
      x: last.payloadBytesPerPeer / 1000, // 371 kB in all
      y: last.meanModel.accuracy,
      worst: last.local.worst,
      best: last.local.best,
    });
    expect(JSON.stringify(plan.spec)).toContain('payload sent per peer (kB)');
  });

  it('leaves a gap where a distance has no logarithm and where a loss was not finite', () => {
    const diverged = withEvaluations((event) => ({
      ...event,
      consensusDistance: event.round === 5 ? 0 : event.consensusDistance,
      meanModel: { ...event.meanModel, loss: event.round === 10 ? Number.NaN : event.meanModel.loss },
    }));
    const text = (id: string) =>
      JSON.stringify(planCharts(diverged).find((plan) => plan.id === id)!.spec.data);
    expect(text('consensus-rounds')).toContain('{"x":5,"y":null}');
    expect(text('loss-rounds')).toContain('{"x":10,"series":"mean model","y":null}');
  });
});

describe('renderCharts', () => {
  it('renders SVG that scales, follows light and dark, and holds no NaN', async () => {
    const charts = await renderCharts(events);
    expect(charts).toHaveLength(9);
    for (const { svg } of charts) {
      expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"/);
      expect(svg.slice(0, svg.indexOf('>'))).not.toMatch(/ (width|height)="/);
      expect(svg).toContain('var(--ink-soft');
      expect(svg).not.toMatch(/NaN|undefined/);
      expect(svg).not.toContain('http://www.w3.org/1999/xhtml');
    }
    const accuracy = charts[0]!.svg;
    expect(accuracy).toContain('test accuracy');
    expect(accuracy).toContain('worst to best peer');
    expect(charts[7]!.svg).toContain('time (s)');
    expect(charts[7]!.svg).toContain('5 ✕'); // the lost peer
  });

  it('renders a run with one evaluation, and one whose distance was zero throughout', async () => {
    const one = events.filter((event) => event.event !== 'evaluation' || event.round === 5);
    expect(await renderCharts(one)).toHaveLength(9);
    expect(await renderCharts(withEvaluations((event) => ({ ...event, consensusDistance: 0 })))).toHaveLength(
      9,
    );
  });
});

describe('chart units', () => {
  it('keep the largest value between 1 and 1000', () => {
    expect(byteUnitFor(0)).toEqual({ name: 'B', size: 1 });
    expect(byteUnitFor(999)).toEqual({ name: 'B', size: 1 });
    expect(byteUnitFor(1000)).toEqual({ name: 'kB', size: 1000 });
    expect(byteUnitFor(3.2e9)).toEqual({ name: 'GB', size: 1e9 });
    expect(secondUnitFor(179)).toEqual({ name: 's', size: 1 });
    expect(secondUnitFor(180)).toEqual({ name: 'min', size: 60 });
    expect(secondUnitFor(10_800)).toEqual({ name: 'h', size: 3600 });
  });

  it('put ticks of a logarithmic axis on 1, 2 and 5 over few decades, on powers of ten over many', () => {
    expect(logTicks([0.03, 0.4])).toEqual([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]);
    expect(logTicks([1e-5, 1])).toEqual([1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]);
    expect(logTicks([1e-20, 1]).length).toBeLessThanOrEqual(10);
    expect(logTicks([])).toEqual([]);
  });
});

describe('thin', () => {
  const numbers = Array.from({ length: 1001 }, (_, i) => i);

  it('keeps the first and the last, in order, without repeats', () => {
    const kept = thin(numbers, 11);
    expect(kept).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(thin(numbers, 5000)).toBe(numbers);
  });
});
