import { describe, expect, it } from 'vitest';
import {
  type EvaluationEvent,
  METRICS_SCHEMA,
  type RoundEvent,
  type RunEvent,
} from '../../../src/metrics/events.js';
import { summarize } from '../../../src/metrics/summary.js';
import { fakeRun } from '../../reference/fake-run.js';

/** A path of three peers, small enough to work every number out by hand. */
const run: RunEvent = {
  event: 'run',
  schema: METRICS_SCHEMA,
  version: '0.1.0',
  commit: null,
  driver: 'simulation',
  config: { task: 'mnist-mlp', algorithm: 'edge-choco', compressor: 'none', partition: 'iid', seed: 42 },
  configHash: 'abc',
  engine: 'test',
  parameters: 10,
  topology: {
    name: 'path',
    spec: 'path',
    nodes: 3,
    edges: [
      [0, 1],
      [1, 2],
    ],
    spectralGap: 0.5,
  },
};

function round(peer: number, number: number, change: Partial<RoundEvent> = {}): RoundEvent {
  return {
    event: 'round',
    atMs: 1000 * number,
    peer,
    round: number,
    loss: 1,
    accuracy: null,
    activeLinks: 1,
    links: 1,
    payloadBytes: 0,
    wireBytes: 0,
    uncompressedBytes: 0,
    samples: 0,
    seconds: { train: 0, compress: 0, exchange: 0, wait: 0 },
    ...change,
  };
}

function evaluation(number: number, change: Partial<EvaluationEvent> = {}): EvaluationEvent {
  return {
    event: 'evaluation',
    atMs: 1000 * number,
    round: number,
    peers: 3,
    meanModel: { loss: 0.5, accuracy: 0.9 },
    local: { loss: 0.7, mean: 0.8, worst: 0.6, best: 0.95 },
    consensusDistance: 0.25,
    payloadBytesPerPeer: 1,
    wireBytesPerPeer: 1,
    ...change,
  };
}

