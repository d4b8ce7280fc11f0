/** Activations: alone, or at the end of a layer that has one. */
import type { Activation } from '../network/network.js';
import type { Step, StepContext } from './plan.js';

/** Numbers of assembly/training/activations.ts. */
const KINDS: Readonly<Record<Exclude<Activation, 'softmax'>, number>> = {
  linear: 0,
  relu: 1,
  relu6: 2,
  'leaky-relu': 3,
  elu: 4,
  selu: 5,
  gelu: 6,
  swish: 7,
  tanh: 8,
  sigmoid: 9,
  softplus: 10,
};

/** Those whose slope is no function of what they give. */
const KEEPS_INPUT: ReadonlySet<Activation> = new Set(['gelu', 'swish', 'softplus']);

/** y = f(y) on the step's output, and its gradient in place. `cols` is the length of the last axis. */
export function endWithActivation(context: StepContext, activation: Activation = 'linear', cols = 0): Step {
  const { memory, output, capacity } = context;
  const { kernels } = memory;
  if (activation === 'linear') return { forward() {}, backward() {} };
  const { address, gradient, size } = output;
  if (activation === 'softmax') {
    return {
      forward: (samples) => kernels.softmaxRows(address, (samples * size) / cols, cols, false),
      backward: (samples) => kernels.softmaxGradient(gradient, address, (samples * size) / cols, cols),
    };
  }
  const kind = KINDS[activation];
  const kept = KEEPS_INPUT.has(activation) ? memory.take(capacity * size) : 0;
  return {
    forward: (samples) => kernels.activate(address, samples * size, kind, kept),
    backward: (samples) =>
      kernels.activationGradient(gradient, kept === 0 ? address : kept, samples * size, kind),
  };
}

/** A layer that is nothing but its activation. */
export function activationStep(context: StepContext, activation: Activation, cols: number): Step {
  const end = endWithActivation(context, activation, cols);
  return {
    forward(samples, training) {
      copyForward(context, samples);
      end.forward(samples, training);
    },
    backward(samples) {
      end.backward(samples);
      passBack(context, samples);
    },
  };
}

/** output = first input */
export function copyForward({ memory, inputs, output }: StepContext, samples: number): void {
  const from = inputs[0]!.address / 4;
  memory.f32.copyWithin(output.address / 4, from, from + samples * output.size);
}

/** Every input's gradient = or += the output's. */
export function passBack({ memory, inputs, output, adds }: StepContext, samples: number): void {
  inputs.forEach(({ gradient }, index) => {
    if (gradient === 0) return;
    const count = samples * output.size;
    const from = output.gradient / 4;
    if (adds[index]) memory.kernels.addInto(gradient, output.gradient, count);
    else memory.f32.copyWithin(gradient / 4, from, from + count);
  });
}
