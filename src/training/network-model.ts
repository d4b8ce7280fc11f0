/**
 * A network on one peer's data: the GradientModel of every task that has a network. The engine does the arithmetic;
 * losses of an evaluation are summed here, in float64, from the engine's outputs.
 */
import { assert } from '../base/assert.js';
import type { Dataset } from './data/dataset.js';
import type { NetworkEngine } from './engine.js';
import { lossSum } from './losses.js';
import type { Loss, Network } from './network/network.js';
import { initialParameters, networkLayout } from './network/network-layout.js';
import { outputShape, sizeOf } from './network/shapes.js';
import type { Evaluation, GradientModel } from './trainer.js';

export interface NetworkModelOptions {
  readonly network: Network;
  readonly loss: Loss;
  /** The model owns it: dispose() disposes it. */
  readonly engine: NetworkEngine;
  readonly data: Dataset;
  /** Indices into data.train of this peer's samples; empty for a model that only evaluates. */
  readonly shard: Uint32Array;
  readonly seed: number;
  /** Where training starts instead of `initialParameters(network, seed)`: the weights of a model file. */
  readonly start?: Float32Array | undefined;
}

/** Test samples evaluated at once: 500 digits are 1.6 MB of float32, and larger chunks are not faster. */
const EVALUATION_CHUNK = 500;

export function createNetworkModel(options: NetworkModelOptions): GradientModel {
  const { network, loss, engine, data, shard, seed, start } = options;
  const layout = networkLayout(network);
  const outputs = sizeOf(outputShape(network));
  const statistics = engine.updateStatisticsInto?.bind(engine);
  const workspace = engine.workspace?.bind(engine);

  return {
    layout,
    engine: engine.name,
    samples: shard.length,
    initialParameters: () => start?.slice() ?? initialParameters(network, seed),
    gradientInto(gradient, parameters, batch) {
      assert(shard.length > 0, 'a model without a shard only evaluates');
      const indices = batch.map((index) => shard[index]!);
      return engine.gradientInto(gradient, parameters, { samples: data.train, indices });
    },
    ...(statistics === undefined ? {} : { updateStatisticsInto: statistics }),
    ...(workspace === undefined ? {} : { workspace }),
    evaluate: (parameters) => evaluateNetwork({ engine, loss, outputs, data }, parameters),
    dispose: () => engine.dispose(),
  };
}

interface EvaluationSubject {
  readonly engine: NetworkEngine;
  readonly loss: Loss;
  /** Numbers of one sample's output. */
  readonly outputs: number;
  readonly data: Dataset;
}

function evaluateNetwork(
  { engine, loss, outputs, data }: EvaluationSubject,
  parameters: Float32Array,
): Evaluation {
  const { test: samples, targets } = data;
  let [sum, correct, places] = [0, 0 as number | null, 0];
  for (let first = 0; first < samples.count; first += EVALUATION_CHUNK) {
    const length = Math.min(EVALUATION_CHUNK, samples.count - first);
    const indices = Uint32Array.from({ length }, (_, k) => first + k);
    const out = new Float32Array(length * outputs);
    const wanted = new Float32Array(length * targets.perSample);
    engine.outputsInto(out, parameters, { samples, indices });
    samples.targetsInto(wanted, indices);
    const chunk = lossSum(loss, out, wanted);
    sum += chunk.loss;
    places += chunk.places;
    correct = chunk.correct === null || correct === null ? null : correct + chunk.correct;
  }
  return { loss: sum / places, accuracy: correct === null ? null : correct / places };
}
