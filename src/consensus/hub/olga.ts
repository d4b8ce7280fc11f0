/**
 * OLGA and EF-OLGA: acceleration and compression when the workers' data are similar to the server's (Bylinkin and
 * Beznosikov 2024, "Accelerated methods with compressed communications for distributed optimization problems under data
 * similarity", algorithms 1 to 4). The server owns f_1 (worker 0 here); ||Hessian f_m - Hessian f|| <= delta_s; f is the
 * mean of M functions.
 *
 *     outer   x = tau z + (1 - tau) y,   y+ = inner(x),   t = grad (f_1 - f)(x) - grad (f_1 - f)(y+)
 *             G = p (t + (x - y+) / theta),   z+ = (z / alpha + mu y+ - G) / (1 / alpha + mu)
 *     inner   x_0 = x,  N ~ Geom(p) from 1 on;  for k < N:
 *       worker  d = grad f_m(x_k) - grad f_1(x_k) - grad f_m(x_0) + grad f_1(x_0),   sends q = Q(d)
 *       server  t_k = mean_m q - grad f_1(x_0) + grad f(x_0);   x_{k+1} by a proximal step on f_1 (proximal-step.ts)
 *     error feedback   q = C(e + theta d), e += theta d - q;   t_k has mean q / theta;   the last round sends e too, and
 *             G has (x - y+ + mean e) / theta
 *
 * d = 0 for k = 0, so the first inner step follows from the gradients at x_0. Gradients at x and y+, and the models, go
 * whole. Parameters (omega_u = 1 + U; theorem 1, and theorem 2 with the smaller of its two constants):
 *
 *     OLGA      theta = min{sqrt(p M) / (8 delta_s sqrt(omega_u)), 1 / (2 delta_s)},   p = 1 / compression ratio
 *               tau = min{sqrt(mu theta / p) / 4, 1 / 4},   alpha = theta / (8 p tau)
 *     EF-OLGA   theta = p^(3/2) / (24 delta_s),   p = omega
 *               tau = min{sqrt(mu theta / p) / 18, 1 / 18},   alpha = theta / (36 p tau)
 *
 * The potential of (y, z) falls by 1 - tau for each y, which takes 1 + 1/p rounds on average.
 */

import { assert } from '../../base/assert.js';
import { GrapevineError } from '../../base/errors.js';
import { createRandom, type Random, uniform } from '../../base/random.js';
import type { CompressorState } from '../../compression/compressor.js';
import type { SmoothFunction } from '../../linalg/newton-method.js';
import { addScaledInto, minus } from '../../linalg/real-vectors.js';
import { requireOmega, requireVariance } from './compressor-constants.js';
import type { Gradient, HubAlgorithm, HubConstants, HubContext, HubUplink } from './hub-algorithm.js';
import { type OlgaDownlink, readOlgaDownlink, writeOlgaDownlink } from './olga-messages.js';
import { proximalStep } from './proximal-step.js';
import { createVectorCodec, decodeWhole, encodeWhole, type VectorCodec } from './vector-codec.js';

export interface OlgaOptions {
  readonly up: string;
  /** 1 / (mean number of inner steps); 0: by the formula. */
  readonly p: number;
  /** Inner step size; 0: by the formula. */
  readonly theta: number;
}

export type OlgaKind = 'unbiased' | 'error feedback';

export interface OlgaHub {
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly chance: Random;
  /** What the round under way asks for: gradients at x, differences at x_k, gradients at y+. */
  phase: 'anchor' | 'inner' | 'end';
  /** x = x_0, grad f(x_0), grad f_1(x_0) */
  anchor: { readonly x: Float64Array; gradient: Float64Array; readonly own: Float64Array };
  /** x_k and grad f_1(x_k) */
  current: { readonly x: Float64Array; readonly own: Float64Array };
  /** Inner steps left. */
  left: number;
}

export interface OlgaWorker {
  /** grad f_m(x_0) - grad f_1(x_0) */
  anchor: Float64Array;
  /** e */
  readonly error: Float64Array;
  readonly encoder: CompressorState;
  /** What the server asks for; null before the first round. */
  question: OlgaDownlink | null;
}

export interface OlgaParameters {
  readonly p: number;
  readonly theta: number;
  readonly tau: number;
  readonly alpha: number;
}

