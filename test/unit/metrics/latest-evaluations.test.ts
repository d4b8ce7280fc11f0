import { describe, expect, it } from 'vitest';
import { createLatestEvaluations } from '../../../src/metrics/latest-evaluations.js';

const report = (peer: number, round: number, parameters = [0]) => ({
  peer,
  round,
  parameters: Float32Array.from(parameters),
  loss: 1,
  accuracy: null,
  payloadBytes: 100,
  wireBytes: 200,
});

describe('views of a swarm without common rounds', () => {
  it('are one a round where peers are equally quick', () => {
    const collector = createLatestEvaluations([0, 1]);
    const views = [1, 2, 3].flatMap((round) => [
      ...collector.add(report(1, round, [round])),
      ...collector.add(report(0, round, [3 * round])),
    ]);
    expect(views.map(({ event }) => [event.round, event.peers])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
    expect(Array.from(views[2]!.meanModel)).toEqual([6]);
  });

  it('do not wait for a slow peer: it stands in them as it was last, and not at all before it was evaluated', () => {
    const collector = createLatestEvaluations([0, 1, 2]);
    const views = [1, 2, 3].flatMap((round) => [
      ...collector.add(report(0, 10 * round)),
      ...collector.add(report(1, 10 * round)),
    ]);
    views.push(
      ...collector.add(report(2, 10, [6])),
      ...collector.add(report(0, 40)),
      ...collector.add(report(1, 40)),
    );
    // (20 + 10 + 0) / 3, (30 + 30 + 0) / 3, (40 + 40 + 10) / 3
    expect(views.map(({ event }) => [event.round, event.peers])).toEqual([
      [10, 2],
      [20, 2],
      [30, 3],
    ]);
    expect(Array.from(views[2]!.meanModel)).toEqual([2]);
  });

  it('end with one of the last round of all, and do without the lost', () => {
    const collector = createLatestEvaluations([0, 1, 2]);
    collector.add(report(0, 10));
    collector.add(report(1, 10));
    expect(collector.forget(2).map(({ event }) => [event.round, event.peers])).toEqual([[10, 2]]);
    expect(collector.add(report(2, 10))).toEqual([]);
    expect(collector.add(report(0, 20))).toEqual([]);
    expect(collector.add(report(1, 20)).map(({ event }) => event.round)).toEqual([20]);
    expect(collector.forget(0)).toEqual([]);
    expect(collector.forget(1)).toEqual([]);
  });
});
