/**
 * The lean engine: a network compiled once into a fixed plan over WebAssembly memory (compile.ts), which forward,
 * backward and loss run through without a tensor, an allocation or a name looked up. TensorFlow.js spends 2 to 7 ms a
 * step of a small network on bookkeeping; here that is some microseconds.
 *
 * Plans are shared by all engines of a process for the same network, whose calls are synchronous and leave nothing
 * behind but the statistics of the last batch: eight simulated peers have one set of buffers.
 */
import type { Batch, EngineSubject, NetworkEngine, Workspace } from '../engine.js';
import { compile, type Plan, unsupportedLayer } from './compile.js';
import { type TrainingProgram, trainingProgram } from './program.js';

/** Why the lean engine does not run a network. */
export interface Unsupported {
  readonly unsupported: string;
}

/** Samples that go through the plan at once where nobody trains: larger batches fill no cache better. */
const INFERENCE_SAMPLES = 64;

interface SharedPlan {
  plan: Plan;
  users: number;
}

const shared = new Map<string, SharedPlan>();

/** The engine at work on `subject`, or why it cannot be. */
export function createLeanEngine(subject: EngineSubject): NetworkEngine | Unsupported {
  const program = trainingProgram();
  if (typeof program === 'string') return { unsupported: program };
  const layer = unsupportedLayer(subject);
  if (layer !== null) return { unsupported: layer };
  return engineOf(subject, program);
}

function engineOf(subject: EngineSubject, program: TrainingProgram): NetworkEngine {
  const key = JSON.stringify([subject.network, subject.loss, subject.seed]);
  const own = shared.get(key) ?? { plan: compile(subject, program, 1), users: 0 };
  shared.set(key, own);
  own.users++;
  let disposed = false;

  function planFor(samples: number): Plan {
    if (own.plan.capacity < samples) own.plan = compile(subject, program, samples);
    return own.plan;
  }

  const hasStatistics = own.plan.steps.some((step) => step.updateStatistics !== undefined);
  return {
    name: program.relaxed ? 'lean-wasm-fma' : 'lean-wasm',
    gradientInto(gradient, parameters, batch) {
      const plan = planFor(batch.indices.length);
      bringIn(plan, parameters);
      const loss = gradientOf(plan, batch);
      const result = plan.memory.floats(plan.gradient, plan.layout.size);
      if (!sameNumbers(gradient, result)) gradient.set(result);
      return loss;
    },
    ...(hasStatistics
      ? { updateStatisticsInto: (parameters) => updateStatistics(own.plan, parameters) }
      : {}),
    outputsInto(out, parameters, { samples, indices }) {
      const plan = planFor(Math.min(indices.length, INFERENCE_SAMPLES));
      bringIn(plan, parameters);
      const { capacity, output, memory } = plan;
      for (let first = 0; first < indices.length; first += capacity) {
        const chunk = indices.subarray(first, first + capacity);
        forward(plan, { samples, indices: chunk }, false);
        out.set(memory.floats(output.address, chunk.length * output.size), first * output.size);
      }
    },
    workspace: (samples) => workspaceOf(planFor(samples)),
    dispose() {
      if (disposed) return;
      disposed = true;
      if (--own.users === 0) shared.delete(key);
    },
  };
}

function workspaceOf({ memory, parameters, gradient, velocity, layout }: Plan): Workspace {
  const { size } = layout;
  return {
    parameters: memory.floats(parameters, size),
    gradient: memory.floats(gradient, size),
    velocity: memory.floats(velocity, size),
    descend({ learningRate, momentum, weightDecay, nesterov, keepsVelocity }) {
      // biome-ignore format: arguments of one kernel
      memory.kernels.descend(parameters, gradient, velocity, size, learningRate, momentum, weightDecay, nesterov, keepsVelocity);
    },
  };
}

/** Whether two views show the same memory. */
function sameNumbers(a: Float32Array, b: Float32Array): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}

function bringIn({ memory, parameters, layout }: Plan, values: Float32Array): void {
  const place = memory.floats(parameters, layout.size);
  if (!sameNumbers(values, place)) place.set(values);
}

function forward(
  { memory, input, steps, batch }: Plan,
  { samples, indices }: Batch,
  training: boolean,
): void {
  batch.indices = indices;
  samples.inputsInto(memory.floats(input.address, indices.length * input.size), indices);
  for (const step of steps) step.forward(indices.length, training);
}

function gradientOf(plan: Plan, batch: Batch): number {
  const count = batch.indices.length;
  forward(plan, batch, true);
  const loss = lossInto(plan, batch);
  for (let index = plan.steps.length - 1; index >= 0; index--) plan.steps[index]!.backward(count);
  return loss;
}

/** Mean loss of the outputs; writes its gradient where the outputs' gradient is. */
function lossInto({ memory, output, targets, cols, loss }: Plan, { samples, indices }: Batch): number {
  const { kernels } = memory;
  const numbers = indices.length * output.size;
  const places = loss === 'cross-entropy' ? numbers / cols : numbers;
  samples.targetsInto(memory.floats(targets, places), indices);
  const from = output.address / 4;
  memory.f32.copyWithin(output.gradient / 4, from, from + numbers);
  const at = output.gradient;
  if (loss === 'cross-entropy') return kernels.crossEntropy(at, targets, places, cols, 1 / places) / places;
  if (loss === 'mean-squared-error') return kernels.squaredError(at, targets, places, 1 / places) / places;
  return kernels.binaryCrossEntropy(at, targets, places, 1 / places) / places;
}

/** The moving statistics of `parameters`, as the last batch moves them. */
function updateStatistics(plan: Plan, parameters: Float32Array): void {
  for (const step of plan.steps) step.updateStatistics?.();
  const moved = plan.memory.floats(plan.parameters, plan.layout.size);
  for (const { name, offset, size } of plan.layout.tensors) {
    if (!/\/moving_(mean|variance)$/.test(name)) continue;
    if (!sameNumbers(parameters, moved)) parameters.set(moved.subarray(offset, offset + size), offset);
  }
}