/** Parameters of OLGA from delta_s, mu, M and omega_u = 1 + U. */
export function olgaParameters(
  { similarity, mu, workerL }: Pick<HubConstants, 'similarity' | 'mu' | 'workerL'>,
  { p, U, theta: chosen }: { p: number; U: number; theta: number },
): OlgaParameters {
  const bound = Math.sqrt(p * workerL.length) / (8 * similarity * Math.sqrt(1 + U));
  const theta = chosen || Math.min(bound, 1 / (2 * similarity));
  const tau = Math.min(Math.sqrt((mu * theta) / p) / 4, 1 / 4);
  return { p, theta, tau, alpha: theta / (8 * p * tau) };
}

/** Parameters of EF-OLGA. */
export function efOlgaParameters(
  { similarity, mu }: Pick<HubConstants, 'similarity' | 'mu'>,
  { p, theta: chosen }: { p: number; theta: number },
): OlgaParameters {
  const theta = chosen || p ** 1.5 / (24 * similarity);
  const tau = Math.min(Math.sqrt((mu * theta) / p) / 18, 1 / 18);
  return { p, theta, tau, alpha: theta / (36 * p * tau) };
}

/** N >= 1 with P(N = k) = p (1 - p)^(k - 1). */
export function drawGeometric(random: Random, p: number): number {
  let count = 1;
  while (uniform(random) >= p) count++;
  return count;
}

interface OlgaRun extends OlgaParameters {
  readonly context: HubContext;
  readonly mu: number;
  readonly server: SmoothFunction;
  readonly codec: VectorCodec;
  readonly kind: OlgaKind;
}

const gradientAt = (f: SmoothFunction, x: Float64Array): Float64Array => {
  const out = new Float64Array(x.length);
  f.gradientInto(out, x);
  return out;
};

/** Opens an outer iteration: x = tau z + (1 - tau) y. */
function beginOuter(hub: OlgaHub, { tau, server }: OlgaRun): void {
  const x = hub.y.map((value, k) => tau * hub.z[k] + (1 - tau) * value);
  const own = gradientAt(server, x);
  hub.phase = 'anchor';
  hub.anchor = { x, own, gradient: own };
  hub.current = { x, own };
}

/** A proximal step from `mean` = mean_m of the workers' decoded differences; the server's own is zero. */
function innerStep(hub: OlgaHub, mean: Float64Array, { server, theta }: OlgaRun): void {
  const slope = mean.map((value, k) => value - hub.anchor.own[k] + hub.anchor.gradient[k]);
  const x = proximalStep({ server, slope, center: hub.current.x, theta });
  hub.current = { x, own: gradientAt(server, x) };
  hub.left -= 1;
  hub.phase = hub.left > 0 ? 'inner' : 'end';
}

/** y and z of the next outer iteration, from grad f(y+) and mean e. */
function endOuter(hub: OlgaHub, at: { gradient: Float64Array; error: Float64Array }, run: OlgaRun): void {
  const { p, theta, alpha, mu } = run;
  const { x, own, gradient } = hub.anchor;
  hub.y.set(hub.current.x);
  for (let k = 0; k < x.length; k++) {
    const t = own[k] - gradient[k] - (hub.current.own[k] - at.gradient[k]);
    const G = p * (t + (x[k] - hub.y[k] + at.error[k]) / theta);
    hub.z[k] = (hub.z[k] / alpha + mu * hub.y[k] - G) / (1 / alpha + mu);
  }
  beginOuter(hub, run);
}

/** Mean over all M of the uplinks' vectors and of `own`, the server's. */
function meanWith(own: Float64Array, others: readonly Float64Array[]): Float64Array {
  const mean = own.slice();
  for (const other of others) addScaledInto(mean, other, 1);
  return mean.map((value) => value / (others.length + 1));
}

/** A gradient, a compressed difference, or at the end with error feedback a gradient and e. */
function readUplink({ phase, y }: OlgaHub, bytes: Uint8Array, { kind, codec }: OlgaRun): Float64Array {
  if (phase === 'inner') return codec.decode(bytes);
  return decodeWhole(bytes, phase === 'end' && kind === 'error feedback' ? 2 * y.length : y.length);
}

