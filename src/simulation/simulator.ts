/**
 * The second driver of the consensus core: many peers in one process on virtual time. Frames are encoded,
 * carried by virtual links and decoded as on a network, so that codec, limits and byte counts are the ones that
 * ship; a run is a function of its arguments, whatever the machine and its load.
 */

import { assert } from '../base/assert.js';
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
import { type Fault, type Partition, type SuddenFault, slownessOf } from './fault-model.js';
import { createVirtualLink, type LinkOptions, type VirtualLink } from './link-model.js';

export type { Fault, SuddenFault } from './fault-model.js';

export interface SimulationInit {
  readonly peers: readonly PeerState[];
  /** The state of a peer that is started while others run (its incarnation is above 0); needed by restarts and joins. */
  createNewcomer?(node: number, incarnation: number): PeerState;
  /** The local steps of one peer; only its virtual duration counts. */
  train(node: number, round: number, parameters: Float32Array): Promise<TrainResult>;
  /** Virtual duration of the local steps of a peer that is not slow, in milliseconds. */
  trainingMs(node: number, round: number): number;
  readonly link: LinkOptions;
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly maxFrameBytes: number;
  /** Virtual end of the run, in case peers wait for each other for ever. */
  readonly horizonMs: number;
  /** Sees every step of every peer. */
  observe?(seen: Observation): Promise<void> | void;
  /** Told when a peer is started that was not there. */
  onNewcomer?(node: number, state: PeerState): void;
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
  /** `life`: of the process that it is for; without one for whichever there is. */
  | {
      readonly type: 'input';
      readonly input: Input;
      readonly training?: TimedTraining;
      readonly life?: number;
    }
  | { readonly type: 'frame'; readonly from: number; readonly frame: Uint8Array }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly token: number }
  | { readonly type: 'fault'; readonly fault: SuddenFault }
  | { readonly type: 'revive' }
  | { readonly type: 'divide'; readonly partition: Partition }
  | { readonly type: 'heal'; readonly partition: Partition };

/** A frame but for its addresses. */
type Words = Frame extends infer Kind
  ? Kind extends Frame
    ? Omit<Kind, 'swarmTag' | 'sender' | 'receiver'>
    : never
  : never;

interface VirtualNode {
  state: PeerState;
  /** Processes that have been started for this index before. */
  life: number;
  readonly counters: NodeCounters;
  readonly timers: Map<TimerName, number>;
  readonly links: Map<number, VirtualLink>;
  alive: boolean;
  frozenUntilMs: number;
  /** A liar's. */
  attack: Attack | null;
  /** An honest peer's latest local steps, for liars; kept only where there are any. */
  latest: { readonly start: Float32Array; readonly trained: Float32Array } | null;
}

function createNode(init: SimulationInit, state: PeerState): VirtualNode {
  const { node } = state.context;
  const links = state.edges.map(({ neighbor }): [number, VirtualLink] => [
    neighbor,
    createVirtualLink(init.link, createRandom(init.seed, 'link', node, neighbor)),
  ]);
  const counters = { payloadBytes: 0, wireBytes: 0, deltasSent: 0, framesRefused: 0 };
  const fresh = { life: 0, alive: true, frozenUntilMs: 0, attack: null, latest: null };
  return { state, counters, timers: new Map(), links: new Map(links), ...fresh };
}

/** One simulation; `run` once. */
class Simulator {
  private readonly queue = new EventQueue<{ readonly node: number; readonly event: Event }>();
  private readonly nodes: readonly VirtualNode[];
  private readonly swarmTag: Uint8Array;
  private readonly hasLiars: boolean;
  private readonly partitions = new Set<Partition>();
  private readonly init: SimulationInit;
  private timerTokens = 0;
  private nowMs = 0;

  constructor(init: SimulationInit) {
    this.init = init;
    this.nodes = init.peers.map((state) => createNode(init, state));
    this.hasLiars = init.faults.some(({ type }) => type === 'lie');
    this.swarmTag = swarmTagOf(`simulation-${init.seed}`);
  }

