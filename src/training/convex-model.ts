/**
 * Ridge and logistic regression with everything that theory asks for: the minimizer, L, mu, L_i, the gradients at the
 * optimum. Worker i has m samples (a_ij, b_ij), and f is the mean of
 *
 *     f_i(x) = 1/m sum_j phi(<a_ij, x>, b_ij) + lambda/2 ||x||^2
 *     ridge:     phi(s, b) = (s - b)^2 / 2              phi'' = 1
 *     logistic:  phi(s, b) = log(1 + exp(-b s))         phi'' <= 1/4,  b = -1 or 1
 *
 * Features are like those of the a9a data (Platt 1998): binary, `groups` attributes of `categories` values each, one
 * of which is 1, so a row has `groups` ones and x is a matrix, groups x categories. Values are drawn by Zipf's law.
 * With `skew` s, a share s of a worker's attributes uses the law shifted by the worker's number, and its labels follow
 * the teacher of all plus s times one of its own: similar data at 0, different at 1. Everything is float64 in a fixed
 * order. Since each group sums to 1, the data's Gram matrix is singular and mu = lambda exactly.
 */
import { assert } from '../base/assert.js';
import { createRandom, gaussian, type Random, uniform } from '../base/random.js';
import { minimizeSmooth, type SmoothFunction } from '../linalg/newton-method.js';
import { addScaledInto, squaredDistance } from '../linalg/real-vectors.js';
import { symmetricEigenvalues } from '../linalg/symmetric-eigenvalues.js';
import { layOut, type ParameterLayout } from './parameters.js';
import type { GradientModel } from './trainer.js';

export interface ConvexOptions {
  readonly loss: 'ridge' | 'logistic';
  /** Attributes; ones of a row. */
  readonly groups: number;
  /** Values of an attribute; d = groups x categories. */
  readonly categories: number;
  /** m, samples of a worker. */
  readonly samples: number;
  /** L / mu of f; sets lambda. */
  readonly condition: number;
  /** From 0, the same law on all workers, to 1. */
  readonly skew: number;
}

/** Constants of the papers, for step sizes and noise floors. */
export interface ConvexConstants {
  /** Of f = mean f_i; for logistic regression the bound with phi'' = 1/4. */
  readonly L: number;
  /** mu = lambda: strong convexity of every f_i. */
  readonly mu: number;
  /** L_i. */
  readonly workerL: Float64Array;
  /** Largest smoothness of a single sample's loss. */
  readonly sampleL: number;
  /**
   * delta_s = max_i ||Hessian f_i - Hessian f||_2, exact for ridge; for logistic regression the larger of its values at
   * 0 and at the optimum, not a bound over all x.
   */
  readonly similarity: number;
  /** mean_i ||gradient f_i(x*)||^2, the papers' B^2 or zeta^2. */
  readonly heterogeneity: number;
  /** mean_i mean_j ||gradient f_ij(x*) - gradient f_i(x*)||^2: sigma_*^2 of batches of one sample. */
  readonly noise: number;
}

/** Data of one worker. */
interface Shard {
  /** Column of the one of each attribute: [samples x groups]. */
  readonly columns: Uint32Array;
  readonly labels: Float64Array;
}

export interface ConvexProblem {
  readonly options: ConvexOptions;
  readonly workers: number;
  readonly shards: readonly Shard[];
  readonly lambda: number;
  /** x*, with ||gradient f(x*)|| <= ACCEPTABLE_GRADIENT. */
  readonly optimum: Float64Array;
  /** f(x*) */
  readonly least: number;
  readonly constants: ConvexConstants;
}

/** What Newton's method in float64 must reach; it ends near 1e-15 in all problems tried. */
export const ACCEPTABLE_GRADIENT = 1e-10;
/** Share of the labels' variance that the teacher does not explain, about. */
const LABEL_NOISE = 0.5;

/** A category by Zipf's law: k with probability ~ 1 / (k + 1). */
function drawCategory(random: Random, categories: number): number {
  let total = 0;
  for (let k = 0; k < categories; k++) total += 1 / (k + 1);
  let rest = uniform(random) * total;
  for (let k = 0; k < categories - 1; k++) {
    rest -= 1 / (k + 1);
    if (rest < 0) return k;
  }
  return categories - 1;
}

function createShard(options: ConvexOptions, teacher: Float64Array, random: Random, worker: number): Shard {
  const { loss, groups, categories, samples, skew } = options;
  const columns = new Uint32Array(samples * groups);
  const labels = new Float64Array(samples);
  const own = teacher.map((value) => value + skew * gaussian(random));
  for (let j = 0; j < samples; j++) {
    let score = 0;
    for (let g = 0; g < groups; g++) {
      const shift = uniform(random) < skew ? worker : 0;
      const column = g * categories + ((drawCategory(random, categories) + shift) % categories);
      columns[j * groups + g] = column;
      score += own[column] / Math.sqrt(groups);
    }
    const noisy = score + LABEL_NOISE * gaussian(random);
    labels[j] = loss === 'ridge' ? noisy : noisy < 0 ? -1 : 1;
  }
  return { columns, labels };
}

