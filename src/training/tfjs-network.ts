/**
 * Any network on TensorFlow.js: its operations forward, its tape backward. Parameters are uploaded at each call and
 * every tensor lives inside one tf.tidy, so that between calls the engine holds none. The loss and its gradient with
 * respect to the outputs come from loss-gradients.ts, in float64.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { assert } from '../base/assert.js';
import type { Batch, EngineSubject, NetworkEngine } from './engine.js';
import { lossGradientInto } from './loss-gradients.js';
import { DEFAULT_MOMENTUM } from './network/network.js';
import { networkLayout } from './network/network-layout.js';
import { type ShapedLayer, shapesOf, sizeOf } from './network/shapes.js';
import type { ParameterLayout, ParameterTensor } from './parameters.js';
import type { Tfjs } from './tfjs-api.js';
import type { BatchStatistics, LayerCall, TrainingCall } from './tfjs-layer-call.js';
import { applyLayer } from './tfjs-layers.js';
import { type TfjsRuntime, useBackend } from './tfjs-runtime.js';

/** Statistics: in the parameters, but nothing that a gradient changes. */
const isStatistic = ({ name }: ParameterTensor): boolean => /\/moving_(mean|variance)$/.test(name);

interface Subject extends EngineSubject {
  readonly tf: Tfjs;
  readonly layers: readonly ShapedLayer[];
  readonly layout: ParameterLayout;
}

/** The engine of `runtime` at work on `subject`; it holds no tensor between calls. */
export function createTfjsNetwork(runtime: TfjsRuntime, engineSubject: EngineSubject): NetworkEngine {
  const { tf, engine } = runtime;
  const { network } = engineSubject;
  const layers = shapesOf(network);
  const subject: Subject = { ...engineSubject, tf, layers, layout: networkLayout(network) };
  const statistics = new Map<string, BatchStatistics>();
  const hasStatistics = layers.some(({ layer }) => layer.kind === 'batch-norm');

  return {
    name: engine,
    gradientInto(gradient, parameters, batch) {
      useBackend(runtime);
      statistics.clear();
      return tf.tidy(() => gradientInto(subject, { gradient, parameters, batch, statistics }));
    },
    ...(hasStatistics
      ? { updateStatisticsInto: (parameters) => moveStatistics(subject, parameters, statistics) }
      : {}),
    outputsInto(out, parameters, batch) {
      useBackend(runtime);
      tf.tidy(() => {
        const outputs = forward(subject, uploaded(subject, parameters), { batch, training: null });
        out.set(outputs.dataSync<'float32'>());
      });
    },
    dispose() {}, // nothing outlives a call
  };
}

type Weights = ReadonlyMap<string, Tensor>;

/** The parameters as tensors of the enclosing tidy, by full name. */
function uploaded({ tf, layout }: Subject, parameters: Float32Array): Weights {
  return new Map(
    layout.tensors.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(parameters.subarray(offset, offset + size), [...shape], 'float32'),
    ]),
  );
}

interface Pass {
  readonly batch: Batch;
  readonly training: TrainingCall | null;
}

/** [samples, ...outputShape] */
function forward({ tf, network, layers }: Subject, weights: Weights, { batch, training }: Pass): Tensor {
  const { samples, indices } = batch;
  const inputs = new Float32Array(indices.length * sizeOf(network.inputShape));
  samples.inputsInto(inputs, indices);
  const input = tf.tensor(inputs, [indices.length, ...network.inputShape], 'float32');
  const made: Tensor[] = [];
  for (const shaped of layers) {
    const { name } = shaped.layer;
    const call: LayerCall = {
      tf,
      name,
      training,
      weight(short) {
        const tensor = weights.get(`${name}/${short}`);
        assert(tensor !== undefined, `the layout has a parameter ${name}/${short}`);
        return tensor;
      },
    };
    made.push(
      applyLayer(
        call,
        shaped,
        shaped.inputs.map((place) => (place < 0 ? input : made[place]!)),
      ),
    );
  }
  return made.at(-1)!;
}

interface Step {
  readonly gradient: Float32Array;
  readonly parameters: Float32Array;
  readonly batch: Batch;
  readonly statistics: Map<string, BatchStatistics>;
}

/** Mean loss; fills `gradient`. Must be called in a tidy. */
function gradientInto(subject: Subject, { gradient, parameters, batch, statistics }: Step): number {
  const { tf, layout, seed } = subject;
  const weights = uploaded(subject, parameters);
  const trained = layout.tensors.filter((tensor) => !isStatistic(tensor));
  const training = { seed, indices: batch.indices, statistics };
  let loss = Number.NaN;
  const { grads } = tf.engine().gradients(
    () => {
      const outputs = forward(subject, weights, { batch, training });
      const [scalar, value] = lossOf(subject, outputs, batch);
      loss = value;
      return scalar;
    },
    trained.map(({ name }) => weights.get(name)!),
    undefined,
    true, // a parameter that the output does not depend on has gradient 0
  );
  gradient.fill(0);
  trained.forEach(({ offset }, k) => {
    const part = grads[k] as Tensor | null | undefined;
    if (part != null) gradient.set(part.dataSync<'float32'>(), offset);
  });
  return loss;
}

/** The loss as a scalar on the tape, and as the float64 number that it rounds. */
function lossOf({ tf, loss }: Subject, outputs: Tensor, { samples, indices }: Batch): [Tensor, number] {
  const count = loss === 'cross-entropy' ? outputs.size / outputs.shape.at(-1)! : outputs.size;
  const targets = new Float32Array(count);
  samples.targetsInto(targets, indices);
  let value = Number.NaN;
  const scalar = tf.customGrad((...args: unknown[]) => {
    const y = args[0] as Tensor;
    const errors = new Float32Array(y.size);
    value = lossGradientInto(errors, { loss, targets }, y.dataSync<'float32'>());
    return { value: tf.scalar(value), gradFunc: () => tf.tensor(errors, y.shape) };
  })(outputs);
  return [scalar, value];
}

/** moving <- momentum moving + (1 - momentum) batch's own, for each batch-norm. */
function moveStatistics(
  { layers, layout }: Subject,
  parameters: Float32Array,
  statistics: ReadonlyMap<string, BatchStatistics>,
): void {
  for (const { layer } of layers) {
    const seen = statistics.get(layer.name);
    if (layer.kind !== 'batch-norm' || seen === undefined) continue;
    const { momentum = DEFAULT_MOMENTUM } = layer;
    for (const what of ['mean', 'variance'] as const) {
      const { offset, size } = layout.tensors.find(({ name }) => name === `${layer.name}/moving_${what}`)!;
      for (let k = 0; k < size; k++) {
        parameters[offset + k] = momentum * parameters[offset + k]! + (1 - momentum) * seen[what][k]!;
      }
    }
  }
}
