/**
 * The second driver of the consensus core: many peers in one process on virtual time. Frames are encoded,
 * carried by virtual links and decoded as on a network, so that codec, limits and byte counts are the ones that
 * ship; a run is a function of its arguments, whatever the machine and its load.
 */

import { assert } from '../base/assert.js';
import { isGrapevineError } from '../base/errors.js';
import { createRandom } from '../base/random.js';
import { mayStart, waits } from '../consensus/coming-back.js';
import type { Effect, Input } from '../consensus/events.js';
import { inputOf } from '../consensus/frame-input.js';
import { step } from '../consensus/step.js';
import type { TrainResult } from '../training/trainer.js';
import { checkAddressing, decodeFrame } from '../wire/decode.js';
import { encodeFrame, swarmTagOf } from '../wire/encode.js';
import type { Frame, Words } from '../wire/frame.js';
import { type Attack, modelsOf } from './attacks.js';
import { EventQueue } from './event-queue.js';
import { type Absence, type Fault, nextAbsence, type SuddenFault, slownessOf } from './fault.js';
import { LinkUps } from './link-ups.js';
import { uniformNetwork, VirtualNetwork } from './network.js';
import { checkpointsAmong, reviveFrom, START_TIMEOUT_MS, saveIfDue } from './revival.js';
import { giveMoreRounds, loadSimulation, type SavedSimulation, saveSimulation } from './saved-simulation.js';
import type { SimulationInit, SimulationResult } from './simulation-init.js';
import { VirtualMembership } from './virtual-membership.js';
import {
  createNode,
  type Event,
  isOfLink,
  type NodeEvent,
  type TimedTraining,
  type VirtualNode,
} from './virtual-node.js';

export type { Fault } from './fault.js';
export type { SavedSimulation } from './saved-simulation.js';
export type { Observation, SimulationInit, SimulationResult } from './simulation-init.js';
export type { NodeCounters } from './virtual-node.js';

type TrainEffect = Extract<Effect, { type: 'train' }>;

/** One simulation; `run` once. */
class Simulator {
  private readonly queue = new EventQueue<NodeEvent>();
  private readonly nodes: readonly VirtualNode[];
  private readonly network: VirtualNetwork;
  private readonly swarmTag: Uint8Array;
  private readonly hasLiars: boolean;
  private readonly linkUps: LinkUps;
  private readonly membership: VirtualMembership | null;
  private readonly init: SimulationInit;
  /** Rounds between the checkpoints of peers that are to go on from one. */
  private readonly savedEvery: ReadonlyMap<number, number>;
  private timerTokens = 0;
  private nowMs = 0;

  constructor(init: SimulationInit) {
    this.init = init;
    this.nodes = init.peers.map(createNode);
    this.network = new VirtualNetwork(init.network ?? uniformNetwork(init.link), init.seed);
    const { nodes, queue, network } = this;
    this.linkUps = new LinkUps({ nodes, queue, network });
    const { linkUps } = this;
    const feed = (node: number, input: Input) => this.feed(node, input, null);
    this.membership = init.membership
      ? new VirtualMembership(init.membership, { nodes, queue, linkUps, seed: init.seed, feed })
      : null;
    this.savedEvery = checkpointsAmong(init.faults);
    this.hasLiars = init.faults.some(({ type }) => type === 'lie');
    this.swarmTag = swarmTagOf(`simulation-${init.seed}`);
  }

