/**
 * The first driver of the consensus core: one peer on real links. Inputs come from the transport, the trainer and
 * the clock; effects go back to them, in order. No decision about the algorithm is made here.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { GrapevineError, isGrapevineError } from '../base/errors.js';
import { mayStart } from '../consensus/coming-back.js';
import type { Effect, Input, NoticeCode, TimerName } from '../consensus/events.js';
import { opensRound } from '../consensus/exchange.js';
import { inputOf } from '../consensus/frame-input.js';
import type { MembershipOptions } from '../consensus/membership-view.js';
import { presentEdges } from '../consensus/neighbor-set.js';
import type { PeerState } from '../consensus/peer-state.js';
import { step } from '../consensus/step.js';
import type { EdgeEvent, RoundEvent } from '../metrics/events.js';
import type { Evaluation, Trainer, TrainResult } from '../training/trainer.js';
import { checkAddressing, decodeFrame } from '../wire/decode.js';
import { encodeFrame } from '../wire/encode.js';
import { type ByeFrame, type Frame, type FrameLimits, nameOf } from '../wire/frame.js';
import { Deferred } from './deferred.js';
import { awaitFarewell } from './farewell.js';
import { type PeerCounts, type SavedPeer, savePeer } from './peer-checkpoint.js';
import { Presence } from './presence.js';
import { edgeEventOf, type Measured, roundEventOf } from './round-event.js';
import type { Transport } from './transport.js';

export interface PeerInit {
  readonly state: PeerState;
  readonly trainer: Trainer;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly swarmTag: Uint8Array;
  readonly limits: FrameLimits;
  /** The model is evaluated in rounds that are multiples of this, and in the last. */
  readonly evaluateEvery: number;
  /** How long round 1 waits for links before it begins with those there are. Milliseconds. */
  readonly startTimeoutMs: number;
  /** Of a topology that follows its members (presence.ts). @default the neighbors stay those of the start */
  readonly membership?: MembershipOptions | undefined;
  /** The transport listens: its addresses are known. */
  onListening?(): void;
  /** startTimeoutMs is over; round 1 begins without links to these. */
  onUnlinked?(neighbors: readonly number[]): void;
  /** Round 1 begins, or the search for a model to join with, when this is done. */
  onStart?(): void | Promise<void>;
  onRound(report: RoundReport): void;
  onEdge(event: Omit<EdgeEvent, 'atMs'>): void;
  /** Saves the peer in rounds that are multiples of `every`, and in its last. `save` rejects to end the peer. */
  readonly checkpoints?: { readonly every: number; save(saved: SavedPeer): Promise<void> } | undefined;
  /** What a peer that goes on from a checkpoint had counted. */
  readonly counted?: PeerCounts | undefined;
  /** The core has something to say to a person: the guard has backed off. */
  onNotice?(notice: { readonly code: NoticeCode; readonly message: string }): void;
}

/** One finished round; `evaluation` and `parameters` are there in rounds with an evaluation. */
export interface RoundReport {
  readonly event: Omit<RoundEvent, 'atMs'>;
  readonly evaluation: Evaluation | null;
  /** Of this round, in a vector of its own where there is an evaluation; else the core's, read only and only now. */
  readonly parameters: Float32Array;
}

/** Copies of a peer's state that may wait for the disk: the one being written, and the next. */
const MAX_UNSAVED = 2;

/** One peer; `run` once. */
export class Peer {
  private readonly init: PeerInit;
  private readonly timers = new Map<TimerName, () => void>();
  private readonly done = new Deferred<number>();
  private readonly linked = new Set<number>();
  private readonly left = new Set<number>();
  /** Known to be gone: round 1 does not wait for them. */
  private readonly unexpected = new Set<number>();
  private readonly farewell = new Deferred<void>();
  private readonly presence: Presence | null;
  private readonly ready = new Deferred<void>();
  private readonly seconds = { train: 0, compress: 0, exchange: 0, wait: 0 };
  private readonly totals = { payloadBytes: 0, uncompressedBytes: 0, samples: 0 };
  /**
   * What waits to leave on each link is not queued a second time: a neighbor that asks again and again without
   * reading the answers, or a link that stands still, holds two differences and a heartbeat and no more.
   */
  private readonly queued = new Map<number, Set<string>>();
  /** Links to break: the rejection of the frame's handler tells the transport to. */
  private readonly refused = new Map<number, GrapevineError>();
  private training: TrainResult | null = null;
  private waitingSinceMs: number | null = null;
  private pendingSends = 0;
  private evaluation: Promise<void> = Promise.resolve();
  private saving: Promise<void> = Promise.resolve();
  private unsaved = 0;
  private ended = false;

