/** Pooling of images, and means over all places. */
import type { GlobalAveragePoolLayer, PoolLayer } from '../network/network.js';
import type { Shape } from '../network/shapes.js';
import { forwardGeometry } from './conv2d-step.js';
import type { Step, StepContext } from './plan.js';

/** Zeroes the input's gradient unless it holds something already. */
export function clearUnlessAdding({ memory, inputs, adds }: StepContext, samples: number): void {
  const { gradient, size } = inputs[0]!;
  if (!adds[0]) memory.f32.fill(0, gradient / 4, gradient / 4 + samples * size);
}

export function poolStep(context: StepContext, layer: PoolLayer, shapes: readonly [Shape, Shape]): Step {
  const { memory, inputs, output, capacity, scratch } = context;
  const { kernels } = memory;
  const { size, strides = size, padding = 'valid' } = layer;
  const geometry = forwardGeometry(memory, ...shapes, { size, strides, padding });
  const { address: image, gradient } = inputs[0]!;
  if (layer.kind === 'average-pool') {
    return {
      forward: (samples) => kernels.averagePool(output.address, image, geometry, samples, scratch, false),
      backward(samples) {
        if (gradient === 0) return;
        clearUnlessAdding(context, samples);
        kernels.averagePool(output.gradient, gradient, geometry, samples, scratch, true);
      },
    };
  }
  const chosen = memory.take(capacity * output.size);
  return {
    forward: (samples) => kernels.maxPool(output.address, chosen, image, geometry, samples, scratch),
    backward(samples) {
      if (gradient === 0) return;
      clearUnlessAdding(context, samples);
      kernels.maxPoolGradient(gradient, output.gradient, chosen, geometry, samples);
    },
  };
}

export function globalAveragePoolStep(context: StepContext, _layer: GlobalAveragePoolLayer): Step {
  const { memory, inputs, output } = context;
  const { kernels } = memory;
  const { address, gradient, size } = inputs[0]!;
  const channels = output.size;
  return {
    forward: (samples) =>
      kernels.averageRows(output.address, address, samples, size / channels, channels, false),
    backward(samples) {
      if (gradient === 0) return;
      clearUnlessAdding(context, samples);
      kernels.averageRows(output.gradient, gradient, samples, size / channels, channels, true);
    },
  };
}
