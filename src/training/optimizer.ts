/**
 * Optimizers on flat vectors. An Optimizer is a set of free functions; what it remembers is a plain state of
 * typed arrays, so a checkpoint stores it as it is. A round is: gossip hands over parameters, beginRound, H times
 * stepInto, endRound, gossip.
 *
 * sgd   v = mu v + g,  u = v  (Nesterov: u = g + mu v),  x = x - eta u,  with g = grad + lambda x.
 * qg    quasi-global momentum, quasi-global-momentum.ts.
 * adam, adamw   adam.ts.
 *
 * Any of them takes gradients clipped to a norm (`clip`, gradient-clipping.ts); the trainer does so before a step.
 */
import { choiceField, createRegistry, numberField, type Registry } from '../base/registry.js';
import { type AdamOptions, type AdamRun, adamStepInto, createAdamState } from './adam.js';
import type { DescentStep } from './engine.js';
import {
  beginQuasiGlobalRound,
  createQuasiGlobalState,
  endQuasiGlobalRound,
  type MomentumOptions,
  type QuasiGlobalRun,
  quasiGlobalStepInto,
} from './quasi-global-momentum.js';

/** Plain arrays only. */
export type OptimizerState = { readonly [key: string]: Float32Array | Uint32Array };

/** One peer's optimizer at work: its state and the numbers it shares with the trainer. */
export interface OptimizerRun {
  readonly state: OptimizerState;
  /** eta > 0 of the step under way. */
  readonly learningRate: number;
  /** Mean of eta over the steps of the last round, where a schedule (schedule.ts) moves it. @default learningRate */
  readonly lastRate?: number;
  /** H >= 1. */
  readonly localSteps: number;
}

export interface Optimizer {
  /** Canonical spec. */
  readonly spec: string;
  /** The largest norm of a gradient that a step may see; longer ones are to be clipped. @default none */
  readonly clip?: number | undefined;
  /** State for a vector of `size` parameters, before the first round. */
  createState(size: number): OptimizerState;
  /** Sees what gossip has made of the parameters, which it does not change. */
  beginRound(run: OptimizerRun, parameters: Float32Array): void;
  /** One step, in place, along a `gradient` that it does not change. */
  stepInto(parameters: Float32Array, gradient: Float32Array, run: OptimizerRun): void;
  /**
   * stepInto as a formula, for engines that step in their own memory: the vector that serves as velocity, null for
   * zeros, and the numbers of the step.
   */
  descent?(run: OptimizerRun): Descent;
  /** Sees the parameters that this round hands to gossip, which it does not change. */
  endRound(run: OptimizerRun, parameters: Float32Array): void;
}

export interface Descent {
  readonly velocity: Float32Array | null;
  readonly step: DescentStep;
}

function descentOf({ run, options }: Step, velocity: Float32Array | null, keepsVelocity: boolean): Descent {
  const { momentum, nesterov, weightDecay } = options;
  const { learningRate } = run;
  const mu = velocity === null ? 0 : momentum;
  const step = { learningRate, momentum: mu, nesterov: nesterov === 1, weightDecay, keepsVelocity };
  return { velocity, step };
}

/** What a step needs beside the parameters and their gradient. */
interface Step {
  readonly run: OptimizerRun;
  readonly options: MomentumOptions;
}

function sgdStepInto(parameters: Float32Array, gradient: Float32Array, { run, options }: Step): void {
  const { momentum, nesterov, weightDecay } = options;
  const rate = run.learningRate;
  const velocity = run.state.velocity;
  if (velocity === undefined) {
    for (let k = 0; k < parameters.length; k++) {
      parameters[k]! -= rate * (gradient[k]! + weightDecay * parameters[k]!);
    }
    return;
  }
  for (let k = 0; k < parameters.length; k++) {
    const g = gradient[k]! + weightDecay * parameters[k]!;
    const v = momentum * velocity[k]! + g;
    velocity[k] = v;
    parameters[k]! -= rate * (nesterov === 1 ? g + momentum * v : v);
  }
}

/** Of every optimizer. */
interface ClipOption {
  readonly clip?: number;
}

