import { describe, expect, it } from 'vitest';
import type { CellResult } from '../../../../src/metrics/cell-results.js';
import { slug } from '../../../../src/report/sweep/curve-panels.js';
import { gapDots } from '../../../../src/report/sweep/scatter-charts.js';
import { readSweep } from '../../../../src/report/sweep/sweep.js';
import { planSweepCharts, renderSweepCharts } from '../../../../src/report/sweep/sweep-charts.js';
import { fakeCells, fakeGrid } from '../../../reference/fake-sweep.js';

const grid = fakeGrid(
  {
    'ring none': [0.9, 0.92],
    'ring sign': [0.7, 0.8],
    'complete none': [0.94, 0.95],
    'complete sign': [0.93, 0.94],
  },
  { none: 4000, sign: 100 },
  { ring: 0.05, complete: 1 },
);
const plansOf = (cells: readonly CellResult[], target: number | null = 0.9) =>
  planSweepCharts(readSweep(cells), target).flatMap(({ plans }) => plans);
const ids = (cells: readonly CellResult[]) => plansOf(cells).map(({ id }) => id);
const plan = (id: string, cells = grid) => plansOf(cells).find((found) => found.id === id)!;

describe('planSweepCharts', () => {
  it('draws overview, curves and distances, a panel for each context, and no cost that all share', () => {
    expect(ids(grid)).toEqual([
      'heat-map',
      'spectral-gap',
      'pareto',
      'accuracy-rounds-ring',
      'accuracy-rounds-complete',
      'accuracy-bytes-ring',
      'accuracy-bytes-complete', // all took ten seconds
      'consensus-rounds-ring',
      'consensus-rounds-complete',
    ]);
  });

  it('draws seconds where choices differ in them', () => {
    const cells = grid.map((cell, place) => ({
      ...cell,
      summary: { ...cell.summary!, simulatedSeconds: 10 + place },
    }));
    expect(ids(cells)).toEqual(expect.arrayContaining(['time-to-target', 'accuracy-seconds-ring']));
  });

  it('draws curves alone where nothing but the seed varies', () => {
    const cells = fakeCells([1, 2].map((seed) => ({ axes: { seed }, accuracy: 0.9 })));
    expect(ids(cells)).toEqual(['accuracy-rounds', 'consensus-rounds']);
  });

  it('draws no spectral gap where the topology does not vary, nor where its gap is unknown', () => {
    const partitions = fakeCells(
      ['iid', 'sorted'].flatMap((partition) =>
        ['a', 'b'].map((algorithm) => ({ axes: { partition, algorithm }, accuracy: 0.9, gap: null })),
      ),
    );
    expect(ids(partitions)).toContain('heat-map');
    expect(ids(partitions)).not.toContain('spectral-gap');
  });

  it('names the unit of every axis', () => {
    for (const { spec } of plansOf(grid)) {
      const titles = JSON.stringify(spec).match(/"title":("[^"]*"|null)/g)!;
      expect(titles.every((title) => title.length > '"title":""'.length)).toBe(true);
    }
    expect(JSON.stringify(plan('accuracy-bytes-ring').spec)).toContain('payload sent per peer (kB), log');
  });

  it('puts a number on every cell of the heat map, and says what failed', () => {
    const cells = grid.map((cell, place) =>
      place === 3 ? { ...cell, status: 'failed' as const, summary: null, series: [] } : cell,
    );
    const { values } = plan('heat-map', cells).spec.data as {
      values: { row: string; column: string; text: string }[];
    };
    expect(values.map(({ row, column, text }) => [row, column, text])).toEqual([
      ['ring', 'none', '91.0%'],
      ['ring', 'sign', 'failed'],
      ['complete', 'none', '94.5%'],
      ['complete', 'sign', '93.5%'],
    ]);
  });

  it('scatters final accuracy over the gap, with one deviation each way', () => {
    const dots = gapDots(readSweep(grid).groups);
    expect(dots.map(({ series, x, y }) => [series, x, Number(y.toFixed(6))])).toEqual([
      ['none', 0.05, 0.91],
      ['sign', 0.05, 0.75],
      ['none', 1, 0.945],
      ['sign', 1, 0.935],
    ]);
    const sd = Math.SQRT1_2 * 0.1; // of 0.7 and 0.8
    expect(dots[1]!.low).toBeCloseTo(0.75 - sd, 12);
    expect(dots[1]!.high).toBeCloseTo(0.75 + sd, 12);
  });
});

describe('renderSweepCharts', () => {
  it('renders SVG with a legend of all choices, no NaN, and no id that two charts of a page would share', async () => {
    const sections = await renderSweepCharts(readSweep(grid), 0.9);
    const charts = sections.flatMap((section) => section.charts);
    expect(charts).toHaveLength(9);
    for (const { id, svg } of charts) {
      expect(svg, id).not.toMatch(/NaN|undefined|Infinity/);
      expect(svg, id).not.toMatch(/clip-path=|\sid="/);
      if (id !== 'heat-map') expect(svg, id).toMatch(/>none<[\s\S]*>sign</);
    }
  });

  it('has names fit for files, each its own', () => {
    const twins = fakeGrid({ 'a.b none': [0.9], 'a.b sign': [0.8], 'a-b none': [0.9], 'a-b sign': [0.8] });
    const names = ids(twins);
    expect(names).toContain('accuracy-rounds-a-b-2');
    expect(new Set(names).size).toBe(names.length);
    expect(slug('low-rank rank=1, torus')).toBe('low-rank-rank-1-torus');
    expect(slug('../../etc/passwd')).toBe('etc-passwd');
  });
});
