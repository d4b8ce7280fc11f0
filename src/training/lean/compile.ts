/** Turns a network into a plan: memory laid out for a number of samples, and a step for each layer. */
import type { EngineSubject } from '../engine.js';
import { dropoutMaskInto } from '../network/dropout-mask.js';
import type { DropoutLayer, Layer, Loss } from '../network/network.js';
import { networkLayout } from '../network/network-layout.js';
import { type ShapedLayer, shapesOf, sizeOf } from '../network/shapes.js';
import type { ParameterLayout } from '../parameters.js';
import { activationStep, copyForward, passBack } from './activation-step.js';
import { conv2dStep } from './conv2d-step.js';
import { denseStep } from './dense-step.js';
import { depthwiseStep } from './depthwise-step.js';
import { normStep } from './norm-step.js';
import type { BatchNow, PlacedTensor, Step, StepContext, Value } from './plan.js';
import { globalAveragePoolStep, poolStep } from './pool-step.js';
import { PlanMemory, type TrainingProgram } from './program.js';
import { attentionStep, embeddingStep, positionEmbeddingStep } from './sequence-steps.js';

/** A compiled network: addresses and steps. */
export interface Plan {
  readonly memory: PlanMemory;
  readonly capacity: number;
  readonly layout: ParameterLayout;
  readonly parameters: number;
  readonly gradient: number;
  /** Of an optimizer that steps here. */
  readonly velocity: number;
  readonly input: Value;
  readonly targets: number;
  readonly output: Value;
  /** Length of the last axis of the output. */
  readonly cols: number;
  readonly loss: Loss;
  readonly steps: readonly Step[];
  /** To be set before a forward pass. */
  readonly batch: BatchNow;
}

/** Rows of the widest value that a step may use as scratch: the gradient of a norm takes four. */
const SCRATCH_ROWS = 6;

/** Layers that only see their input in another shape. */
const isView = ({ kind }: Layer): boolean => kind === 'flatten' || kind === 'reshape';

/** Kinds that have no step here; null: all of the network's have one. */
export function unsupportedLayer({ network }: EngineSubject): string | null {
  const found = network.layers.find(({ kind }) => kind === 'lstm' || kind === 'gru');
  return found === undefined ? null : `layer "${found.name}" (${found.kind}) has no lean form`;
}

export function compile(subject: EngineSubject, program: TrainingProgram, capacity: number): Plan {
  const { network, loss } = subject;
  const memory = new PlanMemory(program);
  const layout = networkLayout(network);
  const shaped = shapesOf(network);
  const [parameters, gradient, velocity] = [0, 0, 0].map(() => memory.take(layout.size)) as [
    number,
    number,
    number,
  ];
  const room = memory.take(Math.ceil(memory.kernels.roomBytes() / 4));
  const input: Value = {
    address: memory.take(capacity * sizeOf(network.inputShape)),
    gradient: 0,
    size: sizeOf(network.inputShape),
  };
  const values = placeValues({ memory, capacity, shaped, input });
  const widest = Math.max(...[input, ...values].map(({ size }) => size), 16);
  const scratch = memory.take(SCRATCH_ROWS * widest);
  const batch: BatchNow = { indices: new Uint32Array(0) };
  const tensors = new Map(
    layout.tensors.map((tensor): [string, PlacedTensor] => {
      const at = 4 * tensor.offset;
      return [tensor.name, { tensor, address: parameters + at, gradient: gradient + at }];
    }),
  );
  const lastReader = lastReaders(shaped, values, input);
  const valueAt = (place: number): Value => (place < 0 ? input : values[place]!);
  const steps = shaped.map((own, index): Step => {
    const inputs = own.inputs.map(valueAt);
    const context: StepContext = {
      memory,
      capacity,
      room,
      scratch,
      batch,
      inputs,
      output: values[index]!,
      adds: inputs.map((value, i) => lastReader.get(value) !== index || inputs.indexOf(value) < i),
      parameter: (name) => tensors.get(`${own.layer.name}/${name}`)!,
    };
    return stepOf(own, context, subject.seed);
  });
  const output = values.at(-1)!;
  const cols = shaped.at(-1)!.outputShape.at(-1)!;
  const targets = memory.take(capacity * (loss === 'cross-entropy' ? output.size / cols : output.size));
  return {
    memory,
    capacity,
    layout,
    parameters,
    gradient,
    velocity,
    input,
    targets,
    output,
    cols,
    loss,
    steps,
    batch,
  };
}

