/**
 * Artemis: compression in both directions, memories, and workers that come and go (Philippenko and Dieuleveut 2020,
 * "Bidirectional compression in heterogeneous settings ... with partial participation", algorithm 1, form PP2).
 *
 *     S_t      each of N workers with probability p; nobody is possible, and then the hub steps by its memory
 *     worker   i in S_t:  D_i = g_i(w^t) - h_i,   sends C_up(D_i),   h_i += alpha C_up(D_i)
 *     hub      g = h + 1/(p N) sum_{S_t} C_up(D_i),   h += alpha/N sum_{S_t} C_up(D_i),   O^t = C_dwn(g)
 *     all      w^{t+1} = w^t - gamma O^t;   a worker that was away replays the O it has missed (catch-up.ts)
 *
 * The hub's memory is h = mean_i h_i, so E g = grad f(w^t) whoever takes part: this is why it moves by alpha / N and
 * not by alpha / (p N). It is kept as the h_i, whose mean does not drift; a worker that was asked and did not answer
 * (in a swarm) is left out of h and N until it does. Output: w, or the Polyak-Ruppert average of w^1, ..., w^K (`average=1`).
 *
 * Constants: alpha = 1 / (2 (1 + U_up)) as in the paper. Taking part with probability p is one more unbiased
 * compressor, U = (1 + U_up) / p - 1 with memory rate alpha p, and C_dwn multiplies E ||g||^2 by 1 + U_dwn at most, so the
 * theorem of Gorbunov, Hanzely and Richtarik 2020 holds with A, B, C, D as in artemis-theory.ts. It gives the paper's
 * form (theorem 1), linear down to a floor ~ gamma sigma_*^2 (1 + U_up)(1 + U_dwn) / (N mu), with a gamma for any N, p.
 * Without noise in the gradients there is no floor; without memories (alpha = 0) heterogeneity is a floor.
 */
import { createRandom, type Random, uniform } from '../../base/random.js';
import type { CompressorState } from '../../compression/compressor.js';
import { addScaledInto, meanOf, minus } from '../../linalg/real-vectors.js';
import { artemisTheory } from './artemis-theory.js';
import { type CatchUp, catchUpBytes, createCatchUp, followCatchUp, recordStep } from './catch-up.js';
import { requireVariance } from './compressor-constants.js';
import type { HubAlgorithm, HubUplink } from './hub-algorithm.js';
import { createVectorCodec, decodeWhole, encodeWhole } from './vector-codec.js';

export interface ArtemisOptions {
  readonly up: string;
  readonly down: string;
  /** Step size; 0: by the formula. */
  readonly gamma: number;
  /** Probability with which a worker takes part in a round, in (0, 1]. */
  readonly p: number;
  /** 1: memories with alpha = 1 / (2 (1 + U_up)); 0: none. */
  readonly memory: 0 | 1;
  /** 1: the model is the average of all iterates. */
  readonly average: 0 | 1;
}

export interface ArtemisHub {
  readonly w: Float64Array;
  /** h_i of every worker. */
  readonly memories: readonly Float64Array[];
  readonly encoder: CompressorState;
  readonly chance: Random;
  /** S_t, and who was in such a set and did not answer. */
  asked: readonly number[];
  readonly lost: Set<number>;
  readonly catchUp: CatchUp;
  /** w-bar and how many iterates are in it. */
  readonly average: Float64Array;
  rounds: number;
}

export interface ArtemisWorker {
  readonly w: Float64Array;
  /** h_i */
  readonly memory: Float64Array;
  readonly encoder: CompressorState;
}

/** S_t, ascending. Not drawn again when empty: each worker would then be in it more often than with probability p. */
export function drawParticipants(random: Random, workers: number, p: number): number[] {
  return Array.from({ length: workers }, (_, worker) => worker).filter(() => uniform(random) < p);
}

