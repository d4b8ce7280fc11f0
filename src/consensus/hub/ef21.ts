/**
 * EF21: workers send what is new about their gradients, and forget nothing (Richtarik, Sokolov and Fatkhullin 2021,
 * algorithm 2), and EF21-SGDM, which compresses a momentum instead (Fatkhullin, Tyurin and Richtarik 2023, algorithm 1).
 *
 *     hub      x^{t+1} = x^t - gamma g^t,   g^t = 1/n sum_i g_i^t
 *     worker   v_i^{t+1} = (1 - eta) v_i^t + eta grad f_i(x^{t+1})      eta = 1: EF21
 *              c_i = C(v_i^{t+1} - g_i^t),   g_i^{t+1} = g_i^t + c_i,   sends c_i
 *     start    g_i^0 = C(grad f_i(x^0)),   v_i^0 = grad f_i(x^0)
 *
 * The hub keeps each g_i, not only their mean: they are equal to the workers' to the bit for ever, where a mean kept by
 * additions would drift. omega = 1 is gradient descent.
 *
 * Step sizes, with theta = 1 - sqrt(1 - omega), beta = (1 - omega) / (1 - sqrt(1 - omega)) and Lt = sqrt(mean_i L_i^2):
 *     EF21        gamma = min{ 1 / (L + Lt sqrt(2 beta / theta)), theta / (2 mu) }: under the PL condition (theorem 2)
 *                 f(x^t) - f* + gamma / theta mean_i ||g_i - grad f_i||^2 falls by the factor 1 - gamma mu a round
 *     EF21-SGDM   gamma = min{ omega / (20 Lt), eta / (7 L) } (theorem 3, for nonconvex f; no linear rate is claimed)
 */
import type { CompressorState, MatrixBlock } from '../../compression/compressor.js';
import { addScaledInto, meanOf, minus } from '../../linalg/real-vectors.js';
import { requireOmega } from './compressor-constants.js';
import type { HubAlgorithm, HubConstants } from './hub-algorithm.js';
import {
  broadcast,
  createSentModel,
  followModel,
  type SentModel,
  stepModel,
  wholeModels,
} from './model-broadcast.js';
import { createVectorCodec } from './vector-codec.js';

export interface Ef21Options {
  readonly up: string;
  readonly down: string;
  /** Step size; 0: by the formula. */
  readonly gamma: number;
  /** eta of the momentum, in (0, 1]. */
  readonly eta: number;
}

export interface Ef21Hub {
  readonly model: SentModel;
  /** g_i of every worker. */
  readonly estimates: readonly Float64Array[];
}

export interface Ef21Worker {
  readonly x: Float64Array;
  /** g_i */
  readonly estimate: Float64Array;
  /** v_i; null before the first gradient. */
  momentum: Float64Array | null;
  readonly encoder: CompressorState;
}

/** theta and beta of theorem 1, for the best choice of the free parameter. */
export function ef21Constants(omega: number): { theta: number; beta: number } {
  const theta = 1 - Math.sqrt(1 - omega);
  return { theta, beta: (1 - omega) / theta };
}

/** Lt = sqrt(mean_i L_i^2) */
export function quadraticMean(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

/** gamma of EF21 under the PL condition. */
export function ef21StepSize({ L, mu, workerL }: HubConstants, omega: number): number {
  const { theta, beta } = ef21Constants(omega);
  return Math.min(1 / (L + quadraticMean(workerL) * Math.sqrt((2 * beta) / theta)), theta / (2 * mu));
}

/** gamma of EF21-SGDM. */
export function ef21MomentumStepSize(
  { L, workerL }: HubConstants,
  by: { omega: number; eta: number },
): number {
  return Math.min(by.omega / (20 * quadraticMean(workerL)), by.eta / (7 * L));
}

/** gamma and the rate by theory; in a swarm gamma is 1, and any compressor will do. */
function ef21Theory(
  { gamma, eta }: Ef21Options,
  at: { constants: HubConstants | null; spec: string; blocks: readonly MatrixBlock[] },
) {
  if (at.constants === null) return { gamma: gamma || 1, rate: null };
  const omega = requireOmega('ef21', at.spec, at.blocks);
  const best =
    eta === 1 ? ef21StepSize(at.constants, omega) : ef21MomentumStepSize(at.constants, { omega, eta });
  const chosen = gamma || best;
  const rate = eta === 1 && chosen <= best ? 1 - chosen * at.constants.mu : null;
  return { gamma: chosen, rate, omega, ...ef21Constants(omega) };
}

/** v_i by the gradient in `fresh`, which it may become. */
function advanceMomentum(worker: Ef21Worker, fresh: Float64Array, eta: number): Float64Array {
  if (worker.momentum === null || eta === 1) worker.momentum = fresh;
  else for (let k = 0; k < fresh.length; k++) worker.momentum[k] += eta * (fresh[k] - worker.momentum[k]);
  return worker.momentum;
}

export function createEf21(options: Ef21Options, spec: string): HubAlgorithm<Ef21Hub, Ef21Worker> {
  const { eta } = options;
  return {
    spec,
    serverless: true,
    swarm: { phases: 1, takesLate: true },
    prepare({ workers, blocks, start, constants, seed }) {
      const up = createVectorCodec(options.up, blocks);
      const down = createVectorCodec(options.down, blocks);
      const { gamma, rate, ...theory } = ef21Theory(options, { constants, spec: up.spec, blocks });
      const rule = { codec: down, gamma };
      const zeros = () => new Float64Array(start.length);
      return {
        settings: { gamma, ...theory },
        rate,
        createHub: () => ({
          model: createSentModel(start, down.createState(seed, 'hub')),
          estimates: Array.from({ length: workers }, zeros),
        }),
        createWorker: (worker) => ({
          x: start.slice(),
          estimate: zeros(),
          momentum: null,
          encoder: up.createState(seed, 'worker', worker),
        }),
        open: ({ model }) => broadcast(workers, model.pending),
        follow: ({ x }, downlink) => followModel(x, downlink, rule),
        answer(worker, gradient) {
          const fresh = zeros();
          gradient(fresh, worker.x);
          const news = minus(advanceMomentum(worker, fresh, eta), worker.estimate);
          const bytes = up.encode(news, worker.encoder);
          addScaledInto(worker.estimate, up.decode(bytes), 1);
          return bytes;
        },
        read: (_hub, uplink) => up.decode(uplink),
        close({ model, estimates }, uplinks) {
          for (const { worker, values } of uplinks) addScaledInto(estimates[worker], values, 1);
          stepModel(model, meanOf(uplinks.map(({ worker }) => estimates[worker])), rule);
        },
        modelOf: ({ model }) => model.x,
        swarm: wholeModels(({ model }) => model.x),
      };
    },
  };
}