  async run(): Promise<SimulationResult> {
    this.schedule();
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      if (next.atMs > this.init.horizonMs || this.init.interrupted?.() === true) break;
      if (this.isStale(next.event.node, next.event.event)) continue;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      await this.dispatch(next.event.node, next.event.event);
    }
    return {
      endMs: this.nowMs,
      counters: this.nodes.map((node) => node.counters),
      killed: this.nodes.flatMap((node, index) => (node.alive ? [] : [index])),
    };
  }

  private schedule(): void {
    const { faults } = this.init;
    for (const fault of faults) if (fault.type === 'join') this.nodes[fault.node]!.alive = false;
    this.nodes.forEach(({ state, alive }, node) => {
      if (!alive) return;
      for (const { neighbor } of state.edges) {
        if (!this.nodes[neighbor]!.alive) continue;
        this.queue.push(0, { node, event: { type: 'input', input: { type: 'neighborUp', neighbor } } });
      }
      this.queue.push(0, { node, event: { type: 'input', input: { type: 'start' } } });
    });
    for (const fault of faults) if (fault.type !== 'slow') this.scheduleFault(fault);
  }

  private scheduleFault(fault: Exclude<Fault, { type: 'slow' }>): void {
    if (fault.type === 'partition') {
      const node = fault.nodes[0]!;
      this.queue.push(fault.atMs, { node, event: { type: 'divide', partition: fault } });
      this.queue.push(fault.atMs + fault.forMs, { node, event: { type: 'heal', partition: fault } });
      return;
    }
    const { node, atMs } = fault;
    this.queue.push(atMs, { node, event: { type: 'fault', fault } });
    if (fault.type === 'restart') this.queue.push(atMs + fault.afterMs, { node, event: { type: 'revive' } });
    if (fault.type === 'join') this.queue.push(atMs, { node, event: { type: 'revive' } });
  }

  /** Of no consequence: for a dead peer, or a timer that was set anew or cancelled. */
  private isStale(index: number, event: Event): boolean {
    const node = this.nodes[index]!;
    if (event.type === 'revive' || event.type === 'divide' || event.type === 'heal') return false;
    if (event.type === 'fault' && event.fault.type === 'join') return false;
    if (event.type === 'input' && event.life !== undefined && event.life !== node.life) return true;
    return !node.alive || (event.type === 'timer' && node.timers.get(event.timer) !== event.token);
  }

  private async dispatch(index: number, event: Event): Promise<void> {
    const node = this.nodes[index]!;
    if (event.type === 'fault') return this.inflict(index, event.fault);
    if (event.type === 'revive') return this.revive(index);
    if (event.type === 'divide' || event.type === 'heal') return this.divide(event.partition, event.type);
    if (this.nowMs < node.frozenUntilMs) {
      // What reaches a stopped process waits in its sockets and runs, in order, when it is continued.
      if (Number.isFinite(node.frozenUntilMs)) this.queue.push(node.frozenUntilMs, { node: index, event });
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

  private inflict(index: number, fault: SuddenFault): void {
    const node = this.nodes[index]!;
    this.init.onFault?.(fault, this.nowMs);
    if (fault.type === 'freeze') {
      node.frozenUntilMs = this.nowMs + fault.forMs;
      return;
    }
    if (fault.type === 'lie') {
      node.attack = fault.attack;
      return;
    }
    if (fault.type === 'join') return;
    node.alive = false;
    for (const { neighbor } of node.state.edges) this.tellDown(neighbor, index, 'LINK_DOWN');
  }

  private tellDown(node: number, neighbor: number, reason: string): void {
    this.tell(node, { type: 'neighborDown', neighbor, reason });
  }

  private tell(node: number, input: Input): void {
    const { life } = this.nodes[node]!;
    this.queue.push(this.nowMs + this.init.link.latencyMs, { node, event: { type: 'input', input, life } });
  }

  /** A new process for an index that has none. */
  private revive(index: number): void {
    const { createNewcomer, onNewcomer } = this.init;
    const node = this.nodes[index]!;
    if (node.alive) return;
    assert(createNewcomer !== undefined, 'whoever plans restarts and joins says how a newcomer is made');
    node.life += 1;
    node.state = createNewcomer(index, node.life);
    onNewcomer?.(index, node.state);
    node.alive = true;
    node.timers.clear();
    node.frozenUntilMs = 0;
    for (const { neighbor } of node.state.edges) this.link(index, neighbor);
    this.tell(index, { type: 'start' });
  }

  /** Both ends hear of a link that is up again, where both are there and nothing divides them. */
  private link(a: number, b: number): void {
    if (!this.nodes[a]!.alive || !this.nodes[b]!.alive || this.isDivided(a, b)) return;
    this.tell(a, { type: 'neighborUp', neighbor: b });
    this.tell(b, { type: 'neighborUp', neighbor: a });
  }

  private isDivided(a: number, b: number): boolean {
    return [...this.partitions].some(({ nodes }) => nodes.includes(a) !== nodes.includes(b));
  }

  private divide(partition: Partition, how: 'divide' | 'heal'): void {
    const crossing = this.nodes.flatMap(({ state }, a) =>
      state.edges.flatMap(({ neighbor: b }) =>
        a < b && partition.nodes.includes(a) !== partition.nodes.includes(b) ? [[a, b] as const] : [],
      ),
    );
    if (how === 'divide') this.partitions.add(partition);
    else this.partitions.delete(partition);
    for (const [a, b] of crossing) {
      const linked = this.nodes[a]!.state.edges.some((edge) => edge.neighbor === b && edge.linked);
      if (partition.silent && linked) continue;
      if (how === 'heal') this.link(a, b);
      else {
        this.tellDown(a, b, 'LINK_DOWN');
        this.tellDown(b, a, 'LINK_DOWN');
      }
    }
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
    if (frame.kind === 'sync')
      return this.feed(index, { type: 'syncReceived', from, sync: frame.sync }, null);
    if (frame.kind === 'model')
      return this.feed(index, { type: 'modelReceived', from, model: frame.model }, null);
  }

  private async feed(index: number, input: Input, training: TimedTraining | null): Promise<void> {
    const { state } = this.nodes[index]!;
    const effects = step(state, input, this.nowMs);
    await this.init.observe?.({ node: index, nowMs: this.nowMs, input, effects, state, training });
    for (const effect of effects) await this.carryOut(index, effect);
  }

  private async carryOut(index: number, effect: Effect): Promise<void> {
    const node = this.nodes[index]!;
    switch (effect.type) {
      case 'train': {
        const { round } = effect;
        const result = await this.train(index, round, effect.parameters);
        const input: Input = { type: 'updateReady', round, parameters: result.parameters };
        const tookMs = this.init.trainingMs(index, round) * slownessOf(this.init.faults, index, this.nowMs);
        const training = { ...result, tookMs };
        const { life } = node;
        this.queue.push(this.nowMs + tookMs, {
          node: index,
          event: { type: 'input', input, training, life },
        });
        return;
      }
      case 'sendDelta':
        node.counters.payloadBytes += effect.delta.parts.reduce((sum, part) => sum + part.bytes.length, 0);
        node.counters.deltasSent += 1;
        return this.send(index, effect.to, { kind: 'delta', delta: effect.delta });
      case 'sendHeartbeat':
        return this.send(index, effect.to, { kind: 'heartbeat' });
      case 'sendSync':
        return this.send(index, effect.to, { kind: 'sync', sync: effect.sync });
      case 'sendModel':
        return this.send(index, effect.to, { kind: 'model', model: effect.model });
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
        this.tellDown(effect.neighbor, index, effect.code);
        return;
      default:
        return;
    }
  }

  private send(sender: number, receiver: number, words: Words): void {
    const node = this.nodes[sender]!;
    const bytes = encodeFrame({ swarmTag: this.swarmTag, sender, receiver, ...words });
    node.counters.wireBytes += bytes.length;
    if (this.isDivided(sender, receiver)) return;
    for (const arrival of node.links.get(receiver)!.carry(bytes, this.nowMs)) {
      this.queue.push(arrival.atMs, {
        node: receiver,
        event: { type: 'frame', from: sender, frame: arrival.frame },
      });
    }
  }
}

/** Runs peers to their end on virtual time. The peers' states are changed in place. */
export function runSimulation(init: SimulationInit): Promise<SimulationResult> {
  return new Simulator(init).run();
}
