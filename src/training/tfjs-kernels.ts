/**
 * Our kernels in TensorFlow.js' WebAssembly backend: what training needs and the backend lacks, does slowly or does
 * wrong. They are registered once a process under the names that TensorFlow.js knows, so that its tape finds them.
 */
import type { KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { assert } from '../base/assert.js';
import type { Tfjs } from './tfjs-api.js';
import { copyKernels } from './tfjs-copy-kernels.js';
import type { KernelCall, KernelTable } from './tfjs-kernel-call.js';
import { tfjsMemory } from './tfjs-memory.js';
import { productKernels } from './tfjs-product-kernels.js';
import { sumKernels } from './tfjs-sum-kernels.js';
import { windowKernels } from './tfjs-window-kernels.js';

const tables: KernelTable = { ...productKernels, ...windowKernels, ...sumKernels, ...copyKernels };

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
  for (const [kernelName, run] of Object.entries(tables)) {
    const stock = tf.getKernel(kernelName, 'wasm') as KernelConfig | undefined;
    if (stock !== undefined) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      ...stock, // its setup runs whenever the backend becomes the current one
      kernelName,
      backendName: 'wasm',
      kernelFunc: (call) =>
        run({
          tf,
          memory,
          windowOf,
          inputs: call.inputs as Readonly<Record<string, TensorInfo>>,
          attrs: call.attrs as NamedAttrMap,
          stock() {
            assert(stock !== undefined, `the backend has a ${kernelName} of its own`);
            return stock.kernelFunc(call);
          },
        }),
    });
  }
  return null;
}
