import { describe, expect, it } from 'vitest';
import { consensusDistance, meanModelOf } from '../../../src/metrics/consensus-distance.js';
import { createEvaluationCollector, MAX_OPEN_ROUNDS } from '../../../src/metrics/evaluation-collector.js';

const report = (peer: number, round: number, accuracy: number | null = null, parameters = [0]) => ({
  peer,
  round,
  parameters: Float32Array.from(parameters),
  loss: peer + 1,
  accuracy,
  payloadBytes: 100 * (peer + 1),
  wireBytes: 200 * (peer + 1),
});

describe('the mean model and the consensus distance', () => {
  it('are those of a hand-worked example: (0, 0), (2, 4), (4, 2)', () => {
    const models = [
      [0, 0],
      [2, 4],
      [4, 2],
    ].map((row) => Float32Array.from(row));
    const mean = meanModelOf(models);
    expect(Array.from(mean)).toEqual([2, 2]);
    // squared distances 8, 4, 4; their mean 16 / 3
    expect(consensusDistance(models, mean)).toBeCloseTo(Math.sqrt(16 / 3), 12);
  });
});

describe('evaluations of one round', () => {
  it('make one view when the last peer has reported: mean, worst and best are what they say', () => {
    const collector = createEvaluationCollector([0, 1, 2]);
    expect(collector.add(report(2, 5, 0.5, [6]))).toEqual([]);
    expect(collector.add(report(0, 5, 0.9, [0]))).toEqual([]);
    const [view] = collector.add(report(1, 5, 0.7, [3]));
    expect(view!.event).toMatchObject({
      round: 5,
      peers: 3,
      payloadBytesPerPeer: 200,
      wireBytesPerPeer: 400,
      local: { loss: 2, worst: 0.5, best: 0.9 },
    });
    expect(view!.event.local.mean).toBeCloseTo(0.7, 12);
    expect(Array.from(view!.meanModel)).toEqual([3]);
    expect(view!.event.consensusDistance).toBeCloseTo(Math.sqrt(6), 12);
  });

  it('are complete without a peer that is lost, and without what it had reported', () => {
    const collector = createEvaluationCollector([0, 1]);
    collector.add(report(1, 1));
    collector.add(report(0, 2));
    expect(collector.forget(1).map(({ event }) => [event.round, event.peers])).toEqual([[2, 1]]);
    expect(collector.add(report(0, 1)).map(({ event }) => [event.round, event.peers])).toEqual([[1, 1]]);
  });

  it('say null where the task has no accuracy', () => {
    const [view] = createEvaluationCollector([0]).add(report(0, 1));
    expect(view!.event.local).toEqual({ loss: 1, mean: null, worst: null, best: null });
  });

  it('are given up, oldest first, when a peer never reports: memory stays bounded', () => {
    const collector = createEvaluationCollector([0, 1]);
    for (let round = 1; round <= MAX_OPEN_ROUNDS + 3; round++) collector.add(report(0, round));
    expect(collector.forget(1)).toHaveLength(MAX_OPEN_ROUNDS);
  });
});
