/** Depthwise convolution: each channel with kernels of its own (assembly/training/depthwise.ts). */
import type { DepthwiseConv2dLayer, Pair } from '../network/network.js';
import type { Shape } from '../network/shapes.js';
import { endWithActivation } from './activation-step.js';
import { forwardGeometry } from './conv2d-step.js';
import type { Step, StepContext } from './plan.js';
import { clearUnlessAdding } from './pool-step.js';

const ONE: Pair = [1, 1];
const [FORWARD, TO_IMAGE, TO_KERNEL] = [0, 1, 2];

export function depthwiseStep(
  context: StepContext,
  layer: DepthwiseConv2dLayer,
  [image, places]: readonly [Shape, Shape],
): Step {
  const { memory, inputs, output, scratch } = context;
  const { kernels } = memory;
  const { kernel: size, multiplier = 1, strides = ONE, padding = 'same' } = layer;
  const { address: x, gradient: dx } = inputs[0]!;
  const channels = places[2]!;
  const rows = places[0]! * places[1]!;
  const kernel = context.parameter('depthwise_kernel');
  const bias = layer.bias === false ? null : context.parameter('bias');
  const geometry = forwardGeometry(memory, image, places, { size, strides, padding });
  const end = endWithActivation(context, layer.activation, channels);
  const fill = (address: number, count: number) => memory.f32.fill(0, address / 4, address / 4 + count);
  return {
    forward(samples, training) {
      fill(output.address, samples * output.size);
      kernels.depthwise(output.address, x, kernel.address, geometry, samples, multiplier, FORWARD);
      if (bias !== null) kernels.addBias(output.address, bias.address, samples * rows, channels);
      end.forward(samples, training);
    },
    backward(samples) {
      end.backward(samples);
      fill(kernel.gradient, kernel.tensor.size);
      kernels.depthwise(output.gradient, x, kernel.gradient, geometry, samples, multiplier, TO_KERNEL);
      if (bias !== null)
        kernels.sumColumns(bias.gradient, output.gradient, samples * rows, channels, scratch);
      if (dx === 0) return;
      clearUnlessAdding(context, samples);
      kernels.depthwise(output.gradient, dx, kernel.address, geometry, samples, multiplier, TO_IMAGE);
    },
  };
}
