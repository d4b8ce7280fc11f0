/** What a simulation is made of, what it tells while it runs, and what comes of it. */
import type { Effect, Input } from '../consensus/events.js';
import type { MembershipOptions } from '../consensus/membership-view.js';
import type { PeerState } from '../consensus/peer-state.js';
import type { TrainResult } from '../training/trainer.js';
import type { Fault, SuddenFault } from './fault.js';
import type { LinkOptions } from './link-model.js';
import type { NetworkOptions } from './network.js';
import type { SavedSimulation } from './saved-simulation.js';
import type { NodeCounters, TimedTraining } from './virtual-node.js';

export interface SimulationInit {
  readonly peers: readonly PeerState[];
  /** The state of a peer that is started while others run (its incarnation is above 0); needed by restarts and joins. */
  createNewcomer?(node: number, incarnation: number): PeerState;
  /** The local steps of one peer, or the first `steps` of them; only its virtual duration counts. */
  train(node: number, round: number, parameters: Float32Array, steps?: number): Promise<TrainResult>;
  /** Virtual duration of all local steps of a peer that is not slow, in milliseconds; of fewer it is their share. */
  trainingMs(node: number, round: number): number;
  /** Of every edge, unless `network` says otherwise. */
  readonly link: LinkOptions;
  /** Links that differ, and what peers' own connections bear. @default `link` on every edge */
  readonly network?: NetworkOptions;
  readonly faults: readonly Fault[];
  /** Of a topology that follows its members. @default the edges stay those of the start */
  readonly membership?: MembershipOptions | undefined;
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
