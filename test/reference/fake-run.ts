/**
 * Events of a run that never happened, for tests of everything that reads metrics: an accuracy that saturates,
 * a consensus distance that decays, one peer lost on the way. Same options, same events.
 */
import { createRandom, gaussian } from '../../src/base/random.js';
import {
  METRICS_SCHEMA,
  type MetricsEvent,
  type RoundEvent,
  type RunEvent,
} from '../../src/metrics/events.js';

export interface FakeRunOptions {
  readonly peers?: number;
  readonly rounds?: number;
  /** The peer that is lost after 60 % of the rounds; null for none. */
  readonly lostPeer?: number | null;
  readonly seed?: number;
  readonly topology?: Partial<RunEvent['topology']>;
  readonly config?: Readonly<Record<string, unknown>>;
}

const PARAMETERS = 101_770;

/** A torus of rows x columns as edges, each once. */
export function torusEdges(rows: number, columns: number): [number, number][] {
  const edges = new Map<string, [number, number]>();
  const add = (a: number, b: number): void => {
    if (a !== b) edges.set(`${Math.min(a, b)}-${Math.max(a, b)}`, [Math.min(a, b), Math.max(a, b)]);
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      add(row * columns + column, row * columns + ((column + 1) % columns));
      add(row * columns + column, ((row + 1) % rows) * columns + column);
    }
  }
  return [...edges.values()];
}

function runEvent(options: FakeRunOptions, peers: number, rounds: number): RunEvent {
  const rows = Math.max(1, Math.floor(Math.sqrt(peers)));
  const columns = Math.floor(peers / rows);
  return {
    event: 'run',
    schema: METRICS_SCHEMA,
    version: '0.1.0',
    commit: '749730b',
    driver: 'swarm',
    config: {
      peers,
      topology: `torus:rows=${rows},cols=${columns}`,
      algorithm: 'edge-choco',
      compressor: 'low-rank:rank=8,bits=4',
      optimizer: 'momentum:beta=0.9',
      task: 'mnist-mlp',
      partition: 'iid',
      rounds,
      localSteps: 4,
      batch: 32,
      learningRate: 0.05,
      seed: options.seed ?? 1,
      ...options.config,
    },
    configHash: 'a1b2c3d4e5f60718',
    engine: 'tfjs-wasm 4.22.0',
    parameters: PARAMETERS,
    topology: {
      name: 'torus',
      spec: `torus:rows=${rows},cols=${columns}`,
      nodes: rows * columns,
      edges: torusEdges(rows, columns),
      spectralGap: 0.4,
      ...options.topology,
    },
  };
}

function roundEvent(
  peer: number,
  round: number,
  at: { noise: number; links: number; lostLinks: number },
): RoundEvent {
  const active = at.links - at.lostLinks;
  return {
    event: 'round',
    atMs: 900 + round * 410 + peer * 9 + at.noise * 20,
    peer,
    round,
    loss: 0.18 + 2.1 * Math.exp(-round / 14) * (1 + 0.05 * at.noise),
    accuracy: round % 5 === 0 ? accuracyAt(round, at.noise) : null,
    activeLinks: active,
    links: at.links,
    payloadBytes: round * at.links * 6_180,
    wireBytes: round * at.links * 6_420,
    uncompressedBytes: round * at.links * PARAMETERS * 4,
    samples: round * 128,
    seconds: {
      train: round * (0.21 + 0.004 * peer),
      compress: round * 0.052,
      exchange: round * 0.031,
      wait: round * Math.max(0.01, 0.117 - 0.004 * peer),
    },
  };
}

function accuracyAt(round: number, noise: number): number {
  return Math.min(0.985, 0.955 - 0.85 * Math.exp(-round / 11) + 0.008 * noise);
}

function evaluationEvent(round: number, rounds: readonly RoundEvent[]): MetricsEvent {
  const accuracies = rounds.flatMap((event) => (event.accuracy === null ? [] : [event.accuracy]));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    event: 'evaluation',
    atMs: Math.max(...rounds.map((event) => event.atMs)) + 30,
    round,
    peers: rounds.length,
    meanModel: { loss: 0.16 + 2.1 * Math.exp(-round / 13), accuracy: accuracyAt(round, 1) },
    local: {
      loss: 0.19 + 2.1 * Math.exp(-round / 12),
      mean: mean(accuracies),
      worst: Math.min(...accuracies),
      best: Math.max(...accuracies),
    },
    consensusDistance: 0.9 * Math.exp(-round / 18) + 0.012,
    payloadBytesPerPeer: mean(rounds.map((event) => event.payloadBytes)),
    wireBytesPerPeer: mean(rounds.map((event) => event.wireBytes)),
  };
}

/** Events in the order a recorder would have seen them. Defaults: 8 peers, 100 rounds, peer 5 lost after 60. */
export function fakeRun(options: FakeRunOptions = {}): MetricsEvent[] {
  const rounds = options.rounds ?? 100;
  const run = runEvent(options, options.peers ?? 8, rounds);
  const peers = run.topology.nodes;
  const random = createRandom(options.seed ?? 1, 'fake-run');
  const lostPeer = options.lostPeer === undefined ? Math.min(5, peers - 1) : options.lostPeer;
  const lostAfter = Math.floor(rounds * 0.6);
  const neighbors = Array.from({ length: peers }, (_, node) =>
    run.topology.edges.flatMap(([a, b]) => (a === node ? [b] : b === node ? [a] : [])),
  );
  const events: MetricsEvent[] = [run];
  let latestMs = 0;
  for (let round = 1; round <= rounds; round++) {
    const living = Array.from({ length: peers }, (_, peer) => peer).filter(
      (peer) => peer !== lostPeer || round <= lostAfter,
    );
    const finished = living.map((peer) => {
      const lostLinks = round > lostAfter && lostPeer !== null && neighbors[peer]!.includes(lostPeer) ? 1 : 0;
      return roundEvent(peer, round, { noise: gaussian(random), links: neighbors[peer]!.length, lostLinks });
    });
    events.push(...finished.sort((a, b) => a.atMs - b.atMs));
    if (round % 5 === 0) events.push(evaluationEvent(round, finished));
    latestMs = Math.max(latestMs, ...finished.map((event) => event.atMs));
    if (round === lostAfter && lostPeer !== null)
      events.push(...lossOf(lostPeer, neighbors[lostPeer]!, { round, atMs: latestMs }));
  }
  events.push({ event: 'end', atMs: latestMs + 250, outcome: 'done' });
  return events;
}

function lossOf(
  peer: number,
  neighbors: readonly number[],
  at: { round: number; atMs: number },
): MetricsEvent[] {
  const atMs = at.atMs + 100;
  return [
    ...neighbors.map(
      (neighbor): MetricsEvent => ({
        event: 'edge',
        atMs,
        peer: neighbor,
        neighbor: peer,
        round: at.round,
        state: 'closed',
        reason: 'LINK_DOWN',
      }),
    ),
    { event: 'peer-lost', atMs, peer, round: at.round, reason: 'no heartbeat for 5 s' },
    {
      event: 'notice',
      atMs,
      peer,
      code: 'PEER_LOST',
      message: `peer ${peer} was lost; its neighbors go on without it`,
    },
  ];
}