/** phi, phi' and phi'' at the score s; logistic without overflow for any s. */
function lossAt(loss: ConvexOptions['loss'], s: number, b: number) {
  if (loss === 'ridge') return { value: ((s - b) * (s - b)) / 2, slope: s - b, curvature: 1 };
  const decay = Math.exp(-Math.abs(s));
  const margin = b * s;
  const wrong = (margin > 0 ? decay : 1) / (1 + decay); // 1 / (1 + exp(margin))
  return {
    value: Math.log1p(decay) + Math.max(0, -margin),
    slope: -b * wrong,
    curvature: decay / (1 + decay) ** 2,
  };
}

/** <a_j, x> */
function scoreOf({ columns }: Shard, groups: number, j: number, x: Float64Array): number {
  let score = 0;
  for (let e = j * groups; e < (j + 1) * groups; e++) score += x[columns[e]];
  return score;
}

/** Where a gradient is taken: a worker, its samples (null: all of them), and x. */
export interface GradientPlace {
  readonly worker: number;
  readonly batch: ArrayLike<number> | null;
  readonly x: Float64Array;
}

type Data = Pick<ConvexProblem, 'options' | 'shards' | 'lambda'>;

/** out = gradient of f_i over the samples of the batch; returns the loss there. */
export function convexGradientInto(out: Float64Array, data: Data, place: GradientPlace): number {
  const { loss, groups, samples } = data.options;
  const { worker, batch, x } = place;
  const shard = data.shards[worker];
  const count = batch === null ? samples : batch.length;
  out.fill(0);
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const j = batch === null ? k : batch[k];
    const { value, slope } = lossAt(loss, scoreOf(shard, groups, j, x), shard.labels[j]);
    sum += value;
    for (let e = j * groups; e < (j + 1) * groups; e++) out[shard.columns[e]] += slope;
  }
  for (let k = 0; k < out.length; k++) out[k] = out[k] / count + data.lambda * x[k];
  return sum / count + (data.lambda / 2) * squaredDistance(x);
}

/** out = (Hessian of f_worker at x) v. */
function hessianProductInto(
  out: Float64Array,
  data: Data,
  place: { worker: number; x: Float64Array; v: Float64Array },
) {
  const { loss, groups, samples } = data.options;
  const { worker, x, v } = place;
  const shard = data.shards[worker];
  out.fill(0);
  for (let j = 0; j < samples; j++) {
    const { curvature } = lossAt(loss, scoreOf(shard, groups, j, x), shard.labels[j]);
    const weight = curvature * scoreOf(shard, groups, j, v);
    for (let e = j * groups; e < (j + 1) * groups; e++) out[shard.columns[e]] += weight;
  }
  for (let k = 0; k < out.length; k++) out[k] = out[k] / samples + data.lambda * v[k];
}

/** f_i of one worker. */
export function workerObjective(data: Data, worker: number): SmoothFunction {
  return {
    gradientInto: (out, x) => {
      convexGradientInto(out, data, { worker, batch: null, x });
    },
    hessianProductInto: (out, x, v) => hessianProductInto(out, data, { worker, x, v }),
  };
}

/** f, the mean of all f_i. */
export function meanObjective(data: Data): SmoothFunction {
  const parts = data.shards.map((_, worker) => workerObjective(data, worker));
  const average = (out: Float64Array, compute: (part: SmoothFunction, term: Float64Array) => void): void => {
    const term = new Float64Array(out.length);
    out.fill(0);
    for (const part of parts) {
      compute(part, term);
      addScaledInto(out, term, 1 / parts.length);
    }
  };
  return {
    gradientInto: (out, x) => average(out, (part, term) => part.gradientInto(term, x)),
    hessianProductInto: (out, x, v) => average(out, (part, term) => part.hessianProductInto(term, x, v)),
  };
}

/** f(x) */
export function convexLoss(data: Data, x: Float64Array): number {
  const { loss, groups, samples } = data.options;
  let sum = 0;
  for (const shard of data.shards)
    for (let j = 0; j < samples; j++)
      sum += lossAt(loss, scoreOf(shard, groups, j, x), shard.labels[j]).value;
  return sum / (samples * data.shards.length) + (data.lambda / 2) * squaredDistance(x);
}

/** The data's part of the Hessian of f_worker: d x d. phi'' is `curvature`, or as at x. */
function gramOf(data: Data, worker: number, at: { curvature: number } | { x: Float64Array }): Float64Array {
  const { loss, groups, categories, samples } = data.options;
  const d = groups * categories;
  const shard = data.shards[worker];
  const gram = new Float64Array(d * d);
  for (let j = 0; j < samples; j++) {
    const curvature =
      'curvature' in at
        ? at.curvature
        : lossAt(loss, scoreOf(shard, groups, j, at.x), shard.labels[j]).curvature;
    const row = shard.columns.subarray(j * groups, (j + 1) * groups);
    for (const a of row) for (const b of row) gram[a * d + b] += curvature / samples;
  }
  return gram;
}

const largest = (matrix: Float64Array, size: number): number => symmetricEigenvalues(matrix, size)[size - 1];

