/**
 * A peer's numbers for Prometheus (docs/operations.md has the table): folded from the events that its metrics.jsonl and its
 * log are made of, and, for what is a state and no event, read when somebody scrapes.
 *
 * Names and units are Prometheus' conventions: base units, `_total` for what only grows, a time stamp rather than an age.
 * No label takes what a stranger can choose: codes are of our own list, states and phases are few, so the number of
 * series is bounded. There is no label for neighbors: a hub of a star has a thousand.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { errorCodes } from '../base/errors.js';
import type { EdgeEvent, MetricsEvent, PhaseSeconds, RoundEvent, RunEvent } from '../metrics/events.js';
import type { PeerHealth } from './health-server.js';
import type { OperationEvent } from './log-entry.js';

/** What a peer knows of itself besides its health, when it is asked. */
export interface PeerVitals {
  readonly health: PeerHealth;
  readonly edges: Readonly<Record<EdgeEvent['state'], number>>;
  /** Root mean square, over the exchanges of the last round, of the distance between an edge's two replicas. */
  readonly neighborDistance: number | null;
  readonly receivedBytes: number;
}

export interface PeerMetrics {
  observe(event: MetricsEvent | OperationEvent): void;
  /** Of the exposition format. */
  readonly contentType: string;
  expose(): Promise<string>;
  /** Ends the watching of the process. */
  stop(): void;
}

const states: readonly PeerHealth['state'][] = ['joining', 'training', 'finished', 'failed'];
const phases: readonly (keyof PhaseSeconds)[] = ['train', 'compress', 'exchange', 'wait'];
const knownCodes: ReadonlySet<string> = new Set<string>(errorCodes);

/** Of our own list; a notice's code that is no error's has its own few. */
const noticeCodes: ReadonlySet<string> = new Set(['CONSENSUS_BACKED_OFF', 'JOINED', 'PEER_RESTARTED']);
const labelOf = (code: string): string => (knownCodes.has(code) || noticeCodes.has(code) ? code : 'OTHER');

type Make = ReturnType<typeof createMakers>;

function createMakers(registry: Registry) {
  const registers = [registry];
  return {
    counter: (name: string, help: string) =>
      new Counter({ name: `grapevine_${name}`, help, registers, labelNames: [] }),
    labeledCounter: <L extends string>(name: string, help: string, label: L) =>
      new Counter({ name: `grapevine_${name}`, help, registers, labelNames: [label] }),
    /** Sets it; what was never measured, or is no number, has no sample rather than a 0. */
    gauge(name: string, help: string): (value: number | null) => void {
      const gauge = new Gauge({ name: `grapevine_${name}`, help, registers, labelNames: [] });
      gauge.remove();
      return (value) => (value === null || Number.isNaN(value) ? gauge.remove() : gauge.set(value));
    },
    labeledGauge: <L extends string>(name: string, help: string, label: L) =>
      new Gauge({ name: `grapevine_${name}`, help, registers, labelNames: [label] }),
  };
}

/** Numbers that grow, given as totals: a counter can only be told by how much. */
function createTotals() {
  const seen = new Map<string, number>();
  return (name: string, total: number): number => {
    const grown = Math.max(0, total - (seen.get(name) ?? 0));
    seen.set(name, Math.max(total, seen.get(name) ?? 0));
    return grown;
  };
}

function roundMetrics(make: Make): (event: RoundEvent) => void {
  const round = make.gauge('round', 'Rounds finished, those before a restart included.');
  const rounds = make.counter('rounds_total', 'Rounds finished by this process.');
  const loss = make.gauge('training_loss', "Mean training loss over the last round's local steps.");
  const payload = make.counter('payload_bytes_total', 'Bytes of compressed differences sent.');
  const uncompressed = make.counter(
    'uncompressed_bytes_total',
    'Bytes that the same exchanges would have sent uncompressed.',
  );
  const samples = make.counter('samples_total', 'Training samples that gradients were computed of.');
  const sent = make.counter('wire_sent_bytes_total', 'Bytes written to sockets, all protocols included.');
  const seconds = make.labeledCounter('phase_seconds_total', 'Seconds by what the peer was doing.', 'phase');
  const grown = createTotals();
  return (event) => {
    round(event.round);
    rounds.inc();
    loss(event.loss);
    payload.inc(grown('payload', event.payloadBytes));
    uncompressed.inc(grown('uncompressed', event.uncompressedBytes));
    samples.inc(grown('samples', event.samples));
    sent.inc(grown('sent', event.wireBytes));
    for (const phase of phases) seconds.inc({ phase }, grown(phase, event.seconds[phase]));
  };
}

