/**
 * One stay of one peer in a swarm: its transport with a guard at the door, its training thread, its part of the run's events.
 * It ends when all rounds are done, when it is told to, or when another identity turns out to have its index.
 */

import { systemClock } from '../base/clock.js';
import { maxFrameBytesOf, type RunPlan } from '../config/run-plan.js';
import { comeBack } from '../consensus/coming-back.js';
import type { EdgeStatus } from '../consensus/events.js';
import { presentEdges } from '../consensus/neighbor-set.js';
import type { PeerState } from '../consensus/peer-state.js';
import { algorithms } from '../consensus/registry.js';
import type { SavedState } from '../node/checkpoint.js';
import { withFrameBudget } from '../node/frame-budget.js';
import { createJoinService } from '../node/join-service.js';
import { SwarmGuard } from '../node/libp2p-guard.js';
import { type Identity, verifySignature } from '../node/libp2p-identity.js';
import { createLibp2pTransport, type Libp2pTransport } from '../node/libp2p-transport.js';
import type { MemberRecord } from '../node/membership.js';
import { Peer, type RoundReport } from '../node/peer.js';
import { ownerOf, type PeerCounts, restorePeer } from '../node/peer-checkpoint.js';
import { isOffense } from '../node/peer-limits.js';
import { membershipOf } from '../node/presence.js';
import type { TrainingThread } from '../node/training-thread.js';
import type { OptimizerState } from '../training/optimizer.js';
import { layoutHash, type ParameterLayout } from '../training/parameters.js';
import { swarmTagOf } from '../wire/encode.js';
import { FRAME_VERSION, type FrameLimits, type Hello } from '../wire/frame.js';
import { type CheckpointSettings, hashesOf, peerCheckpoints } from './checkpoint-settings.js';
import type { PeerHealth } from './health-server.js';
import type { PeerVitals } from './peer-metrics.js';
import type { Place } from './peer-place.js';
import type { PeerChoices } from './peer-settings.js';
import { createRefusalLog, type RefusalLog } from './refusal-log.js';
import type { RunMonitor } from './run-monitor.js';

type OpenedModel = Awaited<ReturnType<TrainingThread['open']>>;

export interface SessionInit {
  readonly place: Place;
  readonly plan: RunPlan;
  readonly opened: OpenedModel;
  readonly choices: PeerChoices;
  readonly identity: Identity;
  readonly monitor: RunMonitor;
  readonly checkpoints: CheckpointSettings;
  /** Its latest checkpoint, to go on from; null: it has none. */
  readonly saved: SavedState | null;
  /** Milliseconds since the run began. */
  elapsedMs(): number;
  /** It listens, under these multiaddrs. */
  onListening(addresses: readonly string[]): void;
  /** Rounds begin, or the search for a model, when this is done. */
  onStart(): Promise<void>;
  /** A member that is new, or whose record has changed. */
  onMember(record: MemberRecord): void;
}

export interface SessionEnd {
  readonly round: number;
  /** Another identity has this index: ask for another one. */
  readonly displaced: boolean;
  readonly layout: ParameterLayout;
  /** Of the last round that was evaluated; null where there was none. */
  readonly parameters: Float32Array | null;
}

/** Why nobody may join a swarm of this algorithm that trains already; null when one may. */
function fixedBy(algorithm: string): string | null {
  const { name, toleratesChurn } = algorithms.resolve(algorithm);
  if (toleratesChurn === true) return null;
  return `the swarm trains already, and with ${name} its members are those of the start (docs/membership.md).`;
}

export class PeerSession {
  readonly guard: SwarmGuard;
  private readonly init: SessionInit;
  private readonly model: OpenedModel['model'];
  private readonly transport: Libp2pTransport;
  private readonly state: PeerState;
  private readonly peer: Peer;
  private begun = false;
  private displaced = false;
  private parameters: Float32Array | null = null;

