/** A peer in the simulator, what happens to it, and what is to come. */
import type { Input, TimerName } from '../consensus/events.js';
import type { PeerState } from '../consensus/peer-state.js';
import type { TrainResult } from '../training/trainer.js';
import type { Attack } from './attacks.js';
import type { VirtualLink } from './link-model.js';

/** What happens to a process from outside. */
export type Fault =
  /** SIGKILL: its neighbors lose their links to it. */
  | { readonly type: 'kill'; readonly node: number; readonly atMs: number }
  /** SIGSTOP for a while, or for ever: silent, links stay up. */
  | { readonly type: 'freeze'; readonly node: number; readonly atMs: number; readonly forMs: number }
  /** A straggler: training that begins within this time takes `factor` times as long. */
  | {
      readonly type: 'slow';
      readonly node: number;
      readonly factor: number;
      readonly atMs: number;
      readonly forMs: number;
    }
  /** From then on it claims, after its local steps, what `attack` makes of the honest peers' models. */
  | { readonly type: 'lie'; readonly node: number; readonly atMs: number; readonly attack: Attack };

/** What strikes at a time; a slow peer is just slow. */
export type SuddenFault = Exclude<Fault, { type: 'slow' }>;

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

export type Event =
  | { readonly type: 'input'; readonly input: Input; readonly training?: TimedTraining }
  | { readonly type: 'frame'; readonly from: number; readonly frame: Uint8Array }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly token: number }
  | { readonly type: 'fault'; readonly fault: SuddenFault };

export interface VirtualNode {
  readonly state: PeerState;
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

/** An event and whom it befalls. */
export interface NodeEvent {
  readonly node: number;
  readonly event: Event;
}