function edgeMetrics(make: Make): (event: EdgeEvent) => void {
  const reconnects = make.counter(
    'reconnects_total',
    'Edges that took part again after they had been left out.',
  );
  const left = new Set<number>();
  return ({ neighbor, state }) => {
    if (state !== 'active') left.add(neighbor);
    else if (left.delete(neighbor)) reconnects.inc();
  };
}

function checkpointMetrics(make: Make, unixSeconds: () => number) {
  const written = make.counter('checkpoints_total', 'Checkpoints written.');
  const failures = make.counter('checkpoint_failures_total', 'Checkpoints that could not be written.');
  const stamp = make.gauge(
    'checkpoint_timestamp_seconds',
    'When the last checkpoint was written, Unix time.',
  );
  const round = make.gauge('checkpoint_round', 'Round of the last checkpoint.');
  return (event: Extract<OperationEvent, { event: 'checkpoint' }>): void => {
    if (event.error !== null) {
      failures.inc();
      return;
    }
    written.inc();
    stamp(unixSeconds());
    round(event.round);
  };
}

function runMetrics(registry: Registry): (event: RunEvent) => void {
  const labelNames = [
    'version',
    'peer',
    'topology',
    'algorithm',
    'compressor',
    'task',
    'engine',
    'config_hash',
  ];
  const info = new Gauge({
    name: 'grapevine_info',
    help: 'What runs: 1, with labels.',
    registers: [registry],
    labelNames,
  });
  return ({ version, peer, topology, engine, config, configHash }) => {
    const { algorithm, compressor, task } = config;
    const named = { algorithm: String(algorithm), compressor: String(compressor), task: String(task) };
    info.set({ version, peer, topology: topology.spec, engine, config_hash: configHash, ...named }, 1);
  };
}

/** Sets what is a state when it is asked for. */
function stateMetrics(make: Make, vitals: () => PeerVitals): () => void {
  const state = make.labeledGauge('state', '1 for what the peer does now, 0 for the other states.', 'state');
  const edges = make.labeledGauge('edges', 'Edges of this peer in the topology, by state.', 'state');
  const links = make.gauge('links', 'Edges with a connection.');
  const received = make.counter(
    'wire_received_bytes_total',
    'Bytes read from sockets, all protocols included.',
  );
  const distance = make.gauge(
    'neighbor_distance',
    'Root mean square distance between this peer and its neighbors, as their replicas have it, in the last round.',
  );
  const grown = createTotals();
  return () => {
    const now = vitals();
    for (const name of states) state.set({ state: name }, now.health.state === name ? 1 : 0);
    for (const [name, count] of Object.entries(now.edges)) edges.set({ state: name }, count);
    links(now.health.links);
    received.inc(grown('received', now.receivedBytes));
    distance(now.neighborDistance);
  };
}

export function createPeerMetrics(vitals: () => PeerVitals, unixSeconds: () => number): PeerMetrics {
  const registry = new Registry();
  const make = createMakers(registry);
  const onRun = runMetrics(registry);
  const onRound = roundMetrics(make);
  const onEdge = edgeMetrics(make);
  const onCheckpoint = checkpointMetrics(make, unixSeconds);
  const loss = make.gauge('evaluation_loss', "Loss of this peer's model on the test set.");
  const accuracy = make.gauge(
    'evaluation_accuracy_ratio',
    "Share of the test set that this peer's model gets right.",
  );
  const refusals = make.labeledCounter('refusals_total', 'Callers and frames refused, by code.', 'code');
  const bans = make.counter('bans_total', 'Peers banned.');
  const notices = make.labeledCounter('notices_total', 'Notices of the run, by code.', 'code');
  const readState = stateMetrics(make, vitals);
  collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    observe(event) {
      if (event.event === 'run') onRun(event);
      else if (event.event === 'round') onRound(event);
      else if (event.event === 'edge') onEdge(event);
      else if (event.event === 'checkpoint') onCheckpoint(event);
      else if (event.event === 'notice') notices.inc({ code: labelOf(event.code) });
      else if (event.event === 'evaluation') {
        loss(event.local.loss);
        accuracy(event.local.mean);
      } else if (event.event === 'refusal') {
        refusals.inc({ code: labelOf(event.code) });
        if (event.expelled && event.code === 'PEER_BANNED') bans.inc();
      }
    },
    async expose() {
      readState();
      // The library writes "Nan", which the format does not know; of the event loop before it was first measured.
      return (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN');
    },
    stop: () => registry.clear(),
  };
}