  /** @throws GrapevineError BAD_CONFIG where the peer cannot be made */
  static async open(init: SessionInit): Promise<PeerSession> {
    const { opened } = init;
    const refusals = refusalLogOf(init);
    const guard = createGuard(init, refusals);
    const { state, ...past } = await createState(init);
    const limits = { maxFrameBytes: maxFrameBytesOf(init.plan, opened.model.layout) };
    const hooks: { session: PeerSession | null } = { session: null };
    const transport = await createLibp2pTransport({
      node: init.place.index,
      neighbors: state.edges.map(({ neighbor }) => neighbor),
      hello: helloOf(init, opened, limits),
      swarmTag: swarmTagOf(init.place.description.swarm),
      limits,
      ...init.choices.reach,
      bootstrap: init.place.bootstrap,
      privateKey: init.identity.privateKey,
      seed: init.plan.config.seed,
      guard,
      log: (line) => init.monitor.say(line, 'debug'),
      onRival: (record) => hooks.session?.onRival(record),
      onMember: (record) => init.onMember(record),
      onNoPlace: ({ code, message }) => hooks.session?.notice(code, message),
      onRefused: ({ neighbor, peerId = null, error: { code, message } }) => {
        if (isOffense(code)) return; // the guard says so
        refusals.add({ code, message: `link with peer ${neighbor ?? '?'}: ${message}`, peerId });
      },
    });
    hooks.session = new PeerSession(init, { guard, opened, state, limits, transport, ...past });
    return hooks.session;
  }

  private constructor(init: SessionInit, parts: SessionParts) {
    const { guard, opened, state, limits, transport, counted, freshOptimizer } = parts;
    this.init = init;
    this.guard = guard;
    this.model = opened.model;
    this.transport = transport;
    this.state = state;
    this.peer = new Peer({
      state,
      trainer: opened.trainer,
      transport: withFrameBudget(transport, limits, systemClock),
      clock: systemClock,
      swarmTag: swarmTagOf(init.place.description.swarm),
      limits,
      evaluateEvery: init.plan.config.evaluateEvery,
      startTimeoutMs: init.choices.startTimeoutMs,
      membership: membershipOf(init.plan),
      counted,
      checkpoints: peerCheckpoints(init.checkpoints, {
        ...checkpointFactsOf(init),
        onAttempt: (outcome) => init.monitor.tell({ event: 'checkpoint', ...outcome }),
        onFailure: ({ code, message }) => this.notice(code, message),
      }),
      onListening: () => init.onListening(transport.addresses()),
      onStart: async () => {
        await init.onStart();
        this.begun = true;
      },
      onUnlinked: (neighbors) =>
        this.notice('SWARM_START_TIMEOUT', `begins without links to ${neighbors.join(', ')}`),
      onNotice: ({ code, message }) => {
        this.notice(code, message);
        if (code !== 'JOINED' || freshOptimizer === null) return;
        // Before it is trained: the model is no longer that of the checkpoint. Who waits for training hears of a failure.
        opened.trainer.restoreState?.(freshOptimizer).catch(() => {});
      },
      onEdge: (event) => init.monitor.record({ ...event, atMs: init.elapsedMs() }),
      onRound: (report) => this.onRound(report),
    });
    guard.serve(this.createService());
  }

  /** @throws GrapevineError whatever ends a run */
  async run(): Promise<SessionEnd> {
    const round = await this.peer.run();
    const { displaced, parameters, model } = this;
    return { round, displaced, parameters, layout: model.layout };
  }

  /** How often this peer has been started again, as the swarm knows it. */
  get incarnation(): number {
    return this.state.incarnation;
  }

  /** For probes: health-server.ts. */
  health(): PeerHealth {
    const { round, phase, hasModel } = this.state;
    const edges = presentEdges(this.state);
    const state = phase === 'finished' ? 'finished' : this.begun && hasModel ? 'training' : 'joining';
    return { state, round, links: edges.filter(({ linked }) => linked).length, neighbors: edges.length };
  }

  /** For /metrics: peer-metrics.ts. */
  vitals(): PeerVitals {
    const { edges, guard } = this.state;
    const count = (status: EdgeStatus): number => edges.filter((edge) => edge.status === status).length;
    return {
      health: this.health(),
      edges: { active: count('active'), inactive: count('inactive'), closed: count('closed') },
      neighborDistance: guard?.distance ?? null,
      receivedBytes: this.transport.counters().receivedBytes,
    };
  }

  /** Ends after the round under way. */
  stop(): void {
    this.peer.requestStop(0);
  }

  private createService() {
    const { place, plan, identity } = this.init;
    return createJoinService({
      swarm: place.description.swarm,
      document: place.description.document,
      peers: plan.config.peers,
      admission: this.guard.admission,
      self: { index: place.index, peerId: identity.peerId },
      members: () => this.transport.members,
      begun: () => this.begun || place.incarnation > 0 || this.init.saved !== null,
      fixed: fixedBy(plan.config.algorithm),
      nowMs: () => systemClock.nowMs(),
    });
  }

