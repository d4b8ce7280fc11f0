/**
 * Gradients of depthwise convolutions and of max-pooling in TensorFlow.js' WebAssembly backend, and sums of segments
 * (the gradient of an embedding). The first and the last are missing there; its gradient of max-pooling goes
 * to the first pixel of a window without a positive number. Images are [samples, height, width, channels].
 */
import type {
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  MaxPoolGradAttrs,
  TensorInfo,
  UnsortedSegmentSumAttrs,
} from '@tensorflow/tfjs-core';
import type { KernelTable, Window } from './tfjs-kernel-call.js';
import type { TfjsMemory } from './tfjs-memory.js';
import { patchGeometry } from './tfjs-product-kernels.js';

/** What assembly/training/depthwise.ts adds to. */
const TO_IMAGE = 1;
const TO_KERNEL = 2;

/** dK[entry, c, q] = sum of x[pixel, c] dy[place, c multiplier + q]. */
function depthwiseFilterGradient(
  memory: TfjsMemory,
  window: Window,
  { x, dy }: Record<string, TensorInfo>,
): TensorInfo {
  const { batchSize, filterHeight, filterWidth, inChannels, outChannels } = window;
  const multiplier = outChannels / inChannels;
  const out = memory.output([filterHeight, filterWidth, inChannels, multiplier]);
  memory.floats(out).fill(0);
  const [places, image, kernel] = [dy!, x!, out].map((tensor) => memory.address(tensor)) as Addresses;
  const geometry = memory.geometry(patchGeometry(window));
  memory.kernels.depthwise(places, image, kernel, geometry, batchSize, multiplier, TO_KERNEL);
  return out;
}

type Addresses = [places: number, image: number, kernel: number];

/** dx[pixel, c] = sum of K[entry, c, q] dy[place, c multiplier + q]. */
function depthwiseInputGradient(
  memory: TfjsMemory,
  window: Window,
  { dy, filter }: Record<string, TensorInfo>,
): TensorInfo {
  const { batchSize, inHeight, inWidth, inChannels, outChannels } = window;
  const out = memory.output([batchSize, inHeight, inWidth, inChannels]);
  memory.floats(out).fill(0);
  const [places, image, kernel] = [dy!, out, filter!].map((tensor) => memory.address(tensor)) as Addresses;
  const geometry = memory.geometry(patchGeometry(window));
  memory.kernels.depthwise(places, image, kernel, geometry, batchSize, outChannels / inChannels, TO_IMAGE);
  return out;
}

/** Each place's error goes to the first of the largest pixels of its window. */
function maxPoolGradient(
  memory: TfjsMemory,
  window: Window,
  { dy, input }: Record<string, TensorInfo>,
): TensorInfo {
  const { batchSize, inChannels, outHeight, outWidth } = window;
  const out = memory.output(input!.shape);
  memory.floats(out).fill(0);
  const bytes = 4 * batchSize * outHeight * outWidth * inChannels;
  const largest = memory.scratch(2 * bytes + WINDOW_BYTES);
  const [chosen, room] = [largest + bytes, largest + 2 * bytes];
  const geometry = memory.geometry(patchGeometry(window));
  memory.kernels.maxPool(largest, chosen, memory.address(input!), geometry, batchSize, room);
  memory.kernels.maxPoolGradient(memory.address(out), memory.address(dy!), chosen, geometry, batchSize);
  return out;
}

/** Of the four numbers that describe a window while a pool runs. */
const WINDOW_BYTES = 16;

/** out[s] = sum of the rows of x whose segment is s; rows of a segment that is not there are left out. */
function segmentSum(
  memory: TfjsMemory,
  { x, segmentIds }: Record<string, TensorInfo>,
  numSegments: number,
): TensorInfo {
  const out = memory.output([numSegments, ...x!.shape.slice(1)]);
  const [sums, rows, ids] = [memory.floats(out), memory.floats(x!), memory.integers(segmentIds!)];
  const width = sums.length / numSegments;
  sums.fill(0);
  ids.forEach((segment, row) => {
    if (segment < 0 || segment >= numSegments) return;
    const [to, from] = [segment * width, row * width];
    for (let k = 0; k < width; k++) sums[to + k]! += rows[from + k]!;
  });
  return out;
}

export const windowKernels: KernelTable = {
  DepthwiseConv2dNativeBackpropFilter: ({ memory, inputs, attrs, windowOf }) => {
    const { filterShape, strides, pad } = attrs as unknown as DepthwiseConv2dNativeBackpropFilterAttrs;
    const shape = { filterShape, strides, pad, depthwise: true };
    return depthwiseFilterGradient(memory, windowOf(inputs.x!.shape, shape), inputs);
  },
  DepthwiseConv2dNativeBackpropInput: ({ memory, inputs, attrs, windowOf }) => {
    const { inputShape, strides, pad } = attrs as unknown as DepthwiseConv2dNativeBackpropInputAttrs;
    const shape = { filterShape: inputs.filter!.shape, strides, pad, depthwise: true };
    return depthwiseInputGradient(memory, windowOf(inputShape, shape), inputs);
  },
  MaxPoolGrad: ({ memory, inputs, attrs, windowOf }) => {
    const { filterSize, strides, pad } = attrs as unknown as MaxPoolGradAttrs;
    const [height, width] = typeof filterSize === 'number' ? [filterSize, filterSize] : filterSize;
    const channels = inputs.input!.shape[3]!;
    const filterShape = [height, width, channels, 1];
    const shape = { filterShape, strides, pad, depthwise: true };
    return maxPoolGradient(memory, windowOf(inputs.input!.shape, shape), inputs);
  },
  UnsortedSegmentSum: ({ memory, inputs, attrs }) =>
    segmentSum(memory, inputs, (attrs as unknown as UnsortedSegmentSumAttrs).numSegments),
};
