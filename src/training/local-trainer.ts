/**
 * The Trainer of every task: H optimizer steps on one peer's batches. The batches of a round depend on its number
 * alone (batches.ts) and the optimizer's memory is plain state, so (parameters, optimizerState, round) is all that
 * a checkpoint needs. Not-a-number stops here: neither gossip nor a checkpoint ever sees one.
 */
import { assert } from '../base/assert.js';
import { GrapevineError } from '../base/errors.js';
import { largestMagnitude } from '../linalg/difference.js';
import { createBatches } from './batches.js';
import { clipInPlace } from './gradient-clipping.js';
import type { Optimizer, OptimizerState } from './optimizer.js';
import { meanFactorOf, type Schedule } from './schedule.js';
import { stretchOf } from './stepping.js';
import type { GradientModel, Trainer, TrainResult } from './trainer.js';

export interface LocalTrainerOptions {
  /** The trainer owns it from now on: stop() disposes it. */
  readonly model: GradientModel;
  readonly optimizer: Optimizer;
  /** eta > 0, before the schedule. */
  readonly learningRate: number;
  /** What eta is multiplied by, step by step, in a run of `rounds` rounds counted from 1. @default constant */
  readonly schedule?: { readonly of: Schedule; readonly rounds: number } | undefined;
  /** H >= 1: optimizer steps a round. */
  readonly localSteps: number;
  /** Most that a step grows by in a round of fewer steps (stepping.ts). @default 1 */
  readonly stretch?: number | undefined;
  /** Samples a step; a smaller shard is taken whole. */
  readonly batch: number;
  readonly seed: number;
  readonly peer: number;
  /** Fresh where it is absent. Not copied. */
  readonly optimizerState?: OptimizerState;
}

export interface LocalTrainer extends Trainer {
  /** What the optimizer remembers: plain arrays, changed in place by train(). */
  readonly optimizerState: OptimizerState;
}

/** -1: all are finite, which one pass of a kernel tells. */
function firstNotFinite(values: Float32Array): number {
  if (Number.isFinite(largestMagnitude(values))) return -1;
  return values.findIndex((value) => !Number.isFinite(value));
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

/** Where the steps of a round happen. */
interface StepPlace {
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  descend(): void;
  /** The parameters after the steps, the caller's own. */
  finish(): Float32Array;
}

/** eta by round and local step, and its mean over a round. */
interface Rates {
  at(round: number, step: number): number;
  meanOf(round: number): number;
}

function ratesOf({ learningRate, localSteps, schedule }: LocalTrainerOptions): Rates {
  if (schedule === undefined) return { at: () => learningRate, meanOf: () => learningRate };
  const { of, rounds } = schedule;
  const steps = rounds * localSteps;
  return {
    at: (round, step) => learningRate * of.factorAt((round - 1) * localSteps + step, steps),
    meanOf: (round) => learningRate * meanFactorOf(of, { round, rounds, localSteps }),
  };
}

/** A trainer for one peer. */
export function createLocalTrainer(options: LocalTrainerOptions): LocalTrainer {
  const { model, optimizer, learningRate, localSteps, stretch = 1, batch, seed, peer } = options;
  const { layout } = model;
  assert(model.samples >= 1, 'a model that trains has samples');
  assert(
    learningRate > 0 && localSteps >= 1 && batch >= 1,
    'learning rate, local steps and batch are positive',
  );
  const optimizerState = options.optimizerState ?? optimizer.createState(layout.size);
  const rates = ratesOf(options);
  const run = { state: optimizerState, learningRate, lastRate: learningRate, localSteps };
  const batchAt = createBatches({ seed, peer, samples: model.samples, batch });
  const samples = Math.min(batch, model.samples);
  let ownGradient: Float32Array | undefined;
  let stopped = false;

  /** A step of the optimizer after each gradient: in the model's own memory where it has one. */
  function placeOf(start: Float32Array): StepPlace {
    const workspace = model.workspace?.(samples);
    if (workspace === undefined) {
      ownGradient ??= new Float32Array(layout.size);
      const [parameters, gradient] = [start.slice(), ownGradient];
      return {
        parameters,
        gradient,
        descend: () => optimizer.stepInto(parameters, gradient, run),
        finish: () => parameters,
      };
    }
    const { parameters, gradient } = workspace;
    parameters.set(start);
    const descent = optimizer.descent?.(run);
    if (descent === undefined) {
      const descend = (): void => optimizer.stepInto(parameters, gradient, run);
      return { parameters, gradient, descend, finish: () => parameters.slice() };
    }
    const { velocity, step } = descent;
    if (velocity !== null) workspace.velocity.set(velocity);
    return {
      parameters,
      gradient,
      descend: () => workspace.descend({ ...step, learningRate: run.learningRate }),
      finish() {
        if (step.keepsVelocity) velocity?.set(workspace.velocity);
        return parameters.slice();
      },
    };
  }

  function stretchIn(round: number, steps: number): number {
    if (stretch === 1 || steps === localSteps) return 1;
    return stretchOf((step) => rates.at(round, step), { steps, localSteps, most: stretch });
  }

  function trainRound(start: Float32Array, round: number, steps: number): TrainResult {
    let lossSum = 0;
    let seen = 0;
    run.lastRate = rates.meanOf(round - 1);
    optimizer.beginRound(run, start);
    const place = placeOf(start);
    const longer = stretchIn(round, steps);
    for (let step = 0; step < steps; step++) {
      run.learningRate = longer * rates.at(round, step);
      const indices = batchAt(round * localSteps + step);
      const loss = model.gradientInto(place.gradient, place.parameters, indices);
      if (!Number.isFinite(loss))
        throw notFinite(options, round, `the loss is ${loss} in local step ${step + 1}`);
      if (optimizer.clip !== undefined) clipInPlace(place.gradient, optimizer.clip);
      place.descend();
      model.updateStatisticsInto?.(place.parameters);
      lossSum += loss;
      seen += indices.length;
    }
    const parameters = place.finish();
    const bad = firstNotFinite(parameters);
    if (bad >= 0)
      throw notFinite(options, round, `parameter ${bad} is ${parameters[bad]} after the local steps`);
    optimizer.endRound(run, parameters);
    return { parameters, loss: lossSum / steps, samples: seen };
  }

  return {
    layout,
    optimizerState,
    async saveState() {
      return Object.fromEntries(Object.entries(optimizerState).map(([name, array]) => [name, array.slice()]));
    },
    async restoreState(saved) {
      for (const [name, array] of Object.entries(optimizerState)) {
        assert(
          saved[name]?.length === array.length,
          `a saved optimizer has ${array.length} numbers of ${name}`,
        );
        array.set(saved[name]);
      }
    },
    async train(parameters, round, steps = localSteps) {
      assert(!stopped, 'train() is not called after stop()');
      assert(parameters.length === layout.size, `parameters have the layout's ${layout.size} entries`);
      assert(steps >= 1 && steps <= localSteps, 'a round has one step at least, and no more than all');
      const bad = firstNotFinite(parameters);
      if (bad >= 0)
        throw notFinite(options, round, `parameter ${bad} is ${parameters[bad]} before the local steps`);
      return trainRound(parameters, round, steps);
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