  /** Of two that want one index, who trains stays; of two newcomers, the lesser PeerId. */
  private onRival(record: MemberRecord): void {
    if (this.begun || this.displaced) return;
    if (record.state === 'joining' && record.peerId > this.init.identity.peerId) return;
    this.displaced = true;
    this.stop();
  }

  private onRound({ event, evaluation, parameters }: RoundReport): void {
    const { monitor, plan } = this.init;
    const atMs = this.init.elapsedMs();
    const last = event.round >= plan.config.rounds;
    this.transport.setStatus({ round: event.round, state: last ? 'finished' : 'training' });
    if (evaluation === null) {
      monitor.record({ ...event, atMs });
      return;
    }
    this.parameters = parameters;
    const { loss, accuracy } = evaluation;
    const { round, payloadBytes, wireBytes } = event;
    monitor.record({ ...event, accuracy, engine: this.model.engine, atMs });
    monitor.record({
      event: 'evaluation',
      atMs,
      round,
      peers: 1,
      // What one peer cannot know of the others stays unmeasured (metrics/event-schema.ts: NaN).
      meanModel: { loss: Number.NaN, accuracy: null },
      local: { loss, mean: accuracy, worst: accuracy, best: accuracy },
      consensusDistance: Number.NaN,
      payloadBytesPerPeer: payloadBytes,
      wireBytesPerPeer: wireBytes,
    });
  }

  private notice(code: string, message: string): void {
    const { monitor, place } = this.init;
    monitor.record({ event: 'notice', atMs: this.init.elapsedMs(), peer: place.index, code, message });
  }
}

interface SessionParts {
  readonly guard: SwarmGuard;
  readonly opened: OpenedModel;
  readonly state: PeerState;
  readonly limits: FrameLimits;
  readonly transport: Libp2pTransport;
  readonly counted: PeerCounts | undefined;
  /** For the model of a neighbor, where there was a checkpoint; else it is fresh. */
  readonly freshOptimizer: OptimizerState | null;
}

/** Whose checkpoints these are, and of which run. */
export function checkpointFactsOf({ place, plan, opened }: Pick<SessionInit, 'place' | 'plan' | 'opened'>) {
  const { layout } = opened.model;
  return { owner: ownerOf(place.index), hashes: hashesOf(plan, layout), layout };
}

/** The peer as its checkpoint has it, or as it is without one. */
async function createState(
  init: SessionInit,
): Promise<Pick<SessionParts, 'state' | 'counted' | 'freshOptimizer'>> {
  const { place, plan, opened, saved } = init;
  const { model, trainer } = opened;
  // A network that is away for a minute costs a minute, and not the rounds that are left.
  const delivery = { retransmitMs: null, audit: false, cutOffMs: plan.config.roundDeadlineMs };
  if (saved === null) {
    const state = plan.createPeer(place.index, model, delivery, place.incarnation);
    return { state, counted: undefined, freshOptimizer: null };
  }
  const state = plan.createPeer(place.index, model, delivery);
  const freshOptimizer = (await trainer.saveState?.()) ?? null;
  const counted = await restorePeer(saved, { state, trainer });
  comeBack(state, place.incarnation);
  return { state, counted, freshOptimizer };
}

function refusalLogOf({ place, monitor, elapsedMs }: SessionInit): RefusalLog {
  return createRefusalLog((code, message) =>
    monitor.record({ event: 'notice', atMs: elapsedMs(), peer: place.index, code, message }),
  );
}

function createGuard({ place, choices, identity, monitor }: SessionInit, refusals: RefusalLog): SwarmGuard {
  const { description, invitation } = place;
  const guard = new SwarmGuard({
    swarm: description.swarm,
    policy: description.admission,
    self: identity.peerId,
    allow: choices.allow,
    verify: verifySignature,
    unixSeconds: () => Date.now() / 1000,
    clock: systemClock,
    invitation,
    psk: choices.psk,
    onRefusal(refusal) {
      monitor.tell({ event: 'refusal', expelled: false, ...refusal });
      refusals.add(refusal);
    },
  });
  if (place.revocations !== null) guard.revoke(place.revocations);
  for (const { peerId, invitation } of place.guests) guard.admission.recall(peerId, invitation);
  return guard;
}

function helloOf(
  { plan, place }: SessionInit,
  { model }: OpenedModel,
  { maxFrameBytes }: FrameLimits,
): Hello {
  return {
    protocol: FRAME_VERSION,
    swarm: place.description.swarm,
    configHash: plan.configHash,
    topologyHash: plan.topologyHash,
    layoutHash: layoutHash(model.layout),
    maxFrameBytes,
  };
}
