/**
 * EF-SGD: what compression loses is kept and sent later (Seide et al. 2014; distributed form with contractions:
 * Stich, Cordonnier and Jaggi 2018, algorithm 1; Beznosikov et al. 2023, "On biased compression", algorithm 1).
 *
 *     worker   p_i = gamma g_i(x^t) + e_i^t,   c_i = C(p_i),   e_i^{t+1} = p_i - c_i,   sends c_i
 *     hub      x^{t+1} = x^t - 1/n sum_i c_i
 *
 * Invariant: the virtual sequence x^t - 1/n sum_i e_i^t takes exact SGD steps with gradients at x^t ("perturbed
 * iterates"). With one step size it is linear down to a floor ~ gamma^2 heterogeneity: at the optimum the
 * gradients of the workers do not vanish, so neither do their errors. EF21 has no such floor.
 *
 * gamma = 1 / (28 L_max / omega): the bound 1 / (14 (2 delta + B) L) of Beznosikov et al., distributed SGD with error
 * feedback, for delta = 1 / omega and B = 0.
 */
import type { CompressorState } from '../../compression/compressor.js';
import { addScaledInto, meanOf, minus } from '../../linalg/real-vectors.js';
import { requireOmega } from './compressor-constants.js';
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

export interface ErrorFeedbackOptions {
  /** C of the workers. */
  readonly up: string;
  /** The hub's steps. */
  readonly down: string;
  /** Step size; 0: by the formula. */
  readonly gamma: number;
}

export interface ErrorFeedbackWorker {
  readonly x: Float64Array;
  /** e_i */
  readonly error: Float64Array;
  readonly encoder: CompressorState;
}

/** gamma <= omega / (28 L_max). */
export function errorFeedbackStepSize({ largestL, omega }: { largestL: number; omega: number }): number {
  return omega / (28 * largestL);
}

export function createErrorFeedback(
  options: ErrorFeedbackOptions,
  spec: string,
): HubAlgorithm<SentModel, ErrorFeedbackWorker> {
  return {
    spec,
    serverless: true,
    swarm: { phases: 1, takesLate: true },
    prepare({ workers, blocks, start, constants, seed }) {
      const { up, down } = {
        up: createVectorCodec(options.up, blocks),
        down: createVectorCodec(options.down, blocks),
      };
      const best = (): number => {
        if (constants === null) return 1;
        const omega = requireOmega('ef', up.spec, blocks);
        return errorFeedbackStepSize({ largestL: Math.max(...constants.workerL), omega });
      };
      const gamma = options.gamma || best();
      const rule = { codec: down, gamma: 1 }; // gamma is in p_i
      return {
        settings: { gamma },
        rate: null,
        createHub: () => createSentModel(start, down.createState(seed, 'hub')),
        createWorker: (worker) => ({
          x: start.slice(),
          error: new Float64Array(start.length),
          encoder: up.createState(seed, 'worker', worker),
        }),
        open: ({ pending }) => broadcast(workers, pending),
        follow: ({ x }, downlink) => followModel(x, downlink, rule),
        answer(worker, gradient) {
          const p = new Float64Array(start.length);
          gradient(p, worker.x);
          for (let k = 0; k < p.length; k++) p[k] = gamma * p[k] + worker.error[k];
          const bytes = up.encode(p, worker.encoder);
          worker.error.set(minus(p, up.decode(bytes)));
          return bytes;
        },
        read: (_hub, uplink) => up.decode(uplink),
        close(hub, uplinks) {
          stepModel(hub, meanOf(uplinks.map(({ values }) => values)), rule);
        },
        modelOf: ({ x }) => x,
        swarm: wholeModels(({ x }) => x),
      };
    },
  };
}

/** x - 1/n sum_i e_i: what takes exact SGD steps. The hub must have closed the round. */
export function virtualIterate(hub: SentModel, workers: readonly ErrorFeedbackWorker[]): Float64Array {
  const virtual = hub.x.slice();
  addScaledInto(virtual, meanOf(workers.map(({ error }) => error)), -1);
  return virtual;
}
