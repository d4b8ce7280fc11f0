/**
 * What a kernel of ours is given when TensorFlow.js calls it: tensors with their places in memory, its options, and the
 * window that these describe.
 */
import type { backend_util, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { Tfjs } from './tfjs-api.js';
import type { TfjsMemory } from './tfjs-memory.js';

/** A sliding window on a batch of images, worked out. */
export type Window = backend_util.Conv2DInfo;

export interface WindowShape {
  readonly filterShape: readonly number[];
  readonly strides: number | readonly [number, number];
  readonly pad: unknown;
  readonly depthwise?: boolean;
}

export interface KernelCall {
  readonly tf: Tfjs;
  readonly memory: TfjsMemory;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
  /** The window of a convolution or pool on images of a shape. */
  windowOf(imageShape: readonly number[], shape: WindowShape): Window;
  /** What the backend's own kernel of this name makes of the call. */
  stock(): TensorInfo | TensorInfo[];
}

/** Kernels by TensorFlow.js' names. */
export type KernelTable = Readonly<Record<string, (call: KernelCall) => TensorInfo | TensorInfo[]>>;