  constructor(init: PeerInit) {
    this.init = init;
    Object.assign(this.seconds, init.counted?.seconds);
    Object.assign(this.totals, init.counted?.totals);
    const { membership: options, state, transport, clock } = init;
    const driver = { feed: (input: Input) => this.feed(input), onRewired: () => this.checkReady() };
    this.presence = options ? new Presence({ options, state, transport, clock, ...driver }) : null;
  }

  private get node(): number {
    return this.init.state.context.node;
  }

  /**
   * Runs all rounds. Resolves with the last round when the peer has said goodbye and closed its links.
   * @throws GrapevineError TRAINER_NOT_FINITE, ADDRESS_IN_USE, ...
   */
  async run(): Promise<number> {
    const { transport, clock, startTimeoutMs } = this.init;
    let reason: ByeFrame['reason'] = 'failed';
    const { presence } = this;
    try {
      presence?.start();
      await transport.start({
        ...(presence && {
          onMember: ({ index, gone }) => (gone ? presence.leave(index) : presence.hear(index)),
        }),
        onNeighborUp: (neighbor) => this.onNeighborUp(neighbor),
        onNeighborDown: (neighbor, error) => this.onNeighborDown(neighbor, error),
        onFrame: (neighbor, frame) => this.onFrame(neighbor, frame),
      });
      this.init.onListening?.();
      this.checkReady();
      const cancel = clock.after(startTimeoutMs, () => this.ready.resolve());
      await Promise.race([this.ready.promise, this.done.promise]);
      cancel();
      presence?.begin();
      const unlinked = presentEdges(this.init.state)
        .map((edge) => edge.neighbor)
        .filter((id) => !this.linked.has(id) && this.isExpected(id));
      if (unlinked.length > 0 && !this.ended && this.init.state.incarnation === 0)
        this.init.onUnlinked?.(unlinked);
      await this.init.onStart?.();
      this.feed({ type: 'start' });
      const round = await this.done.promise;
      await this.evaluation;
      await this.saving;
      reason = this.init.state.lastRound < this.init.state.options.rounds ? 'interrupted' : 'finished';
      return round;
    } finally {
      presence?.stop();
      await this.sayGoodbye(reason);
      for (const cancel of this.timers.values()) cancel();
      await transport.stop();
      this.init.trainer.stop();
    }
  }

  /** Stop after `afterRound`, or after the round under way if that is later. */
  requestStop(afterRound: number): void {
    this.feed({ type: 'stopRequested', afterRound });
    this.ready.resolve();
  }

  /** Round 1 does not wait for a link to `neighbor`, which is known to be gone. */
  expectNot(neighbor: number): void {
    this.unexpected.add(neighbor);
    this.presence?.leave(neighbor);
    this.checkReady();
  }

  private isExpected(neighbor: number): boolean {
    return !this.unexpected.has(neighbor) && !this.left.has(neighbor);
  }

  private checkReady(): void {
    if (mayStart(this.init.state, (neighbor) => this.isExpected(neighbor))) this.ready.resolve();
  }

