/**
 * MARINA: compressed differences of consecutive gradients, and now and then a whole gradient (Gorbunov, Burlachenko,
 * Li and Richtarik 2021, algorithm 1).
 *
 *     hub      x^{k+1} = x^k - gamma g^k;   c ~ Bernoulli(p), the same for all;   g^{k+1} = 1/n sum_i g_i^{k+1}
 *     worker   c = 1:  g_i^{k+1} = grad f_i(x^{k+1}), sent whole
 *              c = 0:  g_i^{k+1} = g^k + Q(grad f_i(x^{k+1}) - grad f_i(x^k)), of which Q(...) is sent
 *     start    g^0 = grad f(x^0)
 *
 * g^k is a biased estimate. Workers need no g^k to answer: the hub adds it. p = 1 / (1 + U) makes both kinds of rounds
 * cost about the same.
 *
 * gamma = min{ 1 / (Lt (1 + sqrt(2 (1 - p) U / (p n)))), p / (2 mu) } with Lt = sqrt(mean_i L_i^2), under the PL
 * condition (theorem 2.2); then E f(x^k) - f* falls by 1 - gamma mu a round. U = 0 has p = 1: gradient descent.
 */
import { assert } from '../../base/assert.js';
import { createRandom, type Random, uniform } from '../../base/random.js';
import type { CompressorState } from '../../compression/compressor.js';
import { addScaledInto, meanOf, minus } from '../../linalg/real-vectors.js';
import { requireVariance } from './compressor-constants.js';
import { quadraticMean } from './ef21.js';
import type { HubAlgorithm, HubConstants } from './hub-algorithm.js';
import { broadcast, createSentModel, followModel, type SentModel, stepModel } from './model-broadcast.js';
import { createVectorCodec, decodeWhole, encodeWhole } from './vector-codec.js';

export interface MarinaOptions {
  readonly up: string;
  readonly down: string;
  /** Step size; 0: by the formula. */
  readonly gamma: number;
  /** Probability of whole gradients; 0: 1 / (1 + U). */
  readonly p: number;
}

export interface MarinaHub {
  readonly model: SentModel;
  /** g^k as all have it: what the last step decoded to. */
  estimate: Float64Array;
  readonly coins: Random;
  /** Whether the round under way is one of whole gradients. */
  whole: boolean;
}

export interface MarinaWorker {
  readonly x: Float64Array;
  /** grad f_i(x^k) */
  gradient: Float64Array;
  readonly encoder: CompressorState;
  /** c of this round. */
  whole: boolean;
}

/** gamma of theorem 2.2 (PL). */
export function marinaStepSize(
  { mu, workerL }: Pick<HubConstants, 'mu' | 'workerL'>,
  { U, p }: { U: number; p: number },
): number {
  const noise = Math.sqrt((2 * (1 - p) * U) / (p * workerL.length));
  return Math.min(1 / (quadraticMean(workerL) * (1 + noise)), p / (2 * mu));
}

/** One byte, c, and the step. */
function withCoin(whole: boolean, step: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + step.length);
  bytes[0] = whole ? 1 : 0;
  bytes.set(step, 1);
  return bytes;
}

export function createMarina(options: MarinaOptions, spec: string): HubAlgorithm<MarinaHub, MarinaWorker> {
  return {
    spec,
    serverless: true,
    swarm:
      'it compares gradients of the same samples at two models, and a swarm has one pseudo-gradient a round',
    prepare({ workers, blocks, start, constants, seed }) {
      assert(constants !== null, 'MARINA does not run in a swarm');
      const up = createVectorCodec(options.up, blocks);
      const down = createVectorCodec(options.down, blocks);
      const U = requireVariance('marina', up.spec, blocks);
      const p = options.p || 1 / (1 + U);
      const best = marinaStepSize(constants, { U, p });
      const gamma = options.gamma || best;
      const rule = { codec: down, gamma };
      const zeros = () => new Float64Array(start.length);
      return {
        settings: { gamma, p, U },
        rate: gamma <= best ? 1 - gamma * constants.mu : null,
        createHub: () => ({
          model: createSentModel(start, down.createState(seed, 'hub')),
          estimate: zeros(),
          coins: createRandom(seed, 'marina coins'),
          whole: true,
        }),
        createWorker: (worker) => ({
          x: start.slice(),
          gradient: zeros(),
          encoder: up.createState(seed, 'worker', worker),
          whole: true,
        }),
        open(hub) {
          hub.whole = hub.model.pending.length === 0 || uniform(hub.coins) < p;
          return broadcast(workers, withCoin(hub.whole, hub.model.pending));
        },
        follow(worker, downlink) {
          followModel(worker.x, downlink.subarray(1), rule);
          worker.whole = downlink[0] === 1;
        },
        answer(worker, gradient) {
          const [before, fresh] = [worker.gradient, zeros()];
          gradient(fresh, worker.x);
          worker.gradient = fresh;
          return worker.whole ? encodeWhole(fresh) : up.encode(minus(fresh, before), worker.encoder);
        },
        read: (hub, uplink) => (hub.whole ? decodeWhole(uplink, start.length) : up.decode(uplink)),
        close(hub, uplinks) {
          const g = meanOf(uplinks.map(({ values }) => values));
          if (!hub.whole) addScaledInto(g, hub.estimate, 1);
          hub.estimate = stepModel(hub.model, g, rule);
        },
        modelOf: ({ model }) => model.x,
      };
    },
  };
}
