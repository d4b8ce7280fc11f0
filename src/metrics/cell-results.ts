/**
 * One cell of an experiment as `grapevine experiment collect` writes it: a line of results.jsonl, a row of
 * results.parquet. A row is a function of the cell's settings alone; how long it took and on which machine stands in the
 * cell's own file, so that collected results are the same bytes wherever and however often a sweep was interrupted.
 *
 * Summary and series are pure functions of the run's events (summary.ts, seriesOf), for whichever driver ran it.
 * null stands for what was never measured, as in RunSummary; a diverged run's NaN is null, too, for JSON has none.
 */
import { z } from 'zod';
import type { MetricsEvent, RunSummary } from './events.js';

export const CELL_SCHEMA = 1;

const count = z.int().nonnegative();
const measured = z.number().nullable();

/** What a key of a configuration can be: specs, numbers, lists of specs (faults). */
const settingSchema = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.json())]);
const settingsSchema = z.record(z.string(), settingSchema);

const topologySchema = z.strictObject({
  name: z.string(),
  /** Canonical, with every option. */
  spec: z.string(),
  nodes: count,
  edges: count,
  spectralGap: measured,
});

const summarySchema = z.strictObject({
  /** Of the last evaluation; shares in [0, 1]. */
  accuracy: z.strictObject({ meanModel: measured, mean: measured, worst: measured, best: measured }),
  loss: z.strictObject({ meanModel: measured, mean: measured }),
  consensusDistance: measured,
  payloadBytesPerPeer: z.number(),
  wireBytesPerPeer: z.number(),
  uncompressedBytesPerPeer: z.number(),
  /** uncompressed / payload; null where nothing was sent. */
  compressionRatio: measured,
  /** Virtual time at the end of the run; null for a real swarm, whose seconds no second run repeats. */
  simulatedSeconds: measured,
  /** Node indices, ascending. */
  peersLost: z.array(count),
});

/** One evaluation of the whole swarm. Bytes are cumulative. */
const pointSchema = z.strictObject({
  /** Rounds finished; 0 is the model before training. */
  round: count,
  simulatedSeconds: measured,
  payloadBytesPerPeer: z.number(),
  wireBytesPerPeer: z.number(),
  meanModelAccuracy: measured,
  meanModelLoss: measured,
  meanAccuracy: measured,
  worstAccuracy: measured,
  consensusDistance: measured,
});

/** `done` has topology, summary and series; `failed` and `refused` have an error, and no numbers. */
export const cellResultSchema = z.strictObject({
  schema: z.literal(CELL_SCHEMA),
  /** Hash of the verified settings: equal cells have equal ids. Of a refused cell, of its settings as written. */
  cell: z.string().regex(/^[0-9a-f]{16}$/),
  /** Place in the manifest. */
  index: count,
  /** Every key of the run and its links, verified: specs canonical, defaults filled in. */
  settings: settingsSchema,
  /** The keys that vary in this experiment, with the values as verified. */
  axes: settingsSchema,
  status: z.enum(['done', 'failed', 'refused']),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  /** Hash of the run's configuration as peers compare it, without links; null where it was refused. */
  configHash: z.string().nullable(),
  topology: topologySchema.nullable(),
  summary: summarySchema.nullable(),
  series: z.array(pointSchema),
});

export type CellResult = z.output<typeof cellResultSchema>;
export type CellStatus = CellResult['status'];
export type CellSummary = NonNullable<CellResult['summary']>;
export type CellPoint = CellResult['series'][number];
export type CellTopology = NonNullable<CellResult['topology']>;
export type CellError = NonNullable<CellResult['error']>;
/** Values of a configuration: JSON, flat but for lists. */
export type CellSettings = CellResult['settings'];

/** What JSON can hold of a measured number. */
function finite(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : value;
}

/** A run's summary in the form of a cell: without what depends on the machine. */
export function cellSummaryOf(summary: RunSummary, driver: 'simulate' | 'swarm'): CellSummary {
  const { accuracy, loss, consensusDistance, compressionRatio, peersLost, seconds } = summary;
  const { payloadBytesPerPeer, wireBytesPerPeer, uncompressedBytesPerPeer } = summary;
  return {
    accuracy: { ...accuracy },
    loss: { ...loss },
    consensusDistance,
    payloadBytesPerPeer,
    wireBytesPerPeer,
    uncompressedBytesPerPeer,
    compressionRatio,
    simulatedSeconds: driver === 'simulate' ? finite(seconds.total) : null,
    peersLost: [...peersLost],
  };
}

/** The evaluations of a run, in the order of its events. */
export function seriesOf(events: readonly MetricsEvent[], driver: 'simulate' | 'swarm'): CellPoint[] {
  return events.flatMap((event): CellPoint[] => {
    if (event.event !== 'evaluation') return [];
    const { round, atMs, meanModel, local, consensusDistance } = event;
    const { payloadBytesPerPeer, wireBytesPerPeer } = event;
    return [
      {
        round,
        simulatedSeconds: driver === 'simulate' ? atMs / 1000 : null,
        payloadBytesPerPeer,
        wireBytesPerPeer,
        meanModelAccuracy: finite(meanModel.accuracy),
        meanModelLoss: finite(meanModel.loss),
        meanAccuracy: finite(local.mean),
        worstAccuracy: finite(local.worst),
        consensusDistance: finite(consensusDistance),
      },
    ];
  });
}