  async run(): Promise<SimulationResult> {
    const { resume, betweenEvents } = this.init;
    if (resume === undefined) this.schedule();
    else this.load(resume(this.saved()));
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) {
      if (next.atMs > this.init.horizonMs || this.init.interrupted?.() === true) break;
      if (this.isStale(next.event.node, next.event.event)) continue;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      // Most events end at once, and a thousand peers have a million of them: waiting for nothing takes time.
      const underway = this.dispatch(next.event.node, next.event.event);
      if (underway !== undefined) await underway;
      const saving = betweenEvents?.(() => this.saved());
      if (saving !== undefined) await saving;
    }
    return {
      endMs: this.nowMs,
      counters: this.nodes.map((node) => node.counters),
      killed: this.nodes.flatMap((node, index) => (node.alive ? [] : [index])),
    };
  }

  private saved(): SavedSimulation {
    const { nodes, queue, network, nowMs, timerTokens } = this;
    const { partitions } = this.linkUps;
    const { faults } = this.init;
    return saveSimulation({ nodes, queue, network, partitions, faults, nowMs, timerTokens });
  }

  private load(saved: SavedSimulation): void {
    const { nodes, queue, network } = this;
    const { partitions } = this.linkUps;
    Object.assign(this, { nowMs: saved.nowMs, timerTokens: saved.timerTokens });
    loadSimulation(saved, { nodes, queue, network, partitions, faults: this.init.faults });
    if (giveMoreRounds(nodes)) this.start();
  }

  private schedule(): void {
    const { faults } = this.init;
    for (const fault of faults) if (fault.type === 'join') this.nodes[fault.node]!.alive = false;
    this.start();
    this.membership?.begin(this.nowMs);
    for (const fault of faults) if (fault.type !== 'slow') this.scheduleFault(fault);
  }

  /** The links come up and all peers start. */
  private start(): void {
    this.nodes.forEach(({ state, alive }, node) => {
      if (!alive) return;
      for (const { neighbor } of state.edges) {
        if (!this.nodes[neighbor]!.alive) continue;
        const input: Input = { type: 'neighborUp', neighbor };
        this.queue.push(this.nowMs, { node, event: { type: 'input', input } });
      }
      this.queue.push(this.nowMs, { node, event: { type: 'input', input: { type: 'start' } } });
    });
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

  /** Of no consequence: for a dead peer, a timer that was set anew or cancelled, or an absence when all is done. */
  private isStale(index: number, event: Event): boolean {
    const node = this.nodes[index]!;
    if (event.type === 'fault' && event.fault.type === 'away' && node.finished) return true;
    if (event.type === 'revive' || event.type === 'divide' || event.type === 'heal') return false;
    if (event.type === 'fault' && event.fault.type === 'join') return false;
    if (event.type === 'input' && event.life !== undefined && event.life !== node.life) return true;
    return !node.alive || (event.type === 'timer' && node.timers.get(event.timer) !== event.token);
  }

  private dispatch(index: number, event: Event): Promise<void> | void {
    const node = this.nodes[index]!;
    if (event.type === 'fault') return this.inflict(index, event.fault);
    if (event.type === 'return') return this.comeBack(index, event.absence);
    if (event.type === 'revive') return this.revive(index);
    if (event.type === 'divide' || event.type === 'heal') {
      this.membership?.onDivide(event.partition, event.type, this.nowMs);
      return this.linkUps.divide(event.partition, event.type, this.nowMs);
    }
    if (event.type === 'arriving') return this.passDownlink(index, event);
    if (node.awaySinceMs !== null && isOfLink(event)) return; // the link it came on is no more
    if (this.nowMs < node.frozenUntilMs) {
      // What reaches a stopped process waits in its sockets and runs, in order, when it is continued.
      if (Number.isFinite(node.frozenUntilMs))
        this.queue.push(node.frozenUntilMs + this.untrainedMs(node, event), { node: index, event });
      return;
    }
    if (event.type === 'heard') return this.membership?.hear(index, event, this.nowMs);
    if (event.type === 'settle') return this.membership?.settle(index, this.nowMs);
    if (event.type === 'unlink') return this.membership?.unlink(index, event, this.nowMs);
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
    this.membership?.onFault(fault, this.nowMs);
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
    if (fault.type === 'join') return;
    node.alive = false;
    this.linkUps.dropAll(index, this.nowMs);
  }

  /** A new process for an index that has none. */
  private async revive(index: number): Promise<void> {
    const { createNewcomer, onNewcomer } = this.init;
    const node = this.nodes[index]!;
    if (node.alive) return;
    assert(createNewcomer !== undefined, 'whoever plans restarts and joins says how a newcomer is made');
    node.life += 1;
    node.state = createNewcomer(index, node.saved === null ? node.life : 0);
    if (node.saved !== null) reviveFrom(node.saved, node);
    onNewcomer?.(index, node.state);
    node.alive = true;
    node.finished = false;
    node.timers.clear();
    node.frozenUntilMs = 0;
    node.awaySinceMs = null;
    await this.membership?.welcome(index, this.nowMs);
    for (const { neighbor } of node.state.edges) this.linkUps.link(index, neighbor, this.nowMs);
    const startMs = this.nowMs + (node.saved === null ? 0 : START_TIMEOUT_MS);
    this.pushStart(index, startMs);
  }

  private pushStart(index: number, atMs: number): void {
    const { life } = this.nodes[index]!;
    this.queue.push(atMs, { node: index, event: { type: 'input', input: { type: 'start' }, life } });
  }

  private goAway(index: number, absence: Absence): void {
    const node = this.nodes[index]!;
    node.awaySinceMs = this.nowMs;
    node.frozenUntilMs = this.nowMs + absence.forMs;
    this.linkUps.dropAll(index, this.nowMs);
    if (Number.isFinite(absence.forMs))
      this.queue.push(node.frozenUntilMs, { node: index, event: { type: 'return', absence } });
  }

  /** Finds its links gone, and makes new ones to the neighbors that are there. */
  private async comeBack(index: number, absence: Absence): Promise<void> {
    const node = this.nodes[index]!;
    node.awaySinceMs = null;
    for (const { neighbor } of node.state.edges) {
      await this.feed(index, { type: 'neighborDown', neighbor, reason: 'LINK_DOWN' }, null);
      this.linkUps.link(index, neighbor, this.nowMs);
    }
    const next = node.finished ? null : nextAbsence(absence, this.nowMs);
    if (next !== null) this.queue.push(next.atMs, { node: index, event: { type: 'fault', fault: next } });
  }

  /** What a liar says in place of its trained parameters, once others of this round have been trained. */
  private lie(index: number, attack: Attack, input: Input): Input {
    if (input.type !== 'updateReady') return input;
    const honest = this.nodes.filter(({ alive, attack: own }) => alive && own === null);
    const models = modelsOf(honest.flatMap((node) => node.latest ?? []));
    if (models === null) return input;
    const random = createRandom(this.init.seed, 'lie', index, input.round);
    return { ...input, parameters: attack(models, random) };
  }

  /** The local steps of one peer; a liar has no need of them. */
  private async train(index: number, { round, parameters: start, steps }: TrainEffect): Promise<TrainResult> {
    const node = this.nodes[index]!;
    if (node.attack !== null) return { parameters: start.slice(), loss: 0, samples: 0 };
    if (!this.hasLiars) return this.init.train(index, round, start, steps);
    const before = start.slice();
    const training = await this.init.train(index, round, start, steps);
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
    const input = inputOf(frame, from);
    if (input !== null) return this.feed(index, input, null);
  }

  private feed(index: number, input: Input, training: TimedTraining | null): Promise<void> | void {
    const { state } = this.nodes[index]!;
    const effects = step(state, input, this.nowMs);
    saveIfDue(this.nodes[index]!, effects, this.savedEvery.get(index));
    if (waits(state) && mayStart(state, () => true)) this.pushStart(index, this.nowMs);
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

  /** Of the time that all local steps take. */
  private shareOf(index: number, { steps }: TrainEffect): number {
    const all = this.nodes[index]!.state.options.stepping?.localSteps;
    return steps === undefined || all === undefined ? 1 : steps / all;
  }

  private async startTraining(index: number, effect: TrainEffect) {
    const { life } = this.nodes[index]!;
    const result = await this.train(index, effect);
    const { round } = effect;
    const input: Input = { type: 'updateReady', round, parameters: result.parameters };
    const factor = this.shareOf(index, effect) * slownessOf(this.init.faults, index, this.nowMs);
    const tookMs = this.init.trainingMs(index, round) * factor;
    const training = { ...result, tookMs };
    this.queue.push(this.nowMs + tookMs, { node: index, event: { type: 'input', input, training, life } });
  }

  /** A promise for training only; all else is done when this returns. */
  private carryOut(index: number, effect: Effect): Promise<void> | void {
    const node = this.nodes[index]!;
    this.membership?.onEffect(index, effect, this.nowMs);
    switch (effect.type) {
      case 'train':
        return this.startTraining(index, effect);
      case 'finished':
        node.finished = true;
        return;
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
        this.linkUps.tellDown([effect.neighbor, index], this.nowMs, effect.code);
        return;
      default:
        return;
    }
  }

  private send(sender: number, receiver: number, words: Words): void {
    const node = this.nodes[sender]!;
    const bytes = encodeFrame({ swarmTag: this.swarmTag, sender, receiver, ...words });
    node.counters.wireBytes += bytes.length;
    const divided = this.linkUps.isDivided(sender, receiver);
    const arrivals = divided ? [] : this.network.send(bytes, [sender, receiver], this.nowMs);
    if (arrivals.length === 0) node.counters.framesLost += 1;
    if (arrivals.length > 1) node.counters.framesRepeated += 1;
    const queued = this.network.hasDownlink(receiver);
    for (const arrival of arrivals) {
      const { atMs, headMs, frame } = arrival;
      const lastMs = node.lastArrivalMs.get(receiver) ?? 0;
      if (atMs < lastMs) node.counters.framesOvertaking += 1;
      else node.lastArrivalMs.set(receiver, atMs);
      if (queued)
        this.queue.push(headMs, { node: receiver, event: { type: 'arriving', from: sender, arrival } });
      else this.queue.push(atMs, { node: receiver, event: { type: 'frame', from: sender, frame } });
    }
  }
}

/** Runs peers to their end on virtual time. The peers' states are changed in place. */
export function runSimulation(init: SimulationInit): Promise<SimulationResult> {
  return new Simulator(init).run();
}
