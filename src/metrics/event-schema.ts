/**
 * The shapes of events.ts as zod schemas, for lines that come from a file. JSON has no NaN and no infinity:
 * JSON.stringify writes both as null, and a diverged run has them. `measured` reads that null back as NaN, so
 * that a curve shows a gap where the run had no number, and never a made-up zero.
 *
 * The schema number is checked before any shape, so that a file of another version is called that.
 */
import { z } from 'zod';
import { METRICS_SCHEMA, type MetricsEvent } from './events.js';

const count = z.number().int().nonnegative();
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const share = z.number().nullable();
const seconds = z.object({ train: z.number(), compress: z.number(), exchange: z.number(), wait: z.number() });

const run = z.object({
  event: z.literal('run'),
  schema: z.literal(METRICS_SCHEMA),
  version: z.string(),
  commit: z.string().nullable(),
  driver: z.enum(['swarm', 'simulation']),
  peer: count.optional(),
  config: z.record(z.string(), z.unknown()),
  configHash: z.string(),
  engine: z.string(),
  parameters: count,
  topology: z.object({
    name: z.string(),
    spec: z.string(),
    nodes: count,
    edges: z.array(z.tuple([count, count])),
    spectralGap: measured,
  }),
});

const round = z.object({
  event: z.literal('round'),
  atMs: z.number(),
  peer: count,
  round: count,
  loss: measured,
  accuracy: share,
  activeLinks: count,
  links: count,
  exchanges: z.array(count).optional(),
  payloadBytes: count,
  wireBytes: count,
  uncompressedBytes: count,
  samples: count,
  steps: count.optional(),
  seconds,
  engine: z.string().optional(),
  omega: z.record(z.string(), measured).optional(),
});

const evaluation = z.object({
  event: z.literal('evaluation'),
  atMs: z.number(),
  round: count,
  peers: count,
  meanModel: z.object({ loss: measured, accuracy: share }),
  local: z.object({ loss: measured, mean: share, worst: share, best: share }),
  consensusDistance: measured,
  payloadBytesPerPeer: z.number(),
  wireBytesPerPeer: z.number(),
});

const edge = z.object({
  event: z.literal('edge'),
  atMs: z.number(),
  peer: count,
  neighbor: count,
  round: count,
  state: z.enum(['active', 'inactive', 'closed']),
  reason: z.string(),
});

const peerLost = z.object({
  event: z.literal('peer-lost'),
  atMs: z.number(),
  peer: count,
  round: count,
  reason: z.string(),
});

const notice = z.object({
  event: z.literal('notice'),
  atMs: z.number(),
  peer: count.nullable(),
  code: z.string(),
  message: z.string(),
});

const end = z.object({
  event: z.literal('end'),
  atMs: z.number(),
  outcome: z.enum(['done', 'failed', 'interrupted']),
});

/** One line of metrics.jsonl. Unknown keys are dropped; unknown events are errors, for the schema number covers them. */
export const metricsEventSchema: z.ZodType<MetricsEvent> = z.discriminatedUnion('event', [
  run,
  round,
  evaluation,
  edge,
  peerLost,
  notice,
  end,
]);

/** Just enough of the first line to know whether this version can read the rest. */
export const runHeadSchema = z.object({ event: z.literal('run'), schema: z.number() });
