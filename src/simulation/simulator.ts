/**
 * The second driver of the consensus core: many peers in one process on virtual time. Frames are encoded,
 * carried by virtual links and decoded as on a network, so that codec, limits and byte counts are the ones that
 * ship; a run is a function of its arguments, whatever the machine and its load.
 */

import { isGrapevineError } from '../base/errors.js';
import { createRandom } from '../base/random.js';
import type { Effect, Input, TimerName } from '../consensus/events.js';
import type { PeerState } from '../consensus/peer-state.js';
import { step } from '../consensus/step.js';
import type { TrainResult } from '../training/trainer.js';
import { checkAddressing, decodeFrame } from '../wire/decode.js';
import { encodeFrame, swarmTagOf } from '../wire/encode.js';
import type { Frame } from '../wire/frame.js';
import type { Attack } from './attacks.js';
import { EventQueue } from './event-queue.js';
import { type Absence, type Fault, type SuddenFault, slownessOf } from './fault.js';
import type { Arrival, LinkOptions } from './link-model.js';
import { type NetworkOptions, uniformNetwork, VirtualNetwork } from './network.js';

export type { Fault } from './fault.js';

export interface SimulationInit {
  readonly peers: readonly PeerState[];
  /** The local steps of one peer; only its virtual duration counts. */
  train(node: number, round: number, parameters: Float32Array): Promise<TrainResult>;
  /** Virtual duration of the local steps of a peer that is not slow, in milliseconds. */
  trainingMs(node: number, round: number): number;
  /** Of every edge, unless `network` says otherwise. */
  readonly link: LinkOptions;
  /** Links that differ, and what peers' own connections bear. @default `link` on every edge */
  readonly network?: NetworkOptions;
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly maxFrameBytes: number;
  /** Virtual end of the run, in case peers wait for each other for ever. */
  readonly horizonMs: number;
  /** Sees every step of every peer. */
  observe?(seen: Observation): Promise<void> | void;
  /** Told when a fault strikes. */
  onFault?(fault: SuddenFault, nowMs: number): void;
  /** Ends the run early when true, at the next event. */
  interrupted?(): boolean;
}

export interface Observation {
  readonly node: number;
  readonly nowMs: number;
  readonly input: Input;
  readonly effects: readonly Effect[];
  readonly state: PeerState;
  /** For the input `updateReady`: what the trainer reported, and how long it took. */
  readonly training: TimedTraining | null;
}

export interface TimedTraining extends TrainResult {
  /** Virtual milliseconds. */
  readonly tookMs: number;
}

export interface NodeCounters {
  /** Bytes of compressed tensors sent. */
  payloadBytes: number;
  /** Bytes of whole frames sent. */
  wireBytes: number;
  deltasSent: number;
  framesRefused: number;
}

export interface SimulationResult {
  /** Virtual time of the last event, in milliseconds. */
  readonly endMs: number;
  readonly counters: readonly NodeCounters[];
  readonly killed: readonly number[];
}

type Event =
  | { readonly type: 'input'; readonly input: Input; readonly training?: TimedTraining }
  | { readonly type: 'frame'; readonly from: number; readonly frame: Uint8Array }
  /** The first byte of a frame is at the downlink. */
  | { readonly type: 'arriving'; readonly from: number; readonly arrival: Arrival }
  | { readonly type: 'return'; readonly absence: Absence }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly token: number }
  | { readonly type: 'fault'; readonly fault: SuddenFault };

/** Comes over a link, or is about one: does not outlast it. */
function isOfLink(event: Event): boolean {
  return (
    event.type === 'frame' ||
    (event.type === 'input' && (event.input.type === 'neighborUp' || event.input.type === 'neighborDown'))
  );
}

interface VirtualNode {
  readonly state: PeerState;
  readonly counters: NodeCounters;
  readonly timers: Map<TimerName, number>;
  alive: boolean;
  finished: boolean;
  frozenUntilMs: number;
  /** Of an absence: since when; null of a peer that is there. */
  awaySinceMs: number | null;
  /** A liar's. */
  attack: Attack | null;
  /** An honest peer's latest local steps, for liars; kept only where there are any. */
  latest: { readonly start: Float32Array; readonly trained: Float32Array } | null;
}

