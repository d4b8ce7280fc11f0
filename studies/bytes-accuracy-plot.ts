/** Accuracy of the mean model against bytes a peer has sent, on the torus: one picture a partition. */
import { type ChartSpec, colorOf, renderVegaSvg } from '../src/report/vega-svg.js';
import { METHODS, PARTITIONS } from './bytes-accuracy-cells.js';
import { mean, type TrainingResult } from './bytes-accuracy-report.js';

const TOPOLOGY = 'torus';
/** Okabe and Ito 2008, in the order of METHODS, with a gray for their black, which a dark page would hide. */
const COLORS = ['#777777', '#56b4e9', '#e69f00', '#cc79a7', '#b8a800', '#0072b2', '#009e73', '#d55e00'];

interface Point {
  readonly series: string;
  readonly kilobytes: number;
  readonly accuracy: number;
}

function pointsOf(results: readonly TrainingResult[], partition: string): Point[] {
  const shown = results.filter(
    ({ cell, outcome }) =>
      cell.topology === TOPOLOGY && cell.partition === partition && cell.activity === 1 && !outcome.diverged,
  );
  return METHODS.flatMap(({ name }) => {
    const curves = shown.filter(({ cell }) => cell.method === name).map(({ outcome }) => outcome.curve);
    return (curves[0] ?? []).map(
      (first, k): Point => ({
        series: name,
        kilobytes: first.bytes / 1000,
        accuracy: mean(curves.map((curve) => curve[k]!.meanModel)),
      }),
    );
  });
}

function chartOf(points: readonly Point[]): ChartSpec {
  return {
    data: { values: [...points] },
    layer: [
      {
        mark: { type: 'line', strokeWidth: 2, point: { size: 22 } },
        encoding: {
          x: {
            field: 'kilobytes',
            type: 'quantitative',
            title: 'payload sent per peer (kB, log)',
            scale: { type: 'log', nice: false },
            axis: { format: '~s', tickCount: 5 },
          },
          y: {
            field: 'accuracy',
            type: 'quantitative',
            title: 'test accuracy',
            axis: { format: '.0%', tickCount: 5 },
            scale: { zero: false },
          },
          color: colorOf(
            METHODS.map(({ name }) => name),
            COLORS,
          ),
        },
      },
    ],
  };
}

export async function accuracyPlots(
  results: readonly TrainingResult[],
): Promise<{ readonly file: string; readonly svg: string }[]> {
  const plots = PARTITIONS.map((partition) => ({ partition, points: pointsOf(results, partition) }));
  return Promise.all(
    plots
      .filter(({ points }) => points.length > 0)
      .map(async ({ partition, points }) => ({
        file: `bytes-accuracy-${partition.split(':')[0]}.svg`,
        svg: await renderVegaSvg(chartOf(points)),
      })),
  );
}
