/**
 * The oracle: peer i minimizes f_i(x) = 1/2 (x - b_i)^T A_i (x - b_i), and the minimizer x* of their mean is known
 * by construction. Everything is + - x / sqrt in float64 in a fixed order, rounded to float32 once at the end: the
 * same bits on every machine.
 *
 * - A_i = (I - 2 v v^T) Lambda (I - 2 v v^T), a Householder reflection around the eigenvalues Lambda, which run
 *   evenly from 1/condition to 1: O(dimension) a product, and the inverse is as cheap. There are CURVATURES
 *   different v; peer i has number i mod CURVATURES. Peers differ in curvature, so local steps drift as they do
 *   in learning, even with heterogeneity 0.
 * - b_i = x* + A_i^-1 c_i with c_i = -(gradient of f_i at x*). The c_i come in opposite pairs, so they sum to
 *   exactly 0, which makes x* the optimum; and sqrt(mean_i ||c_i||^2) = heterogeneity, the zeta of the papers.
 */
import { assert } from '../base/assert.js';
import { createRandom, type SeedPart, uniform } from '../base/random.js';
import { layOut, type ParameterLayout } from './parameters.js';
import type { GradientModel } from './trainer.js';

export interface QuadraticOptions {
  /** Number of parameters, >= 2. */
  readonly dimension: number;
  /** Largest over smallest eigenvalue of every A_i, >= 1; the largest is 1. */
  readonly condition: number;
  /** sqrt(mean over peers of ||gradient of f_i at x*||^2). */
  readonly heterogeneity: number;
}

export interface QuadraticProblem {
  readonly options: QuadraticOptions;
  readonly peers: number;
  readonly seed: number;
  /** x*, where the mean of all f_i is least: [dimension]. */
  readonly optimum: Float64Array;
  /** Diagonal of Lambda: [dimension]. */
  readonly eigenvalues: Float64Array;
  /** The unit vectors v. */
  readonly reflections: readonly Float64Array[];
}

/** Enough for peers to differ, few enough for the mean objective of a thousand peers to stay cheap. */
const CURVATURES = 8;

/** [dimension] numbers, uniform in [-1, 1). */
function uniformVector(dimension: number, ...seed: readonly SeedPart[]): Float64Array {
  const random = createRandom(...seed);
  return Float64Array.from({ length: dimension }, () => 2 * uniform(random) - 1);
}

function scaledToNorm(vector: Float64Array, norm: number): Float64Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const factor = norm / Math.sqrt(squares);
  return vector.map((value) => value * factor);
}

/** The problem of `peers` peers; the same for all of them. */
export function createQuadraticProblem(
  options: QuadraticOptions,
  peers: number,
  seed: number,
): QuadraticProblem {
  const { dimension, condition } = options;
  const lowest = 1 / condition;
  return {
    options,
    peers,
    seed,
    optimum: uniformVector(dimension, seed, 'quadratic', 'optimum'),
    eigenvalues: Float64Array.from(
      { length: dimension },
      (_, k) => lowest + ((1 - lowest) * k) / (dimension - 1),
    ),
    reflections: Array.from({ length: Math.min(CURVATURES, peers) }, (_, c) =>
      scaledToNorm(uniformVector(dimension, seed, 'quadratic', 'curvature', c), 1),
    ),
  };
}

/** x = (I - 2 v v^T) x, in place. */
function reflectInPlace(x: Float64Array, v: Float64Array): void {
  let dot = 0;
  for (let k = 0; k < x.length; k++) dot += v[k]! * x[k]!;
  const twice = 2 * dot;
  for (let k = 0; k < x.length; k++) x[k]! -= twice * v[k]!;
}

/** x = A x, in place, for the curvature of `reflection`; A^-1 x with power -1. */
function curveInPlace(
  x: Float64Array,
  problem: QuadraticProblem,
  { peer, power }: { peer: number; power: 1 | -1 },
): void {
  const v = problem.reflections[peer % problem.reflections.length]!;
  reflectInPlace(x, v);
  const { eigenvalues } = problem;
  if (power === 1) for (let k = 0; k < x.length; k++) x[k]! *= eigenvalues[k]!;
  else for (let k = 0; k < x.length; k++) x[k]! /= eigenvalues[k]!;
  reflectInPlace(x, v);
}