  private feed(input: Input): void {
    if (this.ended) return;
    const { state, clock } = this.init;
    const startedMs = clock.nowMs();
    let effects: Effect[];
    try {
      effects = step(state, input, startedMs);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.seconds.compress += (clock.nowMs() - startedMs) / 1000;
    for (const effect of effects) this.carryOut(effect);
    if (state.phase === 'exchanging' && this.pendingSends === 0) this.waitingSinceMs ??= clock.nowMs();
  }

  private fail(error: unknown): void {
    this.ended = true;
    this.done.reject(error);
  }

  private carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'train':
        this.train(effect).catch((error: unknown) => this.fail(error));
        return;
      case 'sendDelta':
        this.send(effect.to, { ...this.addressed(effect.to), kind: 'delta', delta: effect.delta });
        return;
      case 'sendHeartbeat':
        this.send(effect.to, { ...this.addressed(effect.to), kind: 'heartbeat' });
        return;
      case 'sendSync':
        this.send(effect.to, { ...this.addressed(effect.to), kind: 'sync', sync: effect.sync });
        return;
      case 'sendModel':
        this.send(effect.to, { ...this.addressed(effect.to), kind: 'model', model: effect.model });
        return;
      case 'setTimer':
        this.setTimer(effect.timer, effect.atMs);
        return;
      case 'cancelTimer':
        this.timers.get(effect.timer)?.();
        this.timers.delete(effect.timer);
        return;
      case 'refuse':
        this.refused.set(effect.neighbor, new GrapevineError(effect.code, effect.message));
        return;
      case 'edgeChanged':
        this.init.onEdge(edgeEventOf(this.init.state, effect));
        if (effect.reason === 'removed' && effect.status === 'closed')
          this.presence?.onClosed(effect.neighbor);
        return;
      case 'roundFinished':
        this.reportRound(effect);
        this.saveIfDue(effect.round);
        return;
      case 'finished':
        this.ended = true;
        this.done.resolve(effect.round);
        return;
      case 'notice':
        this.init.onNotice?.({ code: effect.code, message: effect.message });
        return;
      case 'exchangeApplied':
        return;
      default:
        effect satisfies never;
    }
  }

  private async train({ round, parameters, steps }: Extract<Effect, { type: 'train' }>): Promise<void> {
    await setImmediate(); // a peer that waits for nobody must still let its process read, write and tick
    if (this.unsaved >= MAX_UNSAVED) await this.saving; // a disk slower than training must not fill the memory
    if (this.ended) return;
    const startedMs = this.init.clock.nowMs();
    const result = await this.init.trainer.train(parameters, round, steps);
    this.seconds.train += (this.init.clock.nowMs() - startedMs) / 1000;
    this.totals.samples += result.samples;
    this.training = result;
    this.feed({ type: 'updateReady', round, parameters: result.parameters });
  }

  private addressed(receiver: number) {
    return { swarmTag: this.init.swarmTag, sender: this.node, receiver };
  }

  private send(to: number, frame: Frame): void {
    const queued = this.queued.get(to) ?? new Set<string>();
    this.queued.set(to, queued);
    const name = nameOf(frame);
    if (queued.has(name)) return;
    queued.add(name);
    if (frame.kind === 'delta') {
      this.totals.payloadBytes += frame.delta.parts.reduce((sum, part) => sum + part.bytes.length, 0);
      const { algorithm, parameters } = this.init.state;
      if (opensRound(frame.delta, algorithm)) this.totals.uncompressedBytes += 4 * parameters.length;
    }
    const startedMs = this.init.clock.nowMs();
    this.pendingSends += 1;
    this.init.transport
      .send(to, encodeFrame(frame))
      .catch((error: unknown) => {
        // The transport reports the dead link by onNeighborDown; what was lost is sent again on the next one.
        if (!isGrapevineError(error, 'LINK_DOWN')) this.fail(error);
      })
      .finally(() => {
        queued.delete(name);
        this.pendingSends -= 1;
        const nowMs = this.init.clock.nowMs();
        if (this.pendingSends === 0) this.seconds.exchange += (nowMs - startedMs) / 1000;
        if (this.pendingSends === 0 && this.init.state.phase === 'exchanging') this.waitingSinceMs ??= nowMs;
      });
  }

  private setTimer(timer: TimerName, atMs: number): void {
    this.timers.get(timer)?.();
    const delayMs = Math.max(0, atMs - this.init.clock.nowMs());
    const cancel = this.init.clock.after(delayMs, () => {
      this.timers.delete(timer);
      this.feed({ type: 'timerFired', timer });
    });
    this.timers.set(timer, cancel);
  }

  private onNeighborUp(neighbor: number): void {
    this.linked.add(neighbor);
    this.left.delete(neighbor);
    this.presence?.hear(neighbor);
    this.feed({ type: 'neighborUp', neighbor });
    this.checkReady();
  }

  private onNeighborDown(neighbor: number, error: GrapevineError): void {
    this.linked.delete(neighbor);
    this.queued.delete(neighbor);
    this.feed({ type: 'neighborDown', neighbor, reason: error.code });
    this.checkFarewell();
  }

  private onFrame(neighbor: number, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes, this.init.limits);
    checkAddressing(frame, { swarmTag: this.init.swarmTag, sender: neighbor, receiver: this.node });
    this.presence?.hear(neighbor);
    const input = inputOf(frame, neighbor);
    if (input !== null) {
      this.feed(input);
      if (frame.kind === 'sync') this.checkReady();
    } else if (frame.kind === 'bye') {
      this.left.add(neighbor);
      this.presence?.leave(neighbor);
      this.feed({ type: 'neighborLeft', neighbor });
      this.checkReady();
      this.checkFarewell();
    }
    const refusal = this.refused.get(neighbor);
    if (refusal !== undefined) {
      this.refused.delete(neighbor);
      throw refusal;
    }
  }

  private reportRound(effect: Extract<Effect, { type: 'roundFinished' }>): void {
    const { state, clock, evaluateEvery, trainer, onRound } = this.init;
    if (this.waitingSinceMs !== null) this.seconds.wait += (clock.nowMs() - this.waitingSinceMs) / 1000;
    this.waitingSinceMs = null;
    const { round, parameters } = effect;
    const event = roundEventOf(this.init.state, effect, this.measured());
    if (round < state.lastRound && round % evaluateEvery !== 0) {
      onRound({ event, evaluation: null, parameters });
      return;
    }
    const kept = parameters.slice(); // later rounds may end before the evaluation
    this.evaluation = trainer.evaluate(kept).then(
      (evaluation) =>
        onRound({ event: { ...event, accuracy: evaluation.accuracy }, evaluation, parameters: kept }),
      (error: unknown) => this.fail(error),
    );
  }

  private measured(): Measured {
    const { totals, seconds, sentBytes, training } = this;
    return { totals, seconds: { ...seconds }, sentBytes, loss: training?.loss ?? 0 };
  }

  private get sentBytes(): number {
    return (this.init.counted?.sentBytes ?? 0) + this.init.transport.counters().sentBytes;
  }

  /** Copies the peer as `round` has left it, before anything else happens to it; it is written while training goes on. */
  private saveIfDue(round: number): void {
    const { checkpoints, state, trainer } = this.init;
    if (checkpoints === undefined || (round % checkpoints.every !== 0 && round < state.lastRound)) return;
    const counts = { seconds: { ...this.seconds }, totals: { ...this.totals }, sentBytes: this.sentBytes };
    const copied = savePeer({ state, trainer, round, counts });
    this.unsaved += 1;
    this.saving = this.saving
      .then(async () => checkpoints.save(await copied))
      .finally(() => {
        this.unsaved -= 1;
      });
    copied.catch(() => {}); // heard of above, once those before it are saved
    this.saving.catch((error: unknown) => this.fail(error));
  }

  private checkFarewell(): void {
    if ([...this.linked].every((neighbor) => this.left.has(neighbor))) this.farewell.resolve();
  }

  private async sayGoodbye(reason: ByeFrame['reason']): Promise<void> {
    this.ended = true;
    const { state, transport, clock } = this.init;
    for (const { neighbor, status } of state.edges) if (status !== 'active') this.left.add(neighbor); // do not wait
    const said = [...this.linked].map((to) =>
      transport.send(to, encodeFrame({ ...this.addressed(to), kind: 'bye', reason })),
    );
    this.checkFarewell();
    await awaitFarewell(said, this.farewell.promise, clock);
  }
}