/** w-bar moves by the newest iterate. */
function absorbIterate(hub: ArtemisHub): void {
  hub.rounds += 1;
  for (let k = 0; k < hub.w.length; k++) hub.average[k] += (hub.w[k] - hub.average[k]) / hub.rounds;
}

/** Who was asked is lost until it answers. */
function noteAbsence({ asked, lost }: ArtemisHub, uplinks: readonly HubUplink[]): void {
  for (const worker of asked) lost.add(worker);
  for (const { worker } of uplinks) lost.delete(worker);
}

export function createArtemis(
  options: ArtemisOptions,
  spec: string,
): HubAlgorithm<ArtemisHub, ArtemisWorker> {
  const { p } = options;
  return {
    spec,
    serverless: false, // a peer that is away hears no uplinks
    swarm:
      options.average === 1
        ? 'average=1 is a model that the hub alone has, and peers report the one they train'
        : { phases: 1, takesLate: true },
    prepare({ workers, blocks, start, constants, batch, seed }) {
      const up = createVectorCodec(options.up, blocks);
      const down = createVectorCodec(options.down, blocks);
      const upU = requireVariance('artemis', up.spec, blocks);
      const downU = requireVariance('artemis', down.spec, blocks);
      const alpha = options.memory === 1 ? 1 / (2 * (1 + upU)) : 0;
      const theory =
        constants && artemisTheory({ constants, workers, p, upU, downU, alpha, stochastic: batch !== null });
      const gamma = options.gamma || (theory?.gamma ?? 1);
      const rule = { codec: down, gamma };
      const zeros = () => new Float64Array(start.length);
      return {
        settings: { gamma, alpha, U: upU, downU, ...(theory && { floorFactor: theory.floorFactor }) },
        rate:
          theory && gamma <= theory.gamma ? Math.max(1 - gamma * constants!.mu, 1 - theory.rho / 2) : null,
        createHub: () => ({
          w: start.slice(),
          memories: Array.from({ length: workers }, zeros),
          encoder: down.createState(seed, 'hub'),
          chance: createRandom(seed, 'participants'),
          asked: [],
          lost: new Set(),
          catchUp: createCatchUp(workers),
          average: zeros(),
          rounds: 0,
        }),
        createWorker: (worker) => ({
          w: start.slice(),
          memory: zeros(),
          encoder: up.createState(seed, 'worker', worker),
        }),
        open(hub) {
          hub.asked = drawParticipants(hub.chance, workers, p);
          return hub.asked.map((worker) => ({ worker, bytes: catchUpBytes(hub.catchUp, worker, hub.w) }));
        },
        follow: ({ w }, downlink) => followCatchUp(w, downlink, rule),
        answer(worker, gradient) {
          const fresh = zeros();
          gradient(fresh, worker.w);
          const bytes = up.encode(minus(fresh, worker.memory), worker.encoder);
          addScaledInto(worker.memory, up.decode(bytes), alpha);
          return bytes;
        },
        read: (_hub, uplink) => up.decode(uplink),
        close(hub, uplinks) {
          noteAbsence(hub, uplinks);
          const living = hub.memories.filter((_, worker) => !hub.lost.has(worker));
          const g = living.length > 0 ? meanOf(living) : zeros();
          for (const { worker, values } of uplinks) {
            addScaledInto(g, values, 1 / (p * living.length));
            addScaledInto(hub.memories[worker], values, alpha);
          }
          const bytes = down.encode(g, hub.encoder);
          recordStep(hub.catchUp, bytes, hub.w.length);
          addScaledInto(hub.w, down.decode(bytes), -gamma);
          absorbIterate(hub);
        },
        modelOf: (hub) => (options.average === 1 && hub.rounds > 0 ? hub.average : hub.w),
        swarm: {
          modelAt: ({ w }) => w,
          snapshot: ({ w }) => encodeWhole(w),
          restore: ({ w }, bytes) => w.set(decodeWhole(bytes, w.length)),
        },
      };
    },
  };
}
