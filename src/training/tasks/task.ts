/**
 * A task is what is to be learned: data, model, loss. It makes one GradientModel a peer. To add one, write a file
 * beside this one and name it in registry.ts.
 */
import type { EngineChoice } from '../engine.js';
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

export interface TaskModelOptions {
  /** Index from 0 to peers - 1; null for a model that trains nothing and only evaluates. */
  readonly peer: number | null;
  readonly peers: number;
  /** How the training data are dealt out; a task without data ignores it. */
  readonly partition: Partition;
  readonly seed: number;
  /** Where parsed data may be kept between runs. */
  readonly cacheDirectory: string;
  /** What does the arithmetic; a task without a network ignores it. @default 'auto' */
  readonly engine?: EngineChoice;
  /** This device's own data instead of a share of the task's: a directory in the form that the task reads. */
  readonly dataDirectory?: string | undefined;
  /** Called with a sentence for the user, such as the note of a partition. */
  readonly onNotice?: (sentence: string) => void;
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
  /** Samples of each class on every peer, [peers][classes]; absent where a task has no classes. */
  histograms?(options: Omit<TaskModelOptions, 'peer'>): Promise<readonly (readonly number[])[]>;
}
