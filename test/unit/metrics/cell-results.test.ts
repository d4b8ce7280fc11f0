import { describe, expect, it } from 'vitest';
import { cellResultSchema, cellSummaryOf, seriesOf } from '../../../src/metrics/cell-results.js';
import type { EvaluationEvent, MetricsEvent, RunSummary } from '../../../src/metrics/events.js';

const evaluation = (round: number, loss: number): EvaluationEvent => ({
  event: 'evaluation',
  atMs: 1500 * round,
  round,
  peers: 2,
  meanModel: { loss, accuracy: 0.5 },
  local: { loss, mean: 0.4, worst: 0.3, best: 0.6 },
  consensusDistance: 0.25,
  payloadBytesPerPeer: 10 * round,
  wireBytesPerPeer: 12 * round,
});
const end: MetricsEvent = { event: 'end', atMs: 9, outcome: 'done' };

describe('the series of a cell', () => {
  it('has a point for each evaluation, in simulated seconds', () => {
    expect(seriesOf([evaluation(0, 2), evaluation(4, 1), end], 'simulate')).toEqual([
      expect.objectContaining({ round: 0, simulatedSeconds: 0, meanModelLoss: 2 }),
      {
        round: 4,
        simulatedSeconds: 6,
        payloadBytesPerPeer: 40,
        wireBytesPerPeer: 48,
        meanModelAccuracy: 0.5,
        meanModelLoss: 1,
        meanAccuracy: 0.4,
        worstAccuracy: 0.3,
        consensusDistance: 0.25,
      },
    ]);
  });

  it('has no seconds of a real swarm, which no second run repeats, and null for what is no number', () => {
    const [point] = seriesOf([evaluation(4, Number.NaN)], 'swarm');
    expect(point).toMatchObject({ simulatedSeconds: null, meanModelLoss: null });
    expect(JSON.parse(JSON.stringify(point))).toEqual(point);
  });
});

describe('the summary of a cell', () => {
  const summary = {
    accuracy: { meanModel: 0.9, mean: 0.8, worst: 0.7, best: 0.95 },
    loss: { meanModel: 0.1, mean: 0.2 },
    consensusDistance: 0.5,
    payloadBytesPerPeer: 10,
    wireBytesPerPeer: 12,
    uncompressedBytesPerPeer: 40,
    compressionRatio: 4,
    seconds: { total: 7.5, train: 1, compress: 2, exchange: 3, wait: 4 },
    peersLost: [3],
    engine: 'lean-wasm',
    samplesPerSecond: 100,
  } as unknown as RunSummary;

  it('leaves out what depends on the machine', () => {
    expect(cellSummaryOf(summary, 'simulate')).toEqual({
      accuracy: summary.accuracy,
      loss: summary.loss,
      consensusDistance: 0.5,
      payloadBytesPerPeer: 10,
      wireBytesPerPeer: 12,
      uncompressedBytesPerPeer: 40,
      compressionRatio: 4,
      simulatedSeconds: 7.5,
      peersLost: [3],
    });
    expect(cellSummaryOf(summary, 'swarm').simulatedSeconds).toBeNull();
  });
});

describe('a row', () => {
  it('is refused with keys that nobody knows: another schema has another number', () => {
    const row = {
      ...{ schema: 1, cell: '0123456789abcdef', index: 0, settings: { peers: 4, faults: [] }, axes: {} },
      ...{ status: 'refused', error: { code: 'BAD_SPEC', message: 'no' }, configHash: null },
      ...{ topology: null, summary: null, series: [] },
    };
    expect(cellResultSchema.parse(row)).toEqual(row);
    expect(cellResultSchema.safeParse({ ...row, extra: 1 }).success).toBe(false);
    expect(cellResultSchema.safeParse({ ...row, schema: 2 }).success).toBe(false);
  });
});
