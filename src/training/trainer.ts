/**
 * What the rest of the project knows of training. A GradientModel computes losses and gradients of a flat
 * parameter vector (network-model.ts on an engine, arithmetic in quadratic-model.ts); a Trainer runs local
 * optimizer steps on it (local-trainer.ts). Tensors never leave this folder.
 */
import type { Workspace } from './engine.js';
import type { OptimizerState } from './optimizer.js';
import type { ParameterLayout } from './parameters.js';

export interface TrainResult {
  /**
   * Parameters after the local steps; owned by the caller, but for a trainer in another thread, which writes its one
   * vector again in the next round (node/training-thread.ts).
   */
  readonly parameters: Float32Array;
  /** Mean training loss over the local steps. */
  readonly loss: number;
  /** Samples processed. */
  readonly samples: number;
}

export interface Evaluation {
  readonly loss: number;
  /** Share of correct answers in [0, 1]; null where the task has no such thing. */
  readonly accuracy: number | null;
}

export interface Trainer {
  readonly layout: ParameterLayout;
  /**
   * Local steps of round `round` from `parameters`, which are not changed: all, or the first `steps` of them.
   * @throws GrapevineError TRAINER_NOT_FINITE when loss or parameters stop being finite numbers.
   */
  train(parameters: Float32Array, round: number, steps?: number): Promise<TrainResult>;
  /** On the task's test set. */
  evaluate(parameters: Float32Array): Promise<Evaluation>;
  /** A copy, of now, of what training remembers from one round to the next; absent where nothing can be saved. */
  saveState?(): Promise<OptimizerState>;
  /** Goes on from what saveState gave. */
  restoreState?(state: OptimizerState): Promise<void>;
  /** Frees what the trainer holds. */
  stop(): void;
}

/** Loss and gradient of one model on one peer's data. */
export interface GradientModel {
  readonly layout: ParameterLayout;
  /** The engine that does the arithmetic: "tfjs-wasm", "typescript", ... for the summary. */
  readonly engine: string;
  /** The common start of all peers: the same bits for the same seed. */
  initialParameters(): Float32Array;
  /** Number of training samples on this peer. */
  readonly samples: number;
  /**
   * Mean loss over the samples `batch` (indices into this peer's shard) at `parameters`; writes the gradient
   * into `gradient` (same length as `parameters`).
   */
  gradientInto(gradient: Float32Array, parameters: Float32Array, batch: Uint32Array): number;
  /**
   * Moves the entries of `parameters` that are statistics of the data and that no gradient changes (moving means), as
   * the last gradientInto saw its batch; called after each optimizer step. Absent where there are none.
   */
  updateStatisticsInto?(parameters: Float32Array): void;
  evaluate(parameters: Float32Array): Evaluation;
  /** NetworkEngine.workspace, where the engine has one. */
  workspace?(samples: number): Workspace;
  /** Frees tensors and memory. */
  dispose(): void;
}
