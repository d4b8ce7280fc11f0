/**
 * The server-worker algorithms as the papers print them: all workers at once, one matrix [n][d] for each letter, no
 * messages, no state machines. Compressors are black boxes C_i with the senders' seeds. Every function returns x^1, ..., x^K.
 */
import { Matrix, solve } from 'ml-matrix';
import { createRandom, type Random, uniform } from '../../src/base/random.js';
import { createVectorCodec } from '../../src/consensus/hub/vector-codec.js';
import type { SmoothFunction } from '../../src/linalg/newton-method.js';
import { type ConvexProblem, convexLayout, workerObjective } from '../../src/training/convex-model.js';

type Vector = number[];
type Map = (x: Vector) => Vector;

const add = (x: Vector, y: Vector, factor = 1): Vector => x.map((value, k) => value + factor * y[k]);
const scale = (x: Vector, factor: number): Vector => x.map((value) => factor * value);
const mean = (rows: Vector[]): Vector =>
  rows[0].map((_, k) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length);

export interface TwinSetting {
  readonly problem: ConvexProblem;
  readonly up: string;
  readonly down: string;
  readonly seed: number;
  readonly gamma: number;
  readonly rounds: number;
}

/** Gradients of all workers, and the compressors of all workers and of the hub. */
function open({ problem, up, down, seed }: Pick<TwinSetting, 'problem' | 'up' | 'down' | 'seed'>) {
  const { blocks, size } = convexLayout(problem.options);
  const box = (spec: string, ...parts: (string | number)[]): Map => {
    const codec = createVectorCodec(spec, blocks);
    const state = codec.createState(seed, ...parts);
    return (x) => [...codec.decode(codec.encode(Float64Array.from(x), state))];
  };
  const fs = problem.shards.map((_, i) => workerObjective(problem, i));
  const at = (f: SmoothFunction, x: Vector): Vector => {
    const out = new Float64Array(size);
    f.gradientInto(out, Float64Array.from(x));
    return [...out];
  };
  return {
    n: fs.length,
    d: size,
    zero: new Array<number>(size).fill(0),
    fs,
    at,
    gradients: (x: Vector) => fs.map((f) => at(f, x)),
    C: fs.map((_, i) => box(up, 'worker', i)),
    hub: box(down, 'hub'),
  };
}

export function errorFeedbackTwin(setting: TwinSetting): Vector[] {
  const { n, zero, gradients, C, hub } = open(setting);
  const path = [zero];
  let E = new Array<Vector>(n).fill(zero);
  for (let t = 0; t < setting.rounds; t++) {
    const P = gradients(path[t]).map((g, i) => add(E[i], g, setting.gamma));
    const sent = P.map((p, i) => C[i](p));
    E = P.map((p, i) => add(p, sent[i], -1));
    path.push(add(path[t], hub(mean(sent)), -1));
  }
  return path.slice(1);
}

export function ef21Twin(setting: TwinSetting, eta = 1): Vector[] {
  const { zero, gradients, C, hub } = open(setting);
  let V = gradients(zero);
  let G = V.map((v, i) => C[i](v));
  const path = [zero];
  for (let t = 0; t < setting.rounds; t++) {
    path.push(add(path[t], hub(mean(G)), -setting.gamma));
    V = gradients(path[t + 1]).map((g, i) => add(scale(V[i], 1 - eta), g, eta));
    G = G.map((g, i) => add(g, C[i](add(V[i], g, -1))));
  }
  return path.slice(1);
}

export function dianaTwin(setting: TwinSetting, alpha: number): Vector[] {
  return artemisTwin(setting, { alpha, p: 1 });
}

export function artemisTwin(setting: TwinSetting, { alpha, p }: { alpha: number; p: number }): Vector[] {
  const { n, zero, gradients, C, hub } = open(setting);
  const chance: Random = createRandom(setting.seed, 'participants');
  let H = new Array<Vector>(n).fill(zero);
  const path = [zero];
  for (let t = 0; t < setting.rounds; t++) {
    const active = H.map(() => p === 1 || uniform(chance) < p);
    const D = gradients(path[t]).map((g, i) => (active[i] ? C[i](add(g, H[i], -1)) : zero));
    const g = add(mean(H), mean(D), 1 / p);
    H = H.map((h, i) => add(h, D[i], alpha));
    path.push(add(path[t], hub(g), -setting.gamma));
  }
  return path.slice(1);
}