interface Placing {
  readonly memory: PlanMemory;
  readonly capacity: number;
  readonly shaped: readonly ShapedLayer[];
  readonly input: Value;
}

/** A buffer and its gradient for each layer; views share their input's. */
function placeValues({ memory, capacity, shaped, input }: Placing): Value[] {
  const values: Value[] = [];
  for (const { layer, inputs, outputShape } of shaped) {
    const size = sizeOf(outputShape);
    const from = inputs[0]! < 0 ? input : values[inputs[0]!]!;
    values.push(
      isView(layer)
        ? from
        : { address: memory.take(capacity * size), gradient: memory.take(capacity * size), size },
    );
  }
  return values;
}

/** The last layer that reads each value: the first whose backward pass writes its gradient. */
function lastReaders(
  shaped: readonly ShapedLayer[],
  values: readonly Value[],
  input: Value,
): Map<Value, number> {
  const last = new Map<Value, number>();
  shaped.forEach(({ layer, inputs }, index) => {
    if (isView(layer)) return;
    for (const place of inputs) last.set(place < 0 ? input : values[place]!, index);
  });
  return last;
}

function stepOf({ layer, inputShape, outputShape }: ShapedLayer, context: StepContext, seed: number): Step {
  const last = inputShape.at(-1)!;
  switch (layer.kind) {
    case 'dense':
      return denseStep(context, layer, last);
    case 'conv2d':
      return conv2dStep(context, layer, [inputShape, outputShape]);
    case 'depthwise-conv2d':
      return depthwiseStep(context, layer, [inputShape, outputShape]);
    case 'max-pool':
    case 'average-pool':
      return poolStep(context, layer, [inputShape, outputShape]);
    case 'global-average-pool':
      return globalAveragePoolStep(context, layer);
    case 'activation':
      return activationStep(context, layer.activation, last);
    case 'batch-norm':
    case 'layer-norm':
    case 'group-norm':
      return normStep(context, layer, last);
    case 'embedding':
      return embeddingStep(context, layer, inputShape[0]!);
    case 'position-embedding':
      return positionEmbeddingStep(context, layer);
    case 'attention':
      return attentionStep(context, layer, inputShape);
    case 'add':
      return addStep(context);
    case 'dropout':
      return dropoutStep(context, layer, seed);
    case 'flatten':
    case 'reshape':
      return { forward() {}, backward() {} };
    case 'lstm':
    case 'gru':
      throw new Error(`unsupportedLayer() keeps ${layer.kind} away`);
    default:
      return layer satisfies never;
  }
}

function addStep(context: StepContext): Step {
  const { memory, inputs, output } = context;
  return {
    forward(samples) {
      copyForward(context, samples);
      for (const { address } of inputs.slice(1))
        memory.kernels.addInto(output.address, address, samples * output.size);
    },
    backward: (samples) => passBack(context, samples),
  };
}

function dropoutStep(context: StepContext, layer: DropoutLayer, seed: number): Step {
  const { memory, inputs, output, adds, capacity, batch } = context;
  const { name, rate } = layer;
  const mask = new Float32Array(capacity * output.size).fill(1);
  const { address: x, gradient: dx } = inputs[0]!;
  return {
    forward(samples, training) {
      const count = samples * output.size;
      if (!training || rate === 0) {
        mask.fill(1);
        copyForward(context, samples);
        return;
      }
      dropoutMaskInto(mask.subarray(0, count), { seed, layer: name, rate, indices: batch.indices });
      const { f32 } = memory;
      for (let k = 0; k < count; k++) f32[output.address / 4 + k] = f32[x / 4 + k]! * mask[k]!;
    },
    backward(samples) {
      if (dx === 0) return;
      const { f32 } = memory;
      for (let k = 0; k < samples * output.size; k++) {
        const own = f32[output.gradient / 4 + k]! * mask[k]!;
        f32[dx / 4 + k] = adds[0] ? f32[dx / 4 + k]! + own : own;
      }
    },
  };
}