describe('summarize', () => {
  it('takes accuracy, loss and distance from the last evaluation, not the best one, each under its own name', () => {
    const best = evaluation(1, { meanModel: { loss: 0.1, accuracy: 0.99 }, consensusDistance: 0.01 });
    const summary = summarize([run, best, evaluation(2)]);
    expect(summary.accuracy).toEqual({ meanModel: 0.9, mean: 0.8, worst: 0.6, best: 0.95 });
    expect(summary.loss).toEqual({ meanModel: 0.5, mean: 0.7 });
    expect(summary.consensusDistance).toBe(0.25);
  });

  it('means the last cumulative bytes over the peers, and neither sums rounds nor takes the largest', () => {
    const summary = summarize([
      run,
      round(0, 1, { payloadBytes: 50, wireBytes: 60, uncompressedBytes: 500 }),
      round(0, 2, { payloadBytes: 100, wireBytes: 120, uncompressedBytes: 1000 }),
      round(1, 2, { payloadBytes: 200, wireBytes: 230, uncompressedBytes: 2000 }),
      round(2, 2, { payloadBytes: 300, wireBytes: 340, uncompressedBytes: 3300 }),
    ]);
    expect(summary.payloadBytesPerPeer).toBe(200); // (100 + 200 + 300) / 3
    expect(summary.wireBytesPerPeer).toBe(230); // (120 + 230 + 340) / 3
    expect(summary.uncompressedBytesPerPeer).toBe(2100); // (1000 + 2000 + 3300) / 3
    expect(summary.compressionRatio).toBe(10.5); // 2100 / 200
  });

  it('leaves a lost peer out of bytes, seconds and rounds, but not out of the samples', () => {
    const seconds = (train: number) => ({ train, compress: 2 * train, exchange: 3 * train, wait: 4 * train });
    const summary = summarize([
      run,
      round(2, 9, { payloadBytes: 7, samples: 5, seconds: seconds(100) }),
      { event: 'peer-lost', atMs: 1500, peer: 2, round: 9, reason: 'gone' },
      round(0, 4, { payloadBytes: 100, samples: 40, seconds: seconds(1) }),
      round(1, 3, { payloadBytes: 200, samples: 30, seconds: seconds(2) }),
      { event: 'end', atMs: 10_000, outcome: 'done' },
    ]);
    expect(summary.payloadBytesPerPeer).toBe(150); // (100 + 200) / 2
    expect(summary.seconds).toEqual({ total: 10, train: 1.5, compress: 3, exchange: 4.5, wait: 6 });
    expect(summary.rounds).toBe(4);
    expect(summary.samplesPerSecond).toBe(7.5); // (5 + 40 + 30) / 10
    expect(summary.peersLost).toEqual([2]);
  });

  it('means over all peers when every one of them was lost, and lists them in ascending order, as numbers', () => {
    const lost = (peer: number) => ({ event: 'peer-lost', atMs: 1, peer, round: 1, reason: 'gone' }) as const;
    const summary = summarize([
      run,
      round(10, 1, { payloadBytes: 10 }),
      round(9, 1, { payloadBytes: 30 }),
      lost(10),
      lost(9),
      lost(10),
    ]);
    expect(summary.payloadBytesPerPeer).toBe(20); // (10 + 30) / 2
    expect(summary.peersLost).toEqual([9, 10]);
  });

  it('names the engine that peers say they had, each with its peers where they differ', () => {
    expect(summarize([run, round(0, 1)]).engine).toBe('test');
    const had = (peer: number, engine: string) => round(peer, 1, { engine });
    expect(summarize([run, had(0, 'lean-wasm'), had(1, 'lean-wasm'), round(1, 2)]).engine).toBe('lean-wasm');
    const mixed = [had(10, 'lean-wasm'), had(2, 'lean-wasm'), had(1, 'tfjs-wasm')];
    expect(summarize([run, ...mixed]).engine).toBe('lean-wasm (2, 10), tfjs-wasm (1)');
  });

  it('answers with null for what a run without an evaluation never measured, and with 0 for what it never spent', () => {
    const summary = summarize([run]);
    expect(summary.accuracy).toEqual({ meanModel: null, mean: null, worst: null, best: null });
    expect(summary.loss).toEqual({ meanModel: null, mean: null });
    expect(summary.consensusDistance).toBeNull();
    expect(summary.compressionRatio).toBeNull();
    expect(summary.payloadBytesPerPeer).toBe(0);
    expect(summary.samplesPerSecond).toBe(0);
    expect(summary.seconds).toEqual({ total: 0, train: 0, compress: 0, exchange: 0, wait: 0 });
    expect(summary.rounds).toBe(0);
  });

  it('keeps the losses of a task without accuracy, and turns a loss that is not finite into null', () => {
    const summary = summarize([
      run,
      evaluation(1, {
        meanModel: { loss: 2, accuracy: null },
        local: { loss: Number.POSITIVE_INFINITY, mean: null, worst: null, best: null },
        consensusDistance: Number.NaN,
      }),
    ]);
    expect(summary.loss).toEqual({ meanModel: 2, mean: null });
    expect(summary.consensusDistance).toBeNull();
    expect(summary.accuracy.meanModel).toBeNull();
  });

  it('takes the latest event for the end of a run that crashed', () => {
    expect(summarize([run, round(0, 3), round(1, 2)]).seconds.total).toBe(3);
  });

  it('copies what the run says of itself', () => {
    expect(summarize([run])).toMatchObject({
      peers: 3,
      task: 'mnist-mlp',
      algorithm: 'edge-choco',
      compressor: 'none',
      partition: 'iid',
      seed: 42,
      configHash: 'abc',
      engine: 'test',
      topology: { name: 'path', nodes: 3, edges: 2, spectralGap: 0.5 },
    });
  });

  it('has the keys that scripts rely on', () => {
    expect(Object.keys(summarize(fakeRun({ rounds: 5 })))).toEqual([
      'peers',
      'rounds',
      'task',
      'algorithm',
      'compressor',
      'partition',
      'seed',
      'configHash',
      'engine',
      'topology',
      'accuracy',
      'loss',
      'consensusDistance',
      'payloadBytesPerPeer',
      'wireBytesPerPeer',
      'uncompressedBytesPerPeer',
      'compressionRatio',
      'seconds',
      'samplesPerSecond',
      'peersLost',
    ]);
  });

  it('survives JSON unchanged: no number in it is NaN or infinite', () => {
    for (const events of [
      [run],
      fakeRun({ rounds: 5 }),
      [run, evaluation(1, { consensusDistance: Number.NaN })],
    ]) {
      const summary = summarize(events);
      expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
    }
  });

  it('refuses events without a run', () => {
    expect(() => summarize([round(0, 1)])).toThrow(expect.objectContaining({ code: 'METRICS_UNREADABLE' }));
  });
});