function closeRound(hub: OlgaHub, uplinks: readonly HubUplink[], run: OlgaRun): void {
  const length = hub.y.length;
  const zeros = new Float64Array(length);
  const sent = uplinks.map(({ values }) => values);
  if (hub.phase === 'inner') {
    const mean = meanWith(zeros, sent);
    innerStep(hub, run.kind === 'unbiased' ? mean : mean.map((value) => value / run.theta), run);
    return;
  }
  const gradient = meanWith(
    hub.current.own,
    sent.map((values) => values.subarray(0, length)),
  );
  if (hub.phase === 'anchor') {
    hub.anchor.gradient = gradient;
    hub.left = drawGeometric(hub.chance, run.p);
    innerStep(hub, zeros, run); // all differences are zero at x_0
    return;
  }
  const errors = run.kind === 'unbiased' ? [] : sent.map((values) => values.subarray(length));
  endOuter(hub, { gradient, error: meanWith(zeros, errors) }, run);
}

function answerRound(worker: OlgaWorker, gradient: Gradient, { codec, theta, kind }: OlgaRun): Uint8Array {
  assert(worker.question !== null, 'a worker answers after it was asked');
  const { phase, x, own } = worker.question;
  const fresh = new Float64Array(x.length);
  gradient(fresh, x);
  if (phase === 'end') {
    if (kind === 'unbiased') return encodeWhole(fresh);
    const both = new Float64Array(2 * x.length);
    both.set(fresh);
    both.set(worker.error, x.length);
    return encodeWhole(both);
  }
  const excess = minus(fresh, own);
  if (phase === 'anchor') {
    worker.anchor = excess;
    worker.error.fill(0);
    return encodeWhole(fresh);
  }
  const difference = minus(excess, worker.anchor);
  if (kind === 'unbiased') return codec.encode(difference, worker.encoder);
  addScaledInto(worker.error, difference, theta);
  const bytes = codec.encode(worker.error, worker.encoder);
  addScaledInto(worker.error, codec.decode(bytes), -1);
  return bytes;
}

function createRun(options: OlgaOptions, kind: OlgaKind, context: HubContext): OlgaRun {
  const { blocks, constants, server, start } = context;
  assert(constants !== null, 'OLGA does not run in a swarm');
  const codec = createVectorCodec(options.up, blocks);
  if (server === undefined || context.workers < 2) {
    throw new GrapevineError(
      'BAD_CONFIG',
      'olga needs a server with data of its own, and at least one more worker.',
    );
  }
  const chosen = { theta: options.theta };
  const common = { context, mu: constants.mu, server, codec, kind };
  if (kind === 'error feedback') {
    const p = options.p || requireOmega('ef-olga', codec.spec, blocks);
    return { ...efOlgaParameters(constants, { ...chosen, p }), ...common };
  }
  const U = requireVariance('olga', codec.spec, blocks);
  const sent = codec.encode(new Float64Array(start.length), codec.createState(context.seed, 'probe')).length;
  const p = options.p || Math.min(1, sent / (4 * start.length));
  return { ...olgaParameters(constants, { ...chosen, p, U }), ...common };
}

export function createOlga(
  options: OlgaOptions,
  spec: string,
  kind: OlgaKind,
): HubAlgorithm<OlgaHub, OlgaWorker> {
  return {
    spec,
    serverless: false, // f_1 is the server's
    swarm: 'its server minimizes a function of its own, and a swarm has pseudo-gradients only',
    prepare(context) {
      const run = createRun(options, kind, context);
      const { workers, start, seed } = context;
      const { p, theta, tau, alpha } = run;
      const zeros = () => new Float64Array(start.length);
      return {
        settings: { p, theta, tau, alpha },
        rate: (1 - tau) ** (1 / (1 + 1 / p)),
        createHub() {
          const nowhere = { x: start, own: start, gradient: start };
          const chance = createRandom(seed, 'olga');
          const hub: OlgaHub = {
            y: start.slice(),
            z: start.slice(),
            chance,
            phase: 'anchor',
            anchor: nowhere,
            current: nowhere,
            left: 0,
          };
          beginOuter(hub, run);
          return hub;
        },
        createWorker: (worker) => ({
          anchor: zeros(),
          error: zeros(),
          encoder: run.codec.createState(seed, 'worker', worker),
          question: null,
        }),
        open({ phase, current }) {
          const bytes = writeOlgaDownlink({ phase, ...current });
          return Array.from({ length: workers - 1 }, (_, k) => ({ worker: k + 1, bytes }));
        },
        follow(worker, downlink) {
          worker.question = readOlgaDownlink(downlink, start.length);
        },
        answer: (worker, gradient) => answerRound(worker, gradient, run),
        read: (hub, uplink) => readUplink(hub, uplink, run),
        close: (hub, uplinks) => closeRound(hub, uplinks, run),
        modelOf: ({ y }) => y,
      };
    },
  };
}
