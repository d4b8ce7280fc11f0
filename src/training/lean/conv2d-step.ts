/**
 * Convolution as a product with the patches of the image, which exist only as packed panels
 * (assembly/training/patches.ts). With P the patches [places, window in] and K the kernel as [window in, filters]:
 *
 *     y = P K + b      dK = P^T dy      dx = P' K'
 *
 * where P' are the patches of dy that a pixel of x took part in, and K' is K with its last two axes exchanged.
 */
import type { Conv2dLayer, Pair } from '../network/network.js';
import { type Shape, windowSide } from '../network/shapes.js';
import { endWithActivation } from './activation-step.js';
import { Product, type Step, type StepContext } from './plan.js';
import type { PlanMemory } from './program.js';

const ONE: Pair = [1, 1];

export interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: 'same' | 'valid';
}

/** Zeros before the first row and column. */
export function zerosBefore(image: Shape, { size, strides, padding }: Window): Pair {
  const before = (axis: 0 | 1) =>
    windowSide({ length: image[axis]!, size: size[axis], stride: strides[axis] }, padding).before;
  return [before(0), before(1)];
}

/** Geometry of the patches of an image under a window: places are the output's. */
export function forwardGeometry(memory: PlanMemory, image: Shape, places: Shape, window: Window): number {
  const { size, strides } = window;
  const [top, left] = zerosBefore(image, window);
  const at = memory.take(14);
  const [height, width, channels] = image as [number, number, number];
  memory.i32.set(
    [height, width, channels, places[0]!, places[1]!, ...size, ...strides, -top, -left, 1, 1, 1],
    at / 4,
  );
  return at;
}

/** Geometry of the patches of the output's gradient that belong to the image's pixels. */
function backwardGeometry(memory: PlanMemory, image: Shape, places: Shape, window: Window): number {
  const { size, strides } = window;
  const at = memory.take(14);
  const [height, width, filters] = places as [number, number, number];
  const before = zerosBefore(image, window);
  memory.i32.set(
    [height, width, filters, image[0]!, image[1]!, ...size, 1, 1, ...before, -1, ...strides],
    at / 4,
  );
  return at;
}

export function conv2dStep(context: StepContext, layer: Conv2dLayer, shapes: readonly [Shape, Shape]): Step {
  const { memory, output, inputs, adds, scratch } = context;
  const { kernels } = memory;
  const [imageShape, placesShape] = shapes;
  const { filters, kernel: size, strides = ONE, padding = 'same' } = layer;
  const window: Window = { size, strides, padding };
  const channels = imageShape[2]!;
  const entries = size[0] * size[1];
  const depth = entries * channels;
  const { address: x, gradient: dx } = inputs[0]!;
  const kernel = context.parameter('kernel');
  const bias = layer.bias === false ? null : context.parameter('bias');
  const geometry = forwardGeometry(memory, imageShape, placesShape, window);
  const forward = new Product(context, {
    c: output.address,
    a: x,
    b: kernel.address,
    n: filters,
    k: depth,
    strides: [filters, 0, filters],
    kind: 'patches',
    geometry,
  });
  const toKernel = new Product(context, {
    c: kernel.gradient,
    a: x,
    b: output.gradient,
    m: depth,
    n: filters,
    strides: [filters, 0, filters],
    kind: 'transposed-patches',
    geometry,
  });
  const turned = dx === 0 ? 0 : memory.take(depth * filters);
  const toInput =
    dx === 0
      ? null
      : new Product(context, {
          c: dx,
          a: output.gradient,
          b: turned,
          n: channels,
          k: entries * filters,
          strides: [channels, 0, channels],
          kind: 'patches',
          geometry: backwardGeometry(memory, imageShape, placesShape, window),
          adds: adds[0]!,
        });
  const end = endWithActivation(context, layer.activation, filters);
  const places = placesShape[0]! * placesShape[1]!;
  const pixels = imageShape[0]! * imageShape[1]!;
  return {
    forward(samples, training) {
      forward.runRows(samples * places);
      if (bias !== null) kernels.addBias(output.address, bias.address, samples * places, filters);
      end.forward(samples, training);
    },
    backward(samples) {
      end.backward(samples);
      toKernel.runDepth(samples * places);
      if (bias !== null)
        kernels.sumColumns(bias.gradient, output.gradient, samples * places, filters, scratch);
      if (toInput === null) return;
      exchangeAxes(memory.f32, { from: kernel.address / 4, to: turned / 4 }, [entries, channels, filters]);
      toInput.runRows(samples * pixels);
    },
  };
}

/** [entries, rows, cols] to [entries, cols, rows]. */
function exchangeAxes(
  f32: Float32Array,
  { from, to }: { readonly from: number; readonly to: number },
  [entries, rows, cols]: readonly [number, number, number],
): void {
  const size = rows * cols;
  for (let entry = 0; entry < entries; entry++) {
    for (let i = 0; i < rows; i++) {
      const source = from + entry * size + i * cols;
      const target = to + entry * size + i;
      for (let j = 0; j < cols; j++) f32[target + j * rows] = f32[source + j]!;
    }
  }
}
