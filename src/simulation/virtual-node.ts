/** A peer in the simulator, what happens to it, and what is to come. */
import type { Snapshot } from '../base/snapshot.js';
import type { Input, TimerName } from '../consensus/events.js';
import type { MembershipView } from '../consensus/membership-view.js';
import type { PeerState } from '../consensus/peer-state.js';
import type { TrainResult } from '../training/trainer.js';
import type { Attack } from './attacks.js';
import type { Absence, Partition, SuddenFault } from './fault.js';
import type { Arrival } from './link-model.js';

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
  /** Of frames that this peer sent: never to arrive, to arrive twice, to arrive before one that was sent earlier. */
  framesLost: number;
  framesRepeated: number;
  framesOvertaking: number;
  /** Of those that came to it: damaged. */
  framesRefused: number;
}

export type Event =
  /** `life`: of the process that it is for; without one for whichever there is. */
  | {
      readonly type: 'input';
      readonly input: Input;
      readonly training?: TimedTraining;
      readonly life?: number;
    }
  | { readonly type: 'frame'; readonly from: number; readonly frame: Uint8Array }
  /** The first byte of a frame is at the downlink. */
  | { readonly type: 'arriving'; readonly from: number; readonly arrival: Arrival }
  | { readonly type: 'return'; readonly absence: Absence }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly token: number }
  | { readonly type: 'fault'; readonly fault: SuddenFault }
  | { readonly type: 'revive' }
  /** Of virtual-membership.ts: word of another peer, a view that may have settled, a link that may not be wanted any more. */
  | { readonly type: 'heard'; readonly place: number; readonly present: boolean }
  | { readonly type: 'settle' }
  | { readonly type: 'unlink'; readonly neighbor: number; readonly dueMs: number }
  | { readonly type: 'divide'; readonly partition: Partition }
  | { readonly type: 'heal'; readonly partition: Partition };

/** Comes over a link, or is about one: does not outlast it. */
export function isOfLink(event: Event): boolean {
  return (
    event.type === 'frame' ||
    (event.type === 'input' && (event.input.type === 'neighborUp' || event.input.type === 'neighborDown'))
  );
}

export interface VirtualNode {
  state: PeerState;
  /** Processes that have been started for this index before. */
  life: number;
  readonly counters: NodeCounters;
  readonly timers: Map<TimerName, number>;
  /** By neighbor: when the last of the frames that it was sent arrives. */
  readonly lastArrivalMs: Map<number, number>;
  alive: boolean;
  finished: boolean;
  frozenUntilMs: number;
  /** Of an absence: since when; null of a peer that is there. */
  awaySinceMs: number | null;
  /** Who is there, as far as it has heard; null where the topology does not follow its members. */
  view: MembershipView | null;
  /** When the link of an edge that has been given up goes down, by neighbor. */
  readonly unlinkMs: Map<number, number>;
  /** The latest checkpoint of a peer that is to be started again from one. */
  saved: { readonly round: number; readonly peer: Snapshot } | null;
  /** A liar's. */
  attack: Attack | null;
  /** An honest peer's latest local steps, for liars; kept only where there are any. */
  latest: { readonly start: Float32Array; readonly trained: Float32Array } | null;
}

export function createNode(state: PeerState): VirtualNode {
  const sent = { payloadBytes: 0, wireBytes: 0, deltasSent: 0 };
  const frames = { framesLost: 0, framesRepeated: 0, framesOvertaking: 0, framesRefused: 0 };
  const counters = { ...sent, ...frames };
  const clocks = { timers: new Map(), lastArrivalMs: new Map() };
  const fresh = { life: 0, alive: true, finished: false, frozenUntilMs: 0, awaySinceMs: null };
  return {
    state,
    counters,
    ...clocks,
    view: null,
    unlinkMs: new Map(),
    saved: null,
    attack: null,
    latest: null,
    ...fresh,
  };
}

/** An event and whom it befalls. */
export interface NodeEvent {
  readonly node: number;
  readonly event: Event;
}
