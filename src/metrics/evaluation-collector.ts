/**
 * Puts the peers' own evaluations of one round together to one view of the swarm. Peers reach a round at
 * different times; a round is complete when every peer that is still expected has reported it. Where peers share no
 * rounds, latest-evaluations.ts does this.
 */
import { consensusDistance, meanModelOf } from './consensus-distance.js';
import type { EvaluationEvent } from './events.js';

/** One peer's model at the end of a round, evaluated on the test set. */
export interface PeerEvaluation {
  readonly peer: number;
  readonly round: number;
  readonly parameters: Float32Array;
  readonly loss: number;
  readonly accuracy: number | null;
  readonly payloadBytes: number;
  readonly wireBytes: number;
}

/** Everything of an EvaluationEvent but the mean model's own score, which needs a model to evaluate it. */
export interface SwarmView {
  readonly event: Omit<EvaluationEvent, 'meanModel' | 'atMs'>;
  readonly meanModel: Float32Array;
}

/** Rounds kept waiting for stragglers; an older incomplete one is given up, so that memory stays bounded. */
export const MAX_OPEN_ROUNDS = 8;

export interface EvaluationCollector {
  /** All that it remembers, for a checkpoint: plain data, changed in place. */
  readonly state: object;
  /** Returns the rounds that this report has completed, in order. */
  add(report: PeerEvaluation): SwarmView[];
  /** A peer that will report no more; returns the rounds that waited only for it. */
  forget(peer: number): SwarmView[];
  /** A peer that reports from `round` on: it is new, or has been started again. */
  expect(peer: number, round: number): void;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Means over `reports`, ascending by peer. */
export function viewOf(round: number, reports: readonly PeerEvaluation[]): SwarmView {
  const models = reports.map(({ parameters }) => parameters);
  const meanModel = meanModelOf(models);
  const accuracies = reports.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]));
  const scored = accuracies.length > 0;
  return {
    meanModel,
    event: {
      event: 'evaluation',
      round,
      peers: reports.length,
      local: {
        loss: average(reports.map(({ loss }) => loss)),
        mean: scored ? average(accuracies) : null,
        worst: scored ? Math.min(...accuracies) : null,
        best: scored ? Math.max(...accuracies) : null,
      },
      consensusDistance: consensusDistance(models, meanModel),
      payloadBytesPerPeer: average(reports.map(({ payloadBytes }) => payloadBytes)),
      wireBytesPerPeer: average(reports.map(({ wireBytes }) => wireBytes)),
    },
  };
}

export function createEvaluationCollector(peers: Iterable<number>): EvaluationCollector {
  /** Peers, and the first round that each reports. */
  const expected = new Map(Array.from(peers, (peer) => [peer, 0]));
  const open = new Map<number, Map<number, PeerEvaluation>>();

  const takeComplete = (): SwarmView[] => {
    const rounds = [...open.keys()].sort((a, b) => a - b);
    const views: SwarmView[] = [];
    for (const round of rounds) {
      const reports = open.get(round)!;
      if ([...expected].some(([peer, first]) => round >= first && !reports.has(peer))) continue;
      open.delete(round);
      const living = [...reports.values()].filter(({ peer }) => expected.has(peer));
      if (living.length > 0)
        views.push(
          viewOf(
            round,
            living.sort((a, b) => a.peer - b.peer),
          ),
        );
    }
    return views;
  };

  return {
    state: { expected, open },
    add(report) {
      const reports = open.get(report.round) ?? new Map<number, PeerEvaluation>();
      reports.set(report.peer, report);
      open.set(report.round, reports);
      const views = takeComplete();
      while (open.size > MAX_OPEN_ROUNDS) open.delete(Math.min(...open.keys()));
      return views;
    },
    forget(peer) {
      expected.delete(peer);
      return takeComplete();
    },
    expect(peer, round) {
      expected.set(peer, round);
    },
  };
}
