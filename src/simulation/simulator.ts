/**
 * The second driver of the consensus core: many peers in one process on virtual time. Frames are encoded,
 * carried by virtual links and decoded as on a network, so that codec, limits and byte counts are the ones that
 * ship; a run is a function of its arguments, whatever the machine and its load.
 */

import { isGrapevineError } from '../base/errors.js';
import { createRandom } from '../base/random.js';
import type { Effect, Input } from '../consensus/events.js';
import type { PeerState } from '../consensus/peer-state.js';
import { step } from '../consensus/step.js';
import type { TrainResult } from '../training/trainer.js';
import { checkAddressing, decodeFrame } from '../wire/decode.js';
import { encodeFrame, swarmTagOf } from '../wire/encode.js';
import type { Frame } from '../wire/frame.js';
import type { Attack } from './attacks.js';
import { EventQueue } from './event-queue.js';
import { createVirtualLink, type LinkOptions, type VirtualLink } from './link-model.js';
import { giveMoreRounds, loadSimulation, type SavedSimulation, saveSimulation } from './saved-simulation.js';
import type {
  Event,
  Fault,
  NodeCounters,
  NodeEvent,
  SuddenFault,
  TimedTraining,
  VirtualNode,
} from './virtual-node.js';

export type { SavedSimulation } from './saved-simulation.js';
export type { Fault, NodeCounters, SuddenFault } from './virtual-node.js';

/** How much longer training takes that begins now. */
function slownessOf(faults: readonly Fault[], node: number, nowMs: number): number {
  let slowness = 1;
  for (const fault of faults) {
    if (fault.type !== 'slow' || fault.node !== node) continue;
    if (nowMs >= fault.atMs && nowMs < fault.atMs + fault.forMs) slowness *= fault.factor;
  }
  return slowness;
}

export interface SimulationInit {
  readonly peers: readonly PeerState[];
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
  /** Told when a fault strikes. */
  onFault?(fault: SuddenFault, nowMs: number): void;
  /** Ends the run early when true, at the next event. */
  interrupted?(): boolean;
  /** Called between two events, where a simulation can be saved and gone on from. */
  betweenEvents?(saved: () => SavedSimulation): Promise<void> | void;
  /** Goes on from what `betweenEvents` was given; `restore` moves the part of a simulation made afresh to the saved one. */
  readonly resume?: ((fresh: SavedSimulation) => SavedSimulation) | undefined;
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

export interface SimulationResult {
  /** Virtual time of the last event, in milliseconds. */
  readonly endMs: number;
  readonly counters: readonly NodeCounters[];
  readonly killed: readonly number[];
}

function createNode(init: SimulationInit, state: PeerState): VirtualNode {
  const { node } = state.context;
  const links = state.edges.map(({ neighbor }): [number, VirtualLink] => [
    neighbor,
    createVirtualLink(init.link, createRandom(init.seed, 'link', node, neighbor)),
  ]);
  const counters = { payloadBytes: 0, wireBytes: 0, deltasSent: 0, framesRefused: 0 };
  const fresh = { alive: true, frozenUntilMs: 0, attack: null, latest: null };
  return { state, counters, timers: new Map(), links: new Map(links), ...fresh };
}

/** One simulation; `run` once. */
class Simulator {
  private readonly queue = new EventQueue<NodeEvent>();
  private readonly nodes: readonly VirtualNode[];
  private readonly swarmTag: Uint8Array;
  private readonly hasLiars: boolean;
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
    const { resume, betweenEvents } = this.init;
    if (resume === undefined) this.schedule(true);
    else this.load(resume(this.saved()));
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      if (next.atMs > this.init.horizonMs || this.init.interrupted?.() === true) break;
      if (this.isStale(next.event.node, next.event.event)) continue;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      await this.dispatch(next.event.node, next.event.event);
      await betweenEvents?.(() => this.saved());
    }
    return {
      endMs: this.nowMs,
      counters: this.nodes.map((node) => node.counters),
      killed: this.nodes.flatMap((node, index) => (node.alive ? [] : [index])),
    };
  }

  private saved(): SavedSimulation {
    const { nodes, queue, nowMs, timerTokens } = this;
    return saveSimulation({ nodes, queue, nowMs, timerTokens, faults: this.init.faults });
  }

  private load(saved: SavedSimulation): void {
    const { nodes, queue } = this;
    Object.assign(this, { nowMs: saved.nowMs, timerTokens: saved.timerTokens });
    loadSimulation(saved, { nodes, queue, faults: this.init.faults });
    if (giveMoreRounds(nodes)) this.schedule(false);
  }

  /** The links come up and all peers start; with `faults`, what is to happen to them. */
  private schedule(faults: boolean): void {
    this.nodes.forEach(({ state, alive }, node) => {
      if (!alive) return;
      for (const { neighbor } of state.edges) {
        if (this.nodes[neighbor]!.alive)
          this.queue.push(this.nowMs, {
            node,
            event: { type: 'input', input: { type: 'neighborUp', neighbor } },
          });
      }
      this.queue.push(this.nowMs, { node, event: { type: 'input', input: { type: 'start' } } });
    });
    for (const fault of faults ? this.init.faults : []) {
      if (fault.type !== 'slow')
        this.queue.push(fault.atMs, { node: fault.node, event: { type: 'fault', fault } });
    }
  }

  /** Of no consequence: for a dead peer, or a timer that was set anew or cancelled. */
  private isStale(index: number, event: Event): boolean {
    const node = this.nodes[index]!;
    return !node.alive || (event.type === 'timer' && node.timers.get(event.timer) !== event.token);
  }

  private async dispatch(index: number, event: Event): Promise<void> {
    const node = this.nodes[index]!;
    if (event.type === 'fault') return this.inflict(index, event.fault);
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
    node.alive = false;
    for (const { neighbor } of node.state.edges) {
      const input: Input = { type: 'neighborDown', neighbor: index, reason: 'LINK_DOWN' };
      this.queue.push(this.nowMs + this.init.link.latencyMs, {
        node: neighbor,
        event: { type: 'input', input },
      });
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
        this.queue.push(this.nowMs + tookMs, { node: index, event: { type: 'input', input, training } });
        return;
      }
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
    for (const arrival of node.links.get(to)!.carry(bytes, this.nowMs)) {
      this.queue.push(arrival.atMs, { node: to, event: { type: 'frame', from, frame: arrival.frame } });
    }
  }
}

/** Runs peers to their end on virtual time. The peers' states are changed in place. */
export function runSimulation(init: SimulationInit): Promise<SimulationResult> {
  return new Simulator(init).run();
}
