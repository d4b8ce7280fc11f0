/**
 * Learning-rate schedules: eta of a step is the run's learning rate times a factor of how far the run has come, counted
 * in local steps. Pure functions of (step, steps), so that every peer, driver and checkpoint has the same rate, and a
 * peer that comes late has that of the others.
 *
 * constant   1
 * cosine     floor + (1 - floor) (1 + cos(pi p)) / 2       Loshchilov and Hutter 2017, "SGDR", without restarts
 * linear     1 - (1 - floor) p
 * step       factor^k, k of the fractions `at` being past   x 0.1 at 1/2 and 3/4: He et al. 2016 on CIFAR-10
 * inverse    a / (a + t)                                    eta_t = 4 / (mu (a + t)) of CHOCO-SGD, Koloskova et al. 2019
 *
 * With `warmup`, a fraction of the run, the rate first rises linearly (Goyal et al. 2017, "Accurate, large minibatch SGD").
 * p runs from 0 to 1, and t from 0, over what follows; the fractions of `step` are of the whole run.
 */
import { GrapevineError } from '../base/errors.js';
import { createRegistry, numberField, type OptionField, type RegistryEntry } from '../base/registry.js';

export interface Schedule {
  /** Canonical spec. */
  readonly spec: string;
  /** Factor of the learning rate in step `step` (from 0) of `steps`; the last one's afterwards. In (0, 1]. */
  factorAt(step: number, steps: number): number;
}

/** Where a step is in its run. */
interface Progress {
  /** Of the whole run, in [0, 1). */
  readonly ofRun: number;
  /** p: of what follows the warm-up, in [0, 1). */
  readonly afterWarmup: number;
  /** t: steps since the warm-up. */
  readonly stepsAfter: number;
}

interface WarmupOptions {
  readonly warmup?: number;
}

/** No schedule ends at 0: a step of size 0 is no step, and momentum divides by the rate. */
const LEAST_FACTOR = 1e-6;

function createSchedule(
  { warmup = 0 }: WarmupOptions,
  spec: string,
  decay: (progress: Progress) => number,
): Schedule {
  return {
    spec,
    factorAt(step, steps) {
      const at = Math.min(Math.max(0, step), steps - 1);
      const rising = Math.round(warmup * steps);
      if (at < rising) return (at + 1) / rising;
      const stepsAfter = at - rising;
      const afterWarmup = stepsAfter / Math.max(1, steps - rising);
      return Math.max(LEAST_FACTOR, decay({ ofRun: at / steps, afterWarmup, stepsAfter }));
    },
  };
}

/** The mean factor over one round of `localSteps` steps; rounds count from 1. */
export function meanFactorOf(
  schedule: Schedule,
  {
    round,
    rounds,
    localSteps,
  }: { readonly round: number; readonly rounds: number; readonly localSteps: number },
): number {
  let sum = 0;
  for (let k = 0; k < localSteps; k++)
    sum += schedule.factorAt((round - 1) * localSteps + k, rounds * localSteps);
  return sum / localSteps;
}

/** Absent where it is not given, so that a schedule without it is spelled as before it existed. */
const warmupField: OptionField<number> = numberField(
  'share of the run in which the rate rises',
  undefined,
  0,
  0.9,
);

const floorField: OptionField<number> = numberField('share of the rate that is left at the end', 0, 0, 1);

const fractionsField: OptionField<string> = {
  doc: 'fractions of the run, separated by semicolons',
  default: '0.5;0.75',
  read(text) {
    const fractions = text.split(';').map(Number);
    const good = fractions.every((at, k) => at > 0 && at < 1 && (k === 0 || at > fractions[k - 1]!));
    return good ? { value: fractions.join(';') } : { wanted: 'growing fractions such as 0.5;0.75' };
  },
};

const constant: RegistryEntry<WarmupOptions, Schedule> = {
  name: 'constant',
  summary: 'the learning rate, throughout',
  fields: { warmup: warmupField },
  make: (options, spec) => createSchedule(options, spec, () => 1),
};

const cosine: RegistryEntry<WarmupOptions & { readonly floor: number }, Schedule> = {
  name: 'cosine',
  summary: 'half a cosine down to floor (Loshchilov and Hutter 2017)',
  fields: { floor: floorField, warmup: warmupField },
  make: (options, spec) =>
    createSchedule(
      options,
      spec,
      ({ afterWarmup }) => options.floor + (1 - options.floor) * 0.5 * (1 + Math.cos(Math.PI * afterWarmup)),
    ),
};

const linear: RegistryEntry<WarmupOptions & { readonly floor: number }, Schedule> = {
  name: 'linear',
  summary: 'a straight line down to floor',
  fields: { floor: floorField, warmup: warmupField },
  make: (options, spec) =>
    createSchedule(options, spec, ({ afterWarmup }) => 1 - (1 - options.floor) * afterWarmup),
};

const stepwise: RegistryEntry<WarmupOptions & { readonly at: string; readonly factor: number }, Schedule> = {
  name: 'step',
  summary: 'times factor at each of the fractions at (He et al. 2016)',
  fields: {
    at: fractionsField,
    factor: numberField('of each step down', 0.1, 0.001, 1),
    warmup: warmupField,
  },
  make(options, spec) {
    const fractions = options.at.split(';').map(Number);
    return createSchedule(
      options,
      spec,
      ({ ofRun }) => options.factor ** fractions.filter((at) => at <= ofRun).length,
    );
  },
};

const inverse: RegistryEntry<WarmupOptions & { readonly a?: number }, Schedule> = {
  name: 'inverse',
  summary: 'a / (a + t), as the theory of CHOCO-SGD wants it (Koloskova et al. 2019)',
  fields: { a: numberField('a, in local steps', undefined, 1, 1e9), warmup: warmupField },
  make(options, spec) {
    const { a } = options;
    if (a === undefined)
      throw new GrapevineError('BAD_SPEC', `schedule ${spec}: wanted a, in local steps: inverse:a=1000.`, {
        spec,
      });
    return createSchedule(options, spec, ({ stepsAfter }) => a / (a + stepsAfter));
  },
};

export const schedules = createRegistry<Schedule>('schedule', [constant, cosine, linear, stepwise, inverse]);
