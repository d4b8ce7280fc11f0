/**
 * Matrix products and the gradients of convolutions in TensorFlow.js' WebAssembly backend. Its own product is fast
 * only where no operand is transposed, that is in no gradient, and the gradient with respect to a filter is missing.
 * With P the patches of x [places, window in], K the filter [window in, out]:
 *
 *     y = P K      dK = P^T dy      dx = P' K'
 *
 * where P' are the patches of dy that a pixel of x took part in, and K' is K with its last two axes exchanged.
 */
import type {
  BatchMatMulAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { assert } from '../base/assert.js';
import type { KernelTable, Window } from './tfjs-kernel-call.js';
import type { TfjsMemory } from './tfjs-memory.js';

/** Sizes of the last two axes, and the product of those before. */
function matricesOf({ shape }: TensorInfo): { rows: number; cols: number; count: number } {
  const [rows, cols] = shape.slice(-2) as [number, number];
  return { rows, cols, count: shape.slice(0, -2).reduce((size, side) => size * side, 1) };
}

/** C_i = A_i B_i, either transposed as stored; one matrix on a side meets all of the other. */
function batchMatMul(memory: TfjsMemory, a: TensorInfo, b: TensorInfo, attrs: BatchMatMulAttrs): TensorInfo {
  const [left, right] = [matricesOf(a), matricesOf(b)];
  const [m, k] = attrs.transposeA ? [left.cols, left.rows] : [left.rows, left.cols];
  const n = attrs.transposeB ? right.rows : right.cols;
  const outer = left.count >= right.count ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  const count = Math.max(left.count, right.count);
  assert([1, count].includes(left.count) && [1, count].includes(right.count), 'matrices pair up');
  const out = memory.output([...outer, m, n]);
  const [at, from, by] = [memory.address(out), memory.address(a), memory.address(b)];
  for (let i = 0; i < count; i++) {
    memory.product({
      c: at + 4 * i * m * n,
      a: from + (left.count === 1 ? 0 : 4 * i * m * k),
      b: by + (right.count === 1 ? 0 : 4 * i * k * n),
      sizes: [m, n, k],
      strides: [n, left.cols, right.cols],
      kind: attrs.transposeA ? 'transposed' : 'plain',
      transposedB: attrs.transposeB,
    });
  }
  return out;
}

/** Geometry of the patches that a window takes of an image (assembly/training/patches.ts). */
export function patchGeometry(window: Window): number[] {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } = window;
  const { strideHeight, strideWidth, padInfo } = window;
  return [
    ...[inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth],
    ...[strideHeight, strideWidth, -padInfo.top, -padInfo.left, 1, 1, 1],
  ];
}

/** Geometry of the patches of dy that belong to the pixels of the image. */
function reverseGeometry(window: Window): number[] {
  const { inHeight, inWidth, outChannels, outHeight, outWidth, filterHeight, filterWidth } = window;
  const { strideHeight, strideWidth, padInfo } = window;
  return [
    ...[outHeight, outWidth, outChannels, inHeight, inWidth, filterHeight, filterWidth],
    ...[1, 1, padInfo.top, padInfo.left, -1, strideHeight, strideWidth],
  ];
}

function filterGradient(
  memory: TfjsMemory,
  window: Window,
  { x, dy }: Record<string, TensorInfo>,
): TensorInfo {
  const { batchSize, filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = window;
  const out = memory.output([filterHeight, filterWidth, inChannels, outChannels]);
  const rows = filterHeight * filterWidth * inChannels;
  memory.product({
    c: memory.address(out),
    a: memory.address(x!),
    b: memory.address(dy!),
    sizes: [rows, outChannels, batchSize * outHeight * outWidth],
    strides: [outChannels, 0, outChannels],
    kind: 'transposed-patches',
    geometry: patchGeometry(window),
  });
  return out;
}

function inputGradient(
  memory: TfjsMemory,
  window: Window,
  { dy, filter }: Record<string, TensorInfo>,
): TensorInfo {
  const { batchSize, filterHeight, filterWidth, inChannels, outChannels, inHeight, inWidth } = window;
  const out = memory.output([batchSize, inHeight, inWidth, inChannels]);
  const entries = filterHeight * filterWidth;
  const count = entries * inChannels * outChannels;
  const turned = memory.scratch(4 * count);
  exchangeAxesInto(memory.floatsAt(turned, count), memory.floats(filter!), [inChannels, outChannels]);
  memory.product({
    c: memory.address(out),
    a: memory.address(dy!),
    b: turned,
    sizes: [batchSize * inHeight * inWidth, inChannels, entries * outChannels],
    strides: [inChannels, 0, inChannels],
    kind: 'patches',
    geometry: reverseGeometry(window),
  });
  return out;
}

/** Each matrix [rows, cols] of `values` to [cols, rows]. */
function exchangeAxesInto(
  out: Float32Array,
  values: Float32Array,
  [rows, cols]: readonly [number, number],
): void {
  const size = rows * cols;
  for (let start = 0; start < values.length; start += size) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) out[start + j * rows + i] = values[start + i * cols + j]!;
    }
  }
}

export const productKernels: KernelTable = {
  BatchMatMul: ({ memory, inputs, attrs }) =>
    batchMatMul(memory, inputs.a!, inputs.b!, attrs as unknown as BatchMatMulAttrs),
  Conv2DBackpropFilter: ({ memory, inputs, attrs, windowOf }) => {
    const { filterShape, strides, pad } = attrs as unknown as Conv2DBackpropFilterAttrs;
    return filterGradient(memory, windowOf(inputs.x!.shape, { filterShape, strides, pad }), inputs);
  },
  Conv2DBackpropInput: ({ memory, inputs, attrs, windowOf }) => {
    const { inputShape, strides, pad } = attrs as unknown as Conv2DBackpropInputAttrs;
    const filterShape = inputs.filter!.shape;
    return inputGradient(memory, windowOf(inputShape, { filterShape, strides, pad }), inputs);
  },
};
