/**
 * The training kernels of src/training/lean, in AssemblyScript for WebAssembly SIMD; `npm run build` makes
 * dist/training/kernels.wasm of them, and dist/training/kernels-relaxed.wasm with fused multiply-add. They are
 * functions on addresses of a memory that the caller brings: nothing is allocated, no state is kept. Buffers have
 * room for whole vectors of four numbers.
 */
export { activate, activationGradient } from './activations';
export { depthwise } from './depthwise';
export { descend } from './descend';
export { normalize, normalizeGradient, normalizeWith } from './normalize';
export { averagePool, averageRows, maxPool, maxPoolGradient } from './pooling';
export { product, roomBytes } from './product';
export {
  addBias,
  addInto,
  binaryCrossEntropy,
  crossEntropy,
  gatherRows,
  scale,
  scatterRows,
  softmaxGradient,
  softmaxRows,
  squaredError,
  sumColumns,
} from './rows';
