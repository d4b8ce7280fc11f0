/**
 * DIANA: unbiased compression of gradient differences (Mishchenko, Gorbunov, Takac and Richtarik 2019, algorithm 1;
 * for any unbiased compressor Horvath et al. 2019, "Stochastic distributed learning with gradient quantization and
 * variance reduction", algorithm 1).
 *
 *     worker   D_i = grad f_i(x^t) - h_i,   sends Q(D_i),   h_i += alpha Q(D_i)
 *     hub      g = h + 1/n sum_i Q(D_i),   h += alpha/n sum_i Q(D_i),   x^{t+1} = x^t - gamma g
 *
 * E g = grad f(x^t) as h = mean_i h_i; the memories h_i go to grad f_i(x*), so the variance of g goes to zero. The hub
 * keeps each h_i, as EF21's does each g_i: h is their mean, without drift, and whoever is away can be left out of it.
 *
 * alpha = 1 / (1 + U), gamma = 1 / (L_max (1 + 6 U / n)): Gorbunov, Hanzely and Richtarik 2020 ("A unified theory of
 * SGD", corollary on DIANA), for mu-strongly convex f. There ||x - x*||^2 + (4 U / (n alpha)) gamma^2 mean_i ||h_i - grad
 * f_i(x*)||^2 falls by max{1 - gamma mu, 1 - alpha / 2} a round, in expectation.
 */
import type { CompressorState } from '../../compression/compressor.js';
import { addScaledInto, meanOf, minus } from '../../linalg/real-vectors.js';
import { requireVariance } from './compressor-constants.js';
import type { HubAlgorithm } from './hub-algorithm.js';
import {
  broadcast,
  createSentModel,
  followModel,
  type SentModel,
  stepModel,
  wholeModels,
} from './model-broadcast.js';
import { createVectorCodec } from './vector-codec.js';

export interface DianaOptions {
  readonly up: string;
  readonly down: string;
  /** Step size; 0: by the formula. */
  readonly gamma: number;
}

export interface DianaHub {
  readonly model: SentModel;
  /** h_i of every worker. */
  readonly memories: readonly Float64Array[];
}

export interface DianaWorker {
  readonly x: Float64Array;
  /** h_i */
  readonly memory: Float64Array;
  readonly encoder: CompressorState;
}

/** gamma = 1 / (L_max (1 + 6 U / n)). */
export function dianaStepSize({
  largestL,
  U,
  workers,
}: {
  largestL: number;
  U: number;
  workers: number;
}): number {
  return 1 / (largestL * (1 + (6 * U) / workers));
}

export function createDiana(options: DianaOptions, spec: string): HubAlgorithm<DianaHub, DianaWorker> {
  return {
    spec,
    serverless: true,
    swarm: { phases: 1, takesLate: true },
    prepare({ workers, blocks, start, constants, seed }) {
      const up = createVectorCodec(options.up, blocks);
      const down = createVectorCodec(options.down, blocks);
      const U = requireVariance('diana', up.spec, blocks);
      const alpha = 1 / (1 + U);
      const best = constants && dianaStepSize({ largestL: Math.max(...constants.workerL), U, workers });
      const gamma = options.gamma || (best ?? 1);
      const rule = { codec: down, gamma };
      const zeros = () => new Float64Array(start.length);
      return {
        settings: { gamma, alpha, U },
        rate: best && gamma <= best ? Math.max(1 - gamma * constants!.mu, 1 - alpha / 2) : null,
        createHub: () => ({
          model: createSentModel(start, down.createState(seed, 'hub')),
          memories: Array.from({ length: workers }, zeros),
        }),
        createWorker: (worker) => ({
          x: start.slice(),
          memory: zeros(),
          encoder: up.createState(seed, 'worker', worker),
        }),
        open: ({ model }) => broadcast(workers, model.pending),
        follow: ({ x }, downlink) => followModel(x, downlink, rule),
        answer(worker, gradient) {
          const fresh = zeros();
          gradient(fresh, worker.x);
          const bytes = up.encode(minus(fresh, worker.memory), worker.encoder);
          addScaledInto(worker.memory, up.decode(bytes), alpha);
          return bytes;
        },
        read: (_hub, uplink) => up.decode(uplink),
        close({ model, memories }, uplinks) {
          const g = meanOf(uplinks.map(({ worker }) => memories[worker]));
          addScaledInto(g, meanOf(uplinks.map(({ values }) => values)), 1);
          for (const { worker, values } of uplinks) addScaledInto(memories[worker], values, alpha);
          stepModel(model, g, rule);
        },
        modelOf: ({ model }) => model.x,
        swarm: wholeModels(({ model }) => model.x),
      };
    },
  };
}
