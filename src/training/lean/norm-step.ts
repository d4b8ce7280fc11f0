/**
 * The three normalizations on one kernel (assembly/training/normalize.ts), which takes statistics over the rows of a
 * sample and a group of channels: layer-norm has rows of one place and one group, batch-norm one sample that is the
 * whole batch and a group for each channel.
 */
import {
  type BatchNormLayer,
  DEFAULT_EPSILON,
  DEFAULT_MOMENTUM,
  type GroupNormLayer,
  type LayerNormLayer,
} from '../network/network.js';
import type { Step, StepContext } from './plan.js';

interface Grouping {
  readonly samples: number;
  readonly places: number;
  readonly groups: number;
}

type NormLayer = BatchNormLayer | GroupNormLayer | LayerNormLayer;

function groupingOf(
  layer: NormLayer,
  samples: number,
  { places, channels }: { places: number; channels: number },
): Grouping {
  if (layer.kind === 'group-norm') return { samples, places, groups: layer.groups };
  if (layer.kind === 'layer-norm') return { samples: samples * places, places: 1, groups: 1 };
  return { samples: 1, places: samples * places, groups: channels };
}

export function normStep(context: StepContext, layer: NormLayer, channels: number): Step {
  const { memory, inputs, output, adds, capacity, scratch } = context;
  const { kernels } = memory;
  const { address: x, gradient: dx } = inputs[0]!;
  const [gamma, beta] = [context.parameter('gamma'), context.parameter('beta')];
  const shape = { places: output.size / channels, channels };
  const most = groupingOf(layer, capacity, shape);
  const statistics = memory.take(2 * most.samples * most.groups);
  // The gradient of an input that nobody asks for goes nowhere: gamma and beta still want theirs.
  const unused = dx === 0 ? memory.take(capacity * output.size) : 0;
  const { epsilon = DEFAULT_EPSILON } = layer;

  function forward(batch: number, training: boolean): void {
    if (layer.kind === 'batch-norm' && !training) {
      const [mean, variance] = [context.parameter('moving_mean'), context.parameter('moving_variance')];
      // biome-ignore format: arguments of one kernel
      kernels.normalizeWith(output.address, x, batch * shape.places, channels, gamma.address, beta.address, mean.address, variance.address, epsilon, scratch);
      return;
    }
    const { samples, places, groups } = groupingOf(layer, batch, shape);
    // biome-ignore format: arguments of one kernel
    kernels.normalize(output.address, x, samples, places, channels, groups, gamma.address, beta.address, epsilon, statistics, scratch);
  }

  function backward(batch: number): void {
    const { samples, places, groups } = groupingOf(layer, batch, shape);
    for (const { gradient } of [gamma, beta]) memory.f32.fill(0, gradient / 4, gradient / 4 + channels);
    const target = dx === 0 ? unused : dx;
    // biome-ignore format: arguments of one kernel
    kernels.normalizeGradient(target, output.gradient, x, samples, places, channels, groups, gamma.address, gamma.gradient, beta.gradient, statistics, scratch, dx !== 0 && adds[0]!);
  }

  if (layer.kind !== 'batch-norm') return { forward, backward };
  const { momentum = DEFAULT_MOMENTUM } = layer;
  const [mean, variance] = [context.parameter('moving_mean'), context.parameter('moving_variance')];
  // Moved with the gradient, before an optimizer touches the entries, which weight decay would shrink.
  const moved = new Float32Array(2 * channels);
  return {
    forward,
    backward(batch) {
      backward(batch);
      const { f32 } = memory;
      for (let c = 0; c < channels; c++) {
        const at = statistics / 4 + 2 * c;
        const own = 1 / f32[at + 1]! ** 2 - epsilon;
        moved[c] = momentum * f32[mean.address / 4 + c]! + (1 - momentum) * f32[at]!;
        moved[channels + c] = momentum * f32[variance.address / 4 + c]! + (1 - momentum) * own;
      }
      for (const { gradient } of [mean, variance]) f32.fill(0, gradient / 4, gradient / 4 + channels);
    },
    updateStatistics() {
      memory.f32.set(moved.subarray(0, channels), mean.address / 4);
      memory.f32.set(moved.subarray(channels), variance.address / 4);
    },
  };
}
