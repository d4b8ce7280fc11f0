/**
 * A task is what is to be learned: data, model, loss. It makes one GradientModel a peer. To add one, write a file
 * beside this one and name it in registry.ts.
 */
import type { DataRequest } from '../data/data-request.js';
import type { Dataset } from '../data/dataset.js';
import type { EngineChoice } from '../engine.js';
import type { Loss, Network } from '../network/network.js';
import type { Partition } from '../partition.js';
import type { GradientModel } from '../trainer.js';

export interface TaskDefaults {
  readonly learningRate: number;
  /** Samples a step. */
  readonly batch: number;
  /** H. */
  readonly localSteps: number;
  readonly rounds: number;
}

export interface TaskModelOptions extends DataRequest {
  /** Index from 0 to peers - 1; null for a model that trains nothing and only evaluates. */
  readonly peer: number | null;
  readonly peers: number;
  /** How the training data are dealt out; a task without data ignores it. */
  readonly partition: Partition;
  readonly seed: number;
  /** What does the arithmetic; a task without a network ignores it. @default 'auto' */
  readonly engine?: EngineChoice;
}

/** What a task teaches, for whoever evaluates, predicts with or exports a model. */
export interface TaskSubject {
  readonly data: Dataset;
  readonly network: Network;
  readonly loss: Loss;
  /** Where training starts instead of a seeded start: the weights of a model file. */
  readonly start?: Float32Array | undefined;
}

export interface Task {
  readonly name: string;
  /** Canonical spec. */
  readonly spec: string;
  readonly defaults: TaskDefaults;
  /**
   * The model of one peer; initialParameters() is the same for all peers of a seed.
   * @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG
   */
  createModel(options: TaskModelOptions): Promise<GradientModel>;
  /** Data, network and loss; absent where a task has no network. @throws GrapevineError DATA_UNAVAILABLE, BAD_CONFIG */
  open?(request: DataRequest): Promise<TaskSubject>;
  /**
   * Samples of each class on every peer, [peers][classes]; absent where a task has no classes, and none where its data
   * turn out to have none, or are this device's own.
   */
  histograms?(options: Omit<TaskModelOptions, 'peer'>): Promise<readonly (readonly number[])[]>;
}