function createSgd(options: MomentumOptions & ClipOption, spec: string): Optimizer {
  return {
    spec,
    clip: options.clip,
    createState(size): OptimizerState {
      return options.momentum === 0 ? {} : { velocity: new Float32Array(size) };
    },
    beginRound() {},
    stepInto: (parameters, gradient, run) => sgdStepInto(parameters, gradient, { run, options }),
    descent: (run) =>
      descentOf({ run, options }, (run.state as { velocity?: Float32Array }).velocity ?? null, true),
    endRound() {},
  };
}

function createQuasiGlobal(options: MomentumOptions & ClipOption, spec: string): Optimizer {
  // createState below made the state, so it is a QuasiGlobalState.
  const quasiGlobal = (run: OptimizerRun) => run as OptimizerRun & QuasiGlobalRun;
  return {
    spec,
    clip: options.clip,
    createState: createQuasiGlobalState,
    beginRound: (run, parameters) => beginQuasiGlobalRound(quasiGlobal(run), parameters, options),
    stepInto: (parameters, gradient, run) =>
      quasiGlobalStepInto(parameters, gradient, { run: quasiGlobal(run), options }),
    descent: (run) => descentOf({ run, options }, quasiGlobal(run).state.buffer, false),
    endRound: (run, parameters) => endQuasiGlobalRound(quasiGlobal(run), parameters),
  };
}

function createAdam(options: AdamOptions & ClipOption, spec: string): Optimizer {
  // createState below made the state, so it is an AdamState.
  const adam = (run: OptimizerRun) => run as OptimizerRun & AdamRun;
  return {
    spec,
    clip: options.clip,
    createState: createAdamState,
    beginRound() {},
    stepInto: (parameters, gradient, run) => adamStepInto(parameters, gradient, { run: adam(run), options }),
    endRound() {},
  };
}

/** Absent where it is not given, so that specs without it stay what they were. */
const clip = numberField(
  'largest norm of a gradient; longer ones are scaled down to it',
  undefined,
  1e-6,
  1e6,
);

/** The defaults are those of the paper. */
const adamFields = {
  beta1: numberField('decay of the mean', 0.9, 0, 0.9999),
  beta2: numberField('decay of the mean square', 0.999, 0, 0.999999),
  epsilon: numberField('beside the root of the mean square', 1e-8, 1e-16, 1),
};

function momentumFields(momentum: number, nesterov: 0 | 1) {
  return {
    momentum: numberField('mu, in [0, 1)', momentum, 0, 0.9999),
    nesterov: choiceField<0 | 1>('1: look one momentum step ahead', nesterov, [0, 1]),
    weightDecay: numberField('lambda of g = grad + lambda x', 0, 0, 1),
    clip,
  };
}

/** The project's default is qg, with the momentum 0.9 and the Nesterov step of its paper. */
export const optimizers: Registry<Optimizer> = createRegistry<Optimizer>('optimizer', [
  {
    name: 'qg',
    summary: 'quasi-global momentum: follows the descent of the swarm, not of this peer alone',
    fields: momentumFields(0.9, 1),
    make: createQuasiGlobal,
  },
  {
    name: 'sgd',
    summary: 'stochastic gradient descent; momentum=0.9,nesterov=1 for local momentum',
    fields: momentumFields(0, 0),
    make: createSgd,
  },
  {
    name: 'adam',
    summary: 'steps scaled by running moments of the gradient (Kingma and Ba 2015)',
    fields: {
      ...adamFields,
      weightDecay: numberField('lambda', 0, 0, 1),
      decoupled: choiceField<0 | 1>('1: weight decay beside the moments, as adamw', 0, [0, 1]),
      clip,
    },
    make: createAdam,
  },
  {
    name: 'adamw',
    summary: 'Adam with decoupled weight decay (Loshchilov and Hutter 2019)',
    // 0.01: what frameworks have made of the paper, which searches for it.
    fields: { ...adamFields, weightDecay: numberField('lambda', 0.01, 0, 1), clip },
    make: (options: Omit<AdamOptions, 'decoupled'> & ClipOption, spec) =>
      createAdam({ ...options, decoupled: 1 }, spec),
  },
]);