/** max_i ||H_i - H||_2 for the Hessians' data parts. */
function similarityOf(grams: readonly Float64Array[], size: number): number {
  let most = 0;
  const mean = new Float64Array(size * size);
  for (const gram of grams) addScaledInto(mean, gram, 1 / grams.length);
  for (const gram of grams) {
    const values = symmetricEigenvalues(
      gram.map((value, k) => value - mean[k]),
      size,
    );
    most = Math.max(most, values[size - 1], -values[0]);
  }
  return most;
}

/** Gradients at the optimum: between workers, and between the samples of a worker. */
function spreadAt(data: Data, x: Float64Array): { heterogeneity: number; noise: number } {
  const { samples } = data.options;
  const [whole, single] = [new Float64Array(x.length), new Float64Array(x.length)];
  let heterogeneity = 0;
  let noise = 0;
  data.shards.forEach((_, worker) => {
    convexGradientInto(whole, data, { worker, batch: null, x });
    heterogeneity += squaredDistance(whole) / data.shards.length;
    for (let j = 0; j < samples; j++) {
      convexGradientInto(single, data, { worker, batch: [j], x });
      noise += squaredDistance(single, whole) / (samples * data.shards.length);
    }
  });
  return { heterogeneity, noise };
}

/** The problem of `workers` workers: data, optimum and constants; a function of its arguments. */
export function createConvexProblem(options: ConvexOptions, workers: number, seed: number): ConvexProblem {
  const { loss, groups, categories, condition } = options;
  assert(condition > 1 && workers >= 1, 'the condition number is above 1, and somebody works');
  const d = groups * categories;
  const draw = createRandom(seed, 'convex', 'teacher');
  const teacher = Float64Array.from({ length: d }, () => gaussian(draw));
  const shards = Array.from({ length: workers }, (_, worker) =>
    createShard(options, teacher, createRandom(seed, 'convex', 'worker', worker), worker),
  );
  const bound = loss === 'ridge' ? 1 : 1 / 4;
  const bare = { options, shards, lambda: 0 };
  const grams = shards.map((_, worker) => gramOf(bare, worker, { curvature: bound }));
  const mean = new Float64Array(d * d);
  for (const gram of grams) addScaledInto(mean, gram, 1 / workers);
  const steepest = largest(mean, d);
  const lambda = steepest / (condition - 1);
  const data = { options, shards, lambda };
  const goal = { tolerance: 0, acceptable: ACCEPTABLE_GRADIENT };
  const optimum = minimizeSmooth(meanObjective(data), new Float64Array(d), goal);
  const there = loss === 'ridge' ? grams : shards.map((_, worker) => gramOf(data, worker, { x: optimum }));
  const constants = {
    L: steepest + lambda,
    mu: lambda,
    workerL: Float64Array.from(grams, (gram) => largest(gram, d) + lambda),
    sampleL: bound * groups + lambda,
    similarity: Math.max(similarityOf(grams, d), similarityOf(there, d)),
    ...spreadAt(data, optimum),
  };
  return { ...data, workers, optimum, least: convexLoss(data, optimum), constants };
}

/** One matrix: attributes x values. */
export function convexLayout({ groups, categories }: ConvexOptions): ParameterLayout {
  const block = { name: 'weights', offset: 0, rows: groups, cols: categories };
  return layOut([{ name: 'weights', shape: [groups, categories] }], [block]);
}

/** The model of `peer`, or one that only evaluates (null). Its loss is f(x) - f(x*), the same on every peer. */
export function createConvexModel(problem: ConvexProblem, peer: number | null): GradientModel {
  const layout = convexLayout(problem.options);
  const scratch = new Float64Array(layout.size);
  return {
    layout,
    engine: 'typescript',
    samples: peer === null ? 0 : problem.options.samples,
    initialParameters: () => new Float32Array(layout.size),
    gradientInto(gradient, parameters, batch) {
      assert(peer !== null, 'a model without a peer only evaluates');
      const place = { worker: peer, batch, x: Float64Array.from(parameters) };
      const loss = convexGradientInto(scratch, problem, place);
      gradient.set(scratch);
      return loss;
    },
    evaluate: (parameters) => ({
      loss: convexLoss(problem, Float64Array.from(parameters)) - problem.least,
      accuracy: null,
    }),
    dispose() {},
  };
}

/**
 * The problem as the server-worker driver takes it (consensus/hub/run-hub.ts, HubProblem), from x^0 = 0 or from `start`.
 * Where only the penalty acts, the gradient at 0 is 0: from 0 a method never meets the smallest eigenvalue, mu.
 */
export function distributedObjective(problem: ConvexProblem, start?: Float64Array) {
  const { options, workers, optimum, constants, least } = problem;
  const { blocks, size } = convexLayout(options);
  return {
    workers,
    blocks,
    start: start ?? new Float64Array(size),
    optimum,
    constants,
    samples: options.samples,
    gradientInto(out: Float64Array, place: GradientPlace): void {
      convexGradientInto(out, problem, place);
    },
    suboptimality: (x: Float64Array): number => convexLoss(problem, x) - least,
    /** f_0, which the server knows. */
    server: workerObjective(problem, 0),
  };
}