/**
 * b_i. Peers i and i + floor(n/2) get opposite c, far from each other on a ring; with an odd n the last peer
 * gets c = 0 and the others a little more.
 */
export function peerCenter(problem: QuadraticProblem, peer: number): Float64Array {
  const { options, peers, seed, optimum } = problem;
  const pairs = Math.floor(peers / 2);
  const center = optimum.slice();
  if (peer >= 2 * pairs) return center;
  const norm = options.heterogeneity * Math.sqrt(peers / (2 * pairs));
  const direction = uniformVector(options.dimension, seed, 'quadratic', 'pull', peer % pairs);
  const pull = scaledToNorm(direction, peer < pairs ? norm : -norm);
  curveInPlace(pull, problem, { peer, power: -1 });
  for (let k = 0; k < center.length; k++) center[k]! += pull[k]!;
  return center;
}

/** 1/2 y^T A y for `difference` y; the gradient A y is left in `gradient`. */
function evaluateInto(
  gradient: Float64Array,
  difference: Float64Array,
  { problem, peer }: { readonly problem: QuadraticProblem; readonly peer: number },
): number {
  gradient.set(difference);
  curveInPlace(gradient, problem, { peer, power: 1 });
  let product = 0;
  for (let k = 0; k < gradient.length; k++) product += difference[k]! * gradient[k]!;
  return product / 2;
}

/** out = x - from. A loop: `from` with a function took half of all time of a simulation of a thousand peers. */
function subtractInto(out: Float64Array, x: Float32Array | Float64Array, from: Float64Array): void {
  for (let k = 0; k < out.length; k++) out[k] = x[k]! - from[k]!;
}

/** mean_i f_i(x) - mean_i f_i(x*) = 1/2 (x - x*)^T mean_i(A_i) (x - x*): zero at the optimum only. */
export function suboptimality(problem: QuadraticProblem, x: Float32Array | Float64Array): number {
  const { peers, reflections, optimum } = problem;
  const difference = new Float64Array(optimum.length);
  const gradient = new Float64Array(optimum.length);
  subtractInto(difference, x, optimum);
  let sum = 0;
  for (let c = 0; c < reflections.length; c++) {
    const peersLikeThis = Math.floor((peers - 1 - c) / reflections.length) + 1;
    sum += peersLikeThis * evaluateInto(gradient, difference, { problem, peer: c });
  }
  return sum / peers;
}

/** A matrix as nearly square as leaves at least one entry for a vector: 64 = 8 x 7 + 8. */
export function quadraticLayout(dimension: number): ParameterLayout {
  const rows = Math.floor(Math.sqrt(dimension));
  const cols = Math.floor((dimension - 1) / rows);
  const rest = dimension - rows * cols;
  return layOut(
    [
      { name: 'matrix', shape: [rows, cols] },
      { name: 'vector', shape: [rest] },
    ],
    [
      { name: 'matrix', offset: 0, rows, cols },
      { name: 'vector', offset: rows * cols, rows: 1, cols: rest },
    ],
  );
}

/**
 * The model of `peer`, or one that only evaluates (null). It has one sample, its f_i, so the gradient is exact
 * and a batch says nothing. evaluate() gives the suboptimality of the mean objective, the same on every peer.
 */
export function createQuadraticModel(problem: QuadraticProblem, peer: number | null): GradientModel {
  const { dimension } = problem.options;
  const layout = quadraticLayout(dimension);
  const center = peer === null ? null : peerCenter(problem, peer);
  const difference = new Float64Array(dimension);
  const curved = new Float64Array(dimension);
  return {
    layout,
    engine: 'typescript',
    samples: peer === null ? 0 : 1,
    initialParameters: () => Float32Array.from(uniformVector(dimension, problem.seed, 'initial parameters')),
    gradientInto(gradient, parameters) {
      assert(peer !== null && center !== null, 'a model without a peer only evaluates');
      subtractInto(difference, parameters, center);
      const loss = evaluateInto(curved, difference, { problem, peer });
      gradient.set(curved);
      return loss;
    },
    evaluate: (parameters) => ({ loss: suboptimality(problem, parameters), accuracy: null }),
    dispose() {},
  };
}
