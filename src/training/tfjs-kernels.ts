/**
 * Our kernels in TensorFlow.js' WebAssembly backend: what training needs and the backend lacks, does slowly or does
 * wrong. They are registered once a process under the names that TensorFlow.js knows, so that its tape finds them.
 */
import type { backend_util, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { type TfjsMemory, tfjsMemory } from './tfjs-memory.js';
import { productKernels } from './tfjs-product-kernels.js';
import type { Tfjs } from './tfjs-runtime.js';
import { windowKernels } from './tfjs-window-kernels.js';

/** A sliding window on a batch of images, worked out. */
export type Window = backend_util.Conv2DInfo;

export interface WindowShape {
  readonly filterShape: readonly number[];
  readonly strides: number | readonly [number, number];
  readonly pad: unknown;
  readonly depthwise?: boolean;
}

export interface KernelCall {
  readonly memory: TfjsMemory;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs: NamedAttrMap;
  /** The window of a convolution or pool on images of a shape. */
  windowOf(imageShape: readonly number[], shape: WindowShape): Window;
}

/** Kernels by TensorFlow.js' names. */
export type KernelTable = Readonly<Record<string, (call: KernelCall) => TensorInfo>>;

/** Registers the kernels for the backend that has just started; null, or why there are none. */
export function registerTfjsKernels(tf: Tfjs): string | null {
  const memory = tfjsMemory(tf);
  if (typeof memory === 'string') return memory;
  const windowOf: KernelCall['windowOf'] = (imageShape, { filterShape, strides, pad, depthwise = false }) =>
    tf.backend_util.computeConv2DInfo(
      imageShape as [number, number, number, number],
      filterShape as [number, number, number, number],
      strides as number | [number, number],
      1,
      pad as 'same' | 'valid',
      undefined,
      depthwise,
    );
  for (const [kernelName, run] of Object.entries({ ...productKernels, ...windowKernels })) {
    if (tf.getKernel(kernelName, 'wasm') !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) =>
        run({
          memory,
          inputs: inputs as Readonly<Record<string, TensorInfo>>,
          attrs: attrs as NamedAttrMap,
          windowOf,
        }),
    });
  }
  return null;
}
