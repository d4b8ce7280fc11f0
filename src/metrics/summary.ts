/**
 * The summary of a run as a pure function of its events. Which numbers each line comes from:
 *
 *   accuracy, loss, consensusDistance   the last evaluation; null if there was none
 *   bytes per peer, phase seconds       the mean, over the peers that were not lost, of their last round event
 *                                       (its counters are cumulative); a lost peer stopped early and would
 *                                       drag the means down. If all were lost: over all. If none reported: 0
 *   rounds                              the furthest that one of those peers has come
 *   total seconds                       the end event; without one (a crash) the latest event
 *   samplesPerSecond                    the samples of all peers, the lost ones too, over the total seconds
 *   peersLost                           the peer-lost events
 *
 * task, algorithm, compressor, partition and seed are read from the configuration by these names.
 */
import { GrapevineError } from '../base/errors.js';
import type {
  EvaluationEvent,
  MetricsEvent,
  PhaseSeconds,
  RoundEvent,
  RunEvent,
  RunSummary,
} from './events.js';

/** What is needed of a run, found in one pass. */
export interface RunFacts {
  readonly run: RunEvent;
  /** The last round event of each peer, ascending by peer. */
  readonly lastRounds: readonly RoundEvent[];
  readonly lastEvaluation: EvaluationEvent | null;
  /** The engine of each peer that has named it. */
  readonly engines: ReadonlyMap<number, string>;
  /** Node indices, ascending. */
  readonly peersLost: readonly number[];
  readonly totalSeconds: number;
  /** null for a run that has not ended, or crashed. */
  readonly outcome: 'done' | 'failed' | 'interrupted' | null;
}

/** @throws GrapevineError METRICS_UNREADABLE: there is no run event */
export function collectRunFacts(events: readonly MetricsEvent[]): RunFacts {
  let run: RunEvent | null = null;
  let lastEvaluation: EvaluationEvent | null = null;
  let outcome: RunFacts['outcome'] = null;
  let latestMs = 0;
  let endMs: number | null = null;
  const rounds = new Map<number, RoundEvent>();
  const lost = new Set<number>();
  const engines = new Map<number, string>();
  for (const event of events) {
    if (event.event === 'run') run = event;
    else latestMs = Math.max(latestMs, event.atMs);
    if (event.event === 'round') {
      rounds.set(event.peer, event);
      if (event.engine !== undefined) engines.set(event.peer, event.engine);
    } else if (event.event === 'evaluation') lastEvaluation = event;
    else if (event.event === 'peer-lost') lost.add(event.peer);
    else if (event.event === 'end') {
      endMs = event.atMs;
      outcome = event.outcome;
    }
  }
  if (run === null) {
    throw new GrapevineError(
      'METRICS_UNREADABLE',
      'the metrics hold no "run" event: the run ended before it began. Run it again.',
    );
  }
  return {
    run,
    lastRounds: [...rounds.values()].sort((a, b) => a.peer - b.peer),
    lastEvaluation,
    engines,
    peersLost: [...lost].sort((a, b) => a - b),
    totalSeconds: (endMs ?? latestMs) / 1000,
    outcome,
  };
}

/** One name where all peers had one engine, else each with its peers. */
function engineText(run: RunEvent, engines: ReadonlyMap<number, string>): string {
  const names = [...new Set(engines.values())].sort();
  if (names.length <= 1) return names[0] ?? run.engine;
  const peersOf = (name: string) => [...engines].flatMap(([peer, own]) => (own === name ? [peer] : []));
  return names
    .map(
      (name) =>
        `${name} (${peersOf(name)
          .sort((a, b) => a - b)
          .join(', ')})`,
    )
    .join(', ');
}

/** Arithmetic mean; 0 of nothing. */
function meanOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.length === 0 ? 0 : items.reduce((sum, item) => sum + value(item), 0) / items.length;
}

function meanSeconds(rounds: readonly RoundEvent[]): PhaseSeconds {
  return {
    train: meanOf(rounds, (round) => round.seconds.train),
    compress: meanOf(rounds, (round) => round.seconds.compress),
    exchange: meanOf(rounds, (round) => round.seconds.exchange),
    wait: meanOf(rounds, (round) => round.seconds.wait),
  };
}

/** A finite number, or null for what is missing or not finite: what JSON can hold. */
function finiteOrNull(value: number | null | undefined): number | null {
  return value === null || value === undefined || !Number.isFinite(value) ? null : value;
}

function textOf(config: RunEvent['config'], key: string): string {
  const value = config[key];
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function outcomeOf(
  evaluation: EvaluationEvent | null,
): Pick<RunSummary, 'accuracy' | 'loss' | 'consensusDistance'> {
  return {
    accuracy: {
      meanModel: finiteOrNull(evaluation?.meanModel.accuracy),
      mean: finiteOrNull(evaluation?.local.mean),
      worst: finiteOrNull(evaluation?.local.worst),
      best: finiteOrNull(evaluation?.local.best),
    },
    loss: { meanModel: finiteOrNull(evaluation?.meanModel.loss), mean: finiteOrNull(evaluation?.local.loss) },
    consensusDistance: finiteOrNull(evaluation?.consensusDistance),
  };
}

/** @throws GrapevineError METRICS_UNREADABLE: there is no run event */
export function summarize(events: readonly MetricsEvent[]): RunSummary {
  const { run, lastRounds, lastEvaluation, engines, peersLost, totalSeconds } = collectRunFacts(events);
  const finished = lastRounds.filter((round) => !peersLost.includes(round.peer));
  const counted = finished.length > 0 ? finished : lastRounds;
  const payloadBytesPerPeer = meanOf(counted, (round) => round.payloadBytes);
  const uncompressedBytesPerPeer = meanOf(counted, (round) => round.uncompressedBytes);
  const samples = lastRounds.reduce((sum, round) => sum + round.samples, 0);
  return {
    ...(run.peer === undefined ? {} : { peer: run.peer }),
    peers: run.topology.nodes,
    rounds: counted.reduce((furthest, round) => Math.max(furthest, round.round), 0),
    task: textOf(run.config, 'task'),
    algorithm: textOf(run.config, 'algorithm'),
    compressor: textOf(run.config, 'compressor'),
    partition: textOf(run.config, 'partition'),
    seed: typeof run.config.seed === 'number' ? run.config.seed : 0,
    configHash: run.configHash,
    engine: engineText(run, engines),
    topology: {
      name: run.topology.name,
      nodes: run.topology.nodes,
      edges: run.topology.edges.length,
      spectralGap: run.topology.spectralGap,
    },
    ...outcomeOf(lastEvaluation),
    payloadBytesPerPeer,
    wireBytesPerPeer: meanOf(counted, (round) => round.wireBytes),
    uncompressedBytesPerPeer,
    compressionRatio: payloadBytesPerPeer > 0 ? uncompressedBytesPerPeer / payloadBytesPerPeer : null,
    seconds: { total: totalSeconds, ...meanSeconds(counted) },
    samplesPerSecond: totalSeconds > 0 ? samples / totalSeconds : 0,
    peersLost,
  };
}