export function marinaTwin(setting: TwinSetting, p: number): Vector[] {
  const { zero, gradients, C, hub } = open(setting);
  const coins = createRandom(setting.seed, 'marina coins');
  const path = [zero];
  let g = hub(mean(gradients(zero)));
  for (let k = 0; k < setting.rounds; k++) {
    path.push(add(path[k], g, -setting.gamma));
    const [old, now] = [gradients(path[k]), gradients(path[k + 1])];
    const whole = uniform(coins) < p;
    g = hub(whole ? mean(now) : mean(now.map((row, i) => add(g, C[i](add(row, old[i], -1))))));
  }
  return path.slice(1);
}

/** y after each outer iteration, on ridge regression: the proximal step is a linear system. */
export function olgaTwin(
  setting: TwinSetting,
  by: { p: number; theta: number; tau: number; alpha: number; feedback: boolean },
): Vector[] {
  const { n, d, zero, fs, at, gradients, C } = open(setting);
  const { p, theta, tau, alpha, feedback } = by;
  const { mu } = setting.problem.constants;
  const chance = createRandom(setting.seed, 'olga');
  const column = (j: number): Vector =>
    add(
      at(
        fs[0],
        zero.map((_, k) => (k === j ? 1 : 0)),
      ),
      at(fs[0], zero),
      -1,
    );
  const system = new Matrix(zero.map((_, j) => column(j))).add(Matrix.eye(d).mul(1 / theta));
  const prox = (t: Vector, center: Vector): Vector =>
    solve(
      system,
      Matrix.columnVector(add(add(scale(center, 1 / theta), t, -1), at(fs[0], zero), -1)),
    ).to1DArray();
  let [y, z] = [zero, zero];
  const path: Vector[] = [];
  for (let outer = 0; outer < setting.rounds; outer++) {
    const x = add(scale(z, tau), y, 1 - tau);
    const first = gradients(x);
    let N = 1;
    while (uniform(chance) >= p) N++;
    let xk = x;
    let E = new Array<Vector>(n).fill(zero);
    for (let k = 0; k < N; k++) {
      const now = gradients(xk);
      const D = now.map((g, m) => add(add(add(g, now[0], -1), first[m], -1), first[0]));
      const P = D.map((v, m) => (feedback ? add(E[m], v, theta) : v));
      const sent = P.map((v, m) => (k === 0 || m === 0 ? zero : C[m](v)));
      if (feedback) E = P.map((v, m) => add(v, sent[m], -1));
      const t = add(add(scale(mean(sent), feedback ? 1 / theta : 1), first[0], -1), mean(first));
      xk = prox(t, xk);
    }
    y = xk;
    const last = gradients(y);
    const t = add(add(first[0], mean(first), -1), add(last[0], mean(last), -1), -1);
    const G = scale(add(t, add(add(x, y, -1), mean(E)), 1 / theta), p);
    z = scale(add(add(scale(z, 1 / alpha), y, mu), G, -1), 1 / (1 / alpha + mu));
    path.push(y);
  }
  return path;
}

/** PowerSGD as one worker on the mean gradient, rank 1, one matrix rows x cols (lemma 3 of its paper). */
export function powerSgdTwin(setting: TwinSetting, lambda: number): Vector[] {
  const { d, zero, gradients } = open(setting);
  const { groups: rows, categories: cols } = setting.problem.options;
  const random = createRandom(setting.seed, 'power-sgd');
  let Q = new Matrix([gaussians(random, cols)]).transpose();
  let e = Matrix.zeros(rows, cols);
  let m = Matrix.zeros(rows, cols);
  let x = Matrix.zeros(rows, cols);
  const path: Vector[] = [];
  for (let t = 0; t < setting.rounds; t++) {
    const g = mean(gradients(t === 0 ? zero : x.to1DArray()));
    const M = Matrix.add(e, Matrix.from1DArray(rows, cols, g));
    const P = M.mmul(Q);
    P.div(P.norm('frobenius'));
    Q = M.transpose().mmul(P);
    const step = P.mmul(Q.transpose());
    e = Matrix.sub(M, step);
    m = Matrix.add(Matrix.mul(m, lambda), step);
    x = Matrix.sub(x, Matrix.mul(lambda === 0 ? step : Matrix.add(step, m), setting.gamma));
    path.push(x.to1DArray().slice(0, d));
  }
  return path;
}

/** Standard normal numbers as base/random.ts draws them. */
function gaussians(random: Random, count: number): Vector {
  return Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform(random)));
    return radius * Math.cos(2 * Math.PI * uniform(random));
  });
}
