/**
 * What does a network's arithmetic. A NetworkEngine holds the network and nothing of data or of a run: batches and
 * parameters come with each call. engines.ts chooses one; network-model.ts makes it the GradientModel of a peer.
 */
import type { Samples } from './data/dataset.js';
import type { Loss, Network } from './network/network.js';

/** Where the arithmetic runs, as a summary names it; fma: with fused multiply-add, whose last bits differ. */
export type EngineName = 'lean-wasm' | 'lean-wasm-fma' | 'tfjs-wasm' | 'tfjs-node' | 'tfjs-cpu';

/** What a user asks for; `auto` takes the fastest that runs the network here, `wasm` is TensorFlow.js on WebAssembly. */
export const engineChoices = ['auto', 'lean', 'wasm', 'tfjs-node', 'cpu'] as const;
export type EngineChoice = (typeof engineChoices)[number];

export interface NetworkEngine {
  readonly name: EngineName;
  /**
   * Mean loss over the samples `indices` at `parameters` in training mode; writes its gradient into `gradient`. Entries
   * that are statistics (the moving mean and variance of batch-norm) get gradient 0.
   */
  gradientInto(gradient: Float32Array, parameters: Float32Array, batch: Batch): number;
  /**
   * Moves the statistics in `parameters` as the last gradientInto saw its batch; absent where the network has none.
   */
  updateStatisticsInto?(parameters: Float32Array): void;
  /** Outputs [indices.length, ...outputShape] outside training: logits where the loss is a cross-entropy. */
  outputsInto(out: Float32Array, parameters: Float32Array, batch: Batch): void;
  /**
   * Room in the engine's own memory: parameters and gradient that are views of it are not copied. Good for
   * synchronous steps in a row; any other call on a model of this process may overwrite it. `samples` is the largest
   * batch of those steps.
   */
  workspace?(samples: number): Workspace;
  /** Frees tensors and memory. */
  dispose(): void;
}

export interface Workspace {
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  /** What an optimizer remembers of the directions taken. */
  readonly velocity: Float32Array;
  /** One step on the three vectors, in float32. */
  descend(step: DescentStep): void;
}

/**
 * g = gradient + lambda x,  v = mu velocity + g,  x -= eta (g + mu v), or eta v without Nesterov's look ahead;
 * velocity = v where it is kept.
 */
export interface DescentStep {
  /** eta. */
  readonly learningRate: number;
  /** mu. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** lambda. */
  readonly weightDecay: number;
  readonly keepsVelocity: boolean;
}

export interface Batch {
  readonly samples: Samples;
  readonly indices: Uint32Array;
}

export interface EngineSubject {
  readonly network: Network;
  readonly loss: Loss;
  /** Of dropout. */
  readonly seed: number;
}