function createNode(state: PeerState): VirtualNode {
  const counters = { payloadBytes: 0, wireBytes: 0, deltasSent: 0, framesRefused: 0 };
  const fresh = { alive: true, finished: false, frozenUntilMs: 0, awaySinceMs: null };
  return { state, counters, timers: new Map(), attack: null, latest: null, ...fresh };
}

/** One simulation; `run` once. */
class Simulator {
  private readonly queue = new EventQueue<{ readonly node: number; readonly event: Event }>();
  private readonly nodes: readonly VirtualNode[];
  private readonly network: VirtualNetwork;
  private readonly swarmTag: Uint8Array;
  private readonly hasLiars: boolean;
  private readonly init: SimulationInit;
  private timerTokens = 0;
  private nowMs = 0;

  constructor(init: SimulationInit) {
    this.init = init;
    this.nodes = init.peers.map(createNode);
    this.network = new VirtualNetwork(init.network ?? uniformNetwork(init.link), init.seed);
    this.hasLiars = init.faults.some(({ type }) => type === 'lie');
    this.swarmTag = swarmTagOf(`simulation-${init.seed}`);
  }

  async run(): Promise<SimulationResult> {
    this.schedule();
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      if (next.atMs > this.init.horizonMs || this.init.interrupted?.() === true) break;
      if (this.isStale(next.event.node, next.event.event)) continue;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      // Most events end at once, and a thousand peers have a million of them: waiting for nothing takes time.
      const underway = this.dispatch(next.event.node, next.event.event);
      if (underway !== undefined) await underway;
    }
    return {
      endMs: this.nowMs,
      counters: this.nodes.map((node) => node.counters),
      killed: this.nodes.flatMap((node, index) => (node.alive ? [] : [index])),
    };
  }

  private schedule(): void {
    this.nodes.forEach(({ state }, node) => {
      for (const { neighbor } of state.edges) {
        this.queue.push(0, { node, event: { type: 'input', input: { type: 'neighborUp', neighbor } } });
      }
      this.queue.push(0, { node, event: { type: 'input', input: { type: 'start' } } });
    });
    for (const fault of this.init.faults) {
      if (fault.type !== 'slow')
        this.queue.push(fault.atMs, { node: fault.node, event: { type: 'fault', fault } });
    }
  }

  /** Of no consequence: for a dead peer, a timer that was set anew or cancelled, or an absence when all is done. */
  private isStale(index: number, event: Event): boolean {
    const node = this.nodes[index]!;
    if (event.type === 'fault' && event.fault.type === 'away' && node.finished) return true;
    return !node.alive || (event.type === 'timer' && node.timers.get(event.timer) !== event.token);
  }

  private dispatch(index: number, event: Event): Promise<void> | void {
    const node = this.nodes[index]!;
    if (event.type === 'fault') return this.inflict(index, event.fault);
    if (event.type === 'return') return this.comeBack(index, event.absence);
    if (event.type === 'arriving') return this.passDownlink(index, event);
    if (node.awaySinceMs !== null && isOfLink(event)) return; // the link it came on is no more
    if (this.nowMs < node.frozenUntilMs) {
      // What reaches a stopped process waits in its sockets and runs, in order, when it is continued.
      if (Number.isFinite(node.frozenUntilMs))
        this.queue.push(node.frozenUntilMs + this.untrainedMs(node, event), { node: index, event });
      return;
    }
    if (event.type === 'input') {
      const input = node.attack === null ? event.input : this.lie(index, node.attack, event.input);
      return this.feed(index, input, event.training ?? null);
    }
    if (event.type === 'frame') return this.receive(index, event.from, event.frame);
    node.timers.delete(event.timer);
    return this.feed(index, { type: 'timerFired', timer: event.timer }, null);
  }

  /** Of training that would have ended while its peer is away: what was left of it when the peer went. */
  private untrainedMs({ awaySinceMs }: VirtualNode, event: Event): number {
    return awaySinceMs === null || event.type !== 'input' || event.training === undefined
      ? 0
      : this.nowMs - awaySinceMs;
  }

  private passDownlink(to: number, { from, arrival }: Extract<Event, { type: 'arriving' }>): void {
    const event: Event = { type: 'frame', from, frame: arrival.frame };
    this.queue.push(this.network.receive(arrival, [from, to]), { node: to, event });
  }

  private inflict(index: number, fault: SuddenFault): void {
    const node = this.nodes[index]!;
    this.init.onFault?.(fault, this.nowMs);
    if (fault.type === 'away') {
      if (node.awaySinceMs === null) this.goAway(index, fault);
      return;
    }
    if (fault.type === 'freeze') {
      node.frozenUntilMs = this.nowMs + fault.forMs;
      return;
    }
    if (fault.type === 'lie') {
      node.attack = fault.attack;
      return;
    }
    node.alive = false;
    for (const { neighbor } of node.state.edges) this.tellLink(neighbor, index, 'neighborDown');
  }

  /** `node` learns, a latency from now, that its link to `neighbor` has come up or gone down. */
  private tellLink(node: number, neighbor: number, type: 'neighborUp' | 'neighborDown'): void {
    const input: Input = type === 'neighborUp' ? { type, neighbor } : { type, neighbor, reason: 'LINK_DOWN' };
    const atMs = this.nowMs + this.network.latencyMs(neighbor, node);
    this.queue.push(atMs, { node, event: { type: 'input', input } });
  }

  private goAway(index: number, absence: Absence): void {
    const node = this.nodes[index]!;
    node.awaySinceMs = this.nowMs;
    node.frozenUntilMs = this.nowMs + absence.forMs;
    for (const { neighbor } of node.state.edges) {
      if (this.nodes[neighbor]!.awaySinceMs === null) this.tellLink(neighbor, index, 'neighborDown');
    }
    if (Number.isFinite(absence.forMs))
      this.queue.push(node.frozenUntilMs, { node: index, event: { type: 'return', absence } });
  }

  /** Finds its links gone, and makes new ones to the neighbors that are there. */
  private async comeBack(index: number, absence: Absence): Promise<void> {
    const node = this.nodes[index]!;
    node.awaySinceMs = null;
    for (const { neighbor } of node.state.edges) {
      await this.feed(index, { type: 'neighborDown', neighbor, reason: 'LINK_DOWN' }, null);
      const other = this.nodes[neighbor]!;
      if (!other.alive || other.awaySinceMs !== null) continue;
      this.tellLink(index, neighbor, 'neighborUp');
      this.tellLink(neighbor, index, 'neighborUp');
    }
    const next = node.finished ? null : (absence.next?.(this.nowMs) ?? null);
    if (next !== null) this.queue.push(next.atMs, { node: index, event: { type: 'fault', fault: next } });
  }

  /** What a liar says in place of its trained parameters, once others of this round have been trained. */
  private lie(index: number, attack: Attack, input: Input): Input {
    if (input.type !== 'updateReady') return input;
    const honest = this.nodes.filter(({ alive, attack: own }) => alive && own === null);
    const latest = honest.flatMap((node) => node.latest ?? []);
    if (latest.length === 0) return input;
    const models = {
      starts: latest.map(({ start }) => start),
      trained: latest.map(({ trained }) => trained),
    };
    const random = createRandom(this.init.seed, 'lie', index, input.round);
    return { ...input, parameters: attack(models, random) };
  }

  /** The local steps of one peer; a liar has no need of them. */
  private async train(index: number, round: number, start: Float32Array): Promise<TrainResult> {
    const node = this.nodes[index]!;
    if (node.attack !== null) return { parameters: start.slice(), loss: 0, samples: 0 };
    if (!this.hasLiars) return this.init.train(index, round, start);
    const before = start.slice();
    const training = await this.init.train(index, round, start);
    node.latest = { start: before, trained: training.parameters.slice() };
    return training;
  }

  private receive(index: number, from: number, bytes: Uint8Array): Promise<void> | void {
    let frame: Frame;
    try {
      frame = decodeFrame(bytes, this.init);
      checkAddressing(frame, { swarmTag: this.swarmTag, sender: from, receiver: index });
    } catch (error) {
      if (!isGrapevineError(error)) throw error;
      this.nodes[index]!.counters.framesRefused += 1; // lost to corruption: the sender will send it again
      return;
    }
    if (frame.kind === 'delta')
      return this.feed(index, { type: 'deltaReceived', from, delta: frame.delta }, null);
    if (frame.kind === 'heartbeat') return this.feed(index, { type: 'heartbeatReceived', from }, null);
  }

  private feed(index: number, input: Input, training: TimedTraining | null): Promise<void> | void {
    const { state } = this.nodes[index]!;
    const effects = step(state, input, this.nowMs);
    const seen = this.init.observe?.({ node: index, nowMs: this.nowMs, input, effects, state, training });
    if (seen === undefined && effects.every(({ type }) => type !== 'train')) {
      for (const effect of effects) void this.carryOut(index, effect);
      return;
    }
    return this.carryOutAll(index, effects, seen);
  }

  private async carryOutAll(
    index: number,
    effects: readonly Effect[],
    seen: Promise<void> | void,
  ): Promise<void> {
    await seen;
    for (const effect of effects) await this.carryOut(index, effect);
  }

  private async startTraining(index: number, { round, parameters }: Extract<Effect, { type: 'train' }>) {
    const result = await this.train(index, round, parameters);
    const input: Input = { type: 'updateReady', round, parameters: result.parameters };
    const tookMs = this.init.trainingMs(index, round) * slownessOf(this.init.faults, index, this.nowMs);
    const training = { ...result, tookMs };
    this.queue.push(this.nowMs + tookMs, { node: index, event: { type: 'input', input, training } });
  }

  /** A promise for training only; all else is done when this returns. */
  private carryOut(index: number, effect: Effect): Promise<void> | void {
    const node = this.nodes[index]!;
    switch (effect.type) {
      case 'train':
        return this.startTraining(index, effect);
      case 'finished':
        node.finished = true;
        return;
      case 'sendDelta':
        node.counters.payloadBytes += effect.delta.parts.reduce((sum, part) => sum + part.bytes.length, 0);
        node.counters.deltasSent += 1;
        return this.send(index, effect.to, {
          ...this.addressed(index, effect.to),
          kind: 'delta',
          delta: effect.delta,
        });
      case 'sendHeartbeat':
        return this.send(index, effect.to, { ...this.addressed(index, effect.to), kind: 'heartbeat' });
      case 'setTimer': {
        const token = ++this.timerTokens;
        node.timers.set(effect.timer, token);
        const event: Event = { type: 'timer', timer: effect.timer, token };
        this.queue.push(effect.atMs, { node: index, event });
        return;
      }
      case 'cancelTimer':
        node.timers.delete(effect.timer);
        return;
      case 'refuse':
        this.queue.push(this.nowMs, {
          node: effect.neighbor,
          event: { type: 'input', input: { type: 'neighborDown', neighbor: index, reason: effect.code } },
        });
        return;
      default:
        return;
    }
  }

  private addressed(sender: number, receiver: number) {
    return { swarmTag: this.swarmTag, sender, receiver };
  }

  private send(from: number, to: number, frame: Frame): void {
    const node = this.nodes[from]!;
    const bytes = encodeFrame(frame);
    node.counters.wireBytes += bytes.length;
    const queued = this.network.hasDownlink(to);
    for (const arrival of this.network.send(bytes, [from, to], this.nowMs)) {
      const { atMs, headMs, frame: received } = arrival;
      if (queued) this.queue.push(headMs, { node: to, event: { type: 'arriving', from, arrival } });
      else this.queue.push(atMs, { node: to, event: { type: 'frame', from, frame: received } });
    }
  }
}

/** Runs peers to their end on virtual time. The peers' states are changed in place. */
export function runSimulation(init: SimulationInit): Promise<SimulationResult> {
  return new Simulator(init).run();
}
