/** Our kernels in TensorFlow.js' WebAssembly backend: what training needs and the backend lacks or does slowly. */
import type { Tfjs } from './tfjs-runtime.js';

/** Registers them, once a process, after the backend has started. */
export function registerTfjsKernels(_tf: Tfjs): void {}
