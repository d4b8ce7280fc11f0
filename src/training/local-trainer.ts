/**
 * The Trainer of every task: H optimizer steps on one peer's batches. The batches of a round depend on its number
 * alone (batches.ts) and the optimizer's memory is plain state, so (parameters, optimizerState, round) is all that
 * a checkpoint needs. Not-a-number stops here: neither gossip nor a checkpoint ever sees one.
 */
import { assert } from '../base/assert.js';
import { GrapevineError } from '../base/errors.js';
import { createBatches } from './batches.js';
import type { Optimizer, OptimizerState } from './optimizer.js';
import type { GradientModel, Trainer, TrainResult } from './trainer.js';

export interface LocalTrainerOptions {
  /** The trainer owns it from now on: stop() disposes it. */
  readonly model: GradientModel;
  readonly optimizer: Optimizer;
  /** eta > 0. */
  readonly learningRate: number;
  /** H >= 1: optimizer steps a round. */
  readonly localSteps: number;
  /** Samples a step; a smaller shard is taken whole. */
  readonly batch: number;
  readonly seed: number;
  readonly peer: number;
  /** From a checkpoint; fresh where it is absent. Not copied. */
  readonly optimizerState?: OptimizerState;
}

export interface LocalTrainer extends Trainer {
  /** What the optimizer remembers: plain arrays, changed in place by train(). */
  readonly optimizerState: OptimizerState;
}

function firstNotFinite(values: Float32Array): number {
  for (let k = 0; k < values.length; k++) if (!Number.isFinite(values[k]!)) return k;
  return -1;
}

function notFinite(options: LocalTrainerOptions, round: number, got: string): GrapevineError {
  const { peer, learningRate } = options;
  return new GrapevineError(
    'TRAINER_NOT_FINITE',
    `peer ${peer}, round ${round}: ${got} at learning rate ${learningRate}; wanted finite numbers. ` +
      `Training diverged: lower the learning rate (--learning-rate ${Number((learningRate / 3).toPrecision(2))}).`,
    { peer, round, learningRate },
  );
}

/** A trainer for one peer. */
export function createLocalTrainer(options: LocalTrainerOptions): LocalTrainer {
  const { model, optimizer, learningRate, localSteps, batch, seed, peer } = options;
  const { layout } = model;
  assert(model.samples >= 1, 'a model that trains has samples');
  assert(
    learningRate > 0 && localSteps >= 1 && batch >= 1,
    'learning rate, local steps and batch are positive',
  );
  const optimizerState = options.optimizerState ?? optimizer.createState(layout.size);
  const run = { state: optimizerState, learningRate, localSteps };
  const batchAt = createBatches({ seed, peer, samples: model.samples, batch });
  const gradient = new Float32Array(layout.size);
  let stopped = false;

  function trainRound(start: Float32Array, round: number): TrainResult {
    const parameters = start.slice();
    let lossSum = 0;
    let samples = 0;
    optimizer.beginRound(run, parameters);
    for (let step = 0; step < localSteps; step++) {
      const indices = batchAt(round * localSteps + step);
      const loss = model.gradientInto(gradient, parameters, indices);
      if (!Number.isFinite(loss))
        throw notFinite(options, round, `the loss is ${loss} in local step ${step + 1}`);
      optimizer.stepInto(parameters, gradient, run);
      model.updateStatisticsInto?.(parameters);
      lossSum += loss;
      samples += indices.length;
    }
    const bad = firstNotFinite(parameters);
    if (bad >= 0)
      throw notFinite(options, round, `parameter ${bad} is ${parameters[bad]} after the local steps`);
    optimizer.endRound(run, parameters);
    return { parameters, loss: lossSum / localSteps, samples };
  }

  return {
    layout,
    optimizerState,
    async train(parameters, round) {
      assert(!stopped, 'train() is not called after stop()');
      assert(parameters.length === layout.size, `parameters have the layout's ${layout.size} entries`);
      const bad = firstNotFinite(parameters);
      if (bad >= 0)
        throw notFinite(options, round, `parameter ${bad} is ${parameters[bad]} before the local steps`);
      return trainRound(parameters, round);
    },
    async evaluate(parameters) {
      assert(!stopped, 'evaluate() is not called after stop()');
      return model.evaluate(parameters);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      model.dispose();
    },
  };
}
