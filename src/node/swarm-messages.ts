/**
 * What the launcher of a local swarm and its worker processes say to each other, over Node's IPC channel. It
 * starts peers and watches them; no parameter on its way from one peer to another passes here.
 */
import type { ErrorCode } from '../base/errors.js';
import type { RunConfig } from '../config/schema.js';
import type { EdgeEvent, RoundEvent } from '../metrics/events.js';
import type { EngineChoice } from '../training/engine.js';
import type { Evaluation } from '../training/trainer.js';
import type { ReachOptions } from './reach.js';

/** What one worker process is to run. */
export interface WorkerAssignment {
  /** The verified configuration, as verifyRunConfig returns it. */
  readonly config: RunConfig;
  readonly peers: readonly number[];
  readonly swarm: string;
  readonly bootstrap: readonly string[];
  /** How each of the peers is reached. */
  readonly reach: ReachOptions;
  readonly cacheDirectory: string;
  /** What does the arithmetic, one of training/engine.ts' choices; absent: auto. */
  readonly engine?: EngineChoice;
  /** Own data of the machine's peers; {peer} stands for an index. */
  readonly dataDirectory?: string | undefined;
  /** Where each peer leaves its model at the end; null: nowhere. */
  readonly checkpointDirectory: string | null;
  readonly startTimeoutMs: number;
  /** Private keys of the peers, where they outlive a process. @default one drawn for each */
  readonly identities?: ReadonlyMap<number, Uint8Array>;
  /** How often these peers have been started again. @default 0 */
  readonly incarnation?: number;
  /** How the state of each peer is saved, and from which round it goes on; absent: neither. */
  readonly checkpoints?: CheckpointOrders;
}

export interface CheckpointOrders {
  /** Rounds between two; null: none. */
  readonly every: number | null;
  readonly keep: number;
  readonly onFailure: 'continue' | 'stop';
  readonly directory: string;
  /** Every peer has a checkpoint of this round, and goes on from it; null: from the start. */
  readonly resumeAfter: number | null;
}

export type ToWorker =
  | ({ readonly type: 'begin' } & WorkerAssignment)
  /** The peer that others joined through is lost: this is another. */
  | { readonly type: 'join'; readonly bootstrap: readonly string[] }
  /** It is lost or has finished: round 1 need not wait for links to this peer. */
  | { readonly type: 'gone'; readonly peer: number }
  | { readonly type: 'stop'; readonly afterRound: number };

export type FromWorker =
  /** The process has started; then every ALIVE_MS. */
  | { readonly type: 'alive' }
  | { readonly type: 'listening'; readonly peer: number; readonly addresses: readonly string[] }
  | { readonly type: 'rounds'; readonly events: readonly Omit<RoundEvent, 'atMs'>[] }
  | {
      readonly type: 'evaluation';
      readonly event: Omit<RoundEvent, 'atMs'>;
      readonly evaluation: Evaluation;
      readonly parameters: Float32Array;
    }
  | { readonly type: 'edge'; readonly event: Omit<EdgeEvent, 'atMs'> }
  | { readonly type: 'notice'; readonly peer: number | null; readonly code: string; readonly message: string }
  | { readonly type: 'finished'; readonly peer: number; readonly round: number }
  | {
      readonly type: 'failed';
      readonly peer: number;
      readonly code: ErrorCode | 'BUG';
      readonly message: string;
    };

/** A worker says that it lives this often. */
export const ALIVE_MS = 1_000;
