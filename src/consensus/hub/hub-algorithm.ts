/**
 * What a server-worker algorithm is: a hub that holds the model x, n workers that know f_1, ..., f_n, and rounds
 *
 *     open    the hub says who takes part and sends each of them bytes     (downlink)
 *     answer  a worker moves its state by them and answers with bytes      (uplink)
 *     close   the hub moves its state by the answers
 *
 * States are plain data, changed by the functions of a protocol alone; gradients are handed in; chance comes from
 * generators in the states, made from the seed. So `close` is a function of state and bytes, and the hub may be run
 * by every peer on uplinks that all peers hear (run-hub.ts, `serverless`): all have the same bits.
 *
 * Vectors are float64 here, and messages are float32 by the project's compressors: all that travels compressed is a
 * difference that goes to zero, so the rounding of messages goes to zero with it, and linear rates hold down to
 * 1e-15. A vector that does not go to zero (a full gradient) is sent whole, as float64.
 */
import type { SeedPart } from '../../base/random.js';
import type { MatrixBlock } from '../../compression/compressor.js';
import type { SmoothFunction } from '../../linalg/newton-method.js';

/** Constants of f = mean f_i, for step sizes. */
export interface HubConstants {
  /** Smoothness of f. */
  readonly L: number;
  /** Strong convexity of f. */
  readonly mu: number;
  /** L_i. */
  readonly workerL: Float64Array;
  /** Smoothness of the loss of a single sample; the largest. Used where gradients are stochastic. */
  readonly sampleL: number;
  /** delta_s = max_i ||Hessian f_i - Hessian f||. */
  readonly similarity: number;
}

export interface HubContext {
  /** n */
  readonly workers: number;
  readonly blocks: readonly MatrixBlock[];
  /** x^0, which all know. */
  readonly start: Float64Array;
  readonly constants: HubConstants;
  /** Samples of a stochastic gradient; null when gradients are of all samples. */
  readonly batch: number | null;
  readonly seed: SeedPart;
  /** f_0, known to the hub, for algorithms with a step at the server. */
  readonly server?: SmoothFunction;
}

/** out = gradient of f_i at x, or a stochastic one: the same samples within a round. */
export type Gradient = (out: Float64Array, x: Float64Array) => void;

/** Bytes from the hub to a worker, or from a worker to the hub. */
export interface HubMessage {
  readonly worker: number;
  readonly bytes: Uint8Array;
}

export interface HubProtocol<Hub, Worker> {
  /** gamma and the other numbers in use, by the papers' names. */
  readonly settings: Readonly<Record<string, number>>;
  /** Factor by which theory shrinks the squared error a round (in the mean, constants apart); null: no such claim. */
  readonly rate: number | null;
  createHub(): Hub;
  createWorker(worker: number): Worker;
  /** One message for each worker that takes part, in ascending order. */
  open(hub: Hub): readonly HubMessage[];
  /** @throws GrapevineError PAYLOAD_* for bytes that cannot be read */
  answer(worker: Worker, downlink: Uint8Array, gradient: Gradient): Uint8Array;
  /** `uplinks`: one of each worker that took part, ascending. @throws GrapevineError PAYLOAD_* */
  close(hub: Hub, uplinks: readonly HubMessage[]): void;
  /** The hub's current model. */
  modelOf(hub: Hub): Float64Array;
}

export interface HubAlgorithm<Hub, Worker> {
  /** Canonical. */
  readonly spec: string;
  /** False where the hub needs what only it has: its own data. Then it cannot be run by everybody. */
  readonly serverless: boolean;
  /** @throws GrapevineError BAD_CONFIG when a compressor has no constants, or the wrong ones. */
  prepare(context: HubContext): HubProtocol<Hub, Worker>;
}

/** States that nobody but the algorithm looks into. */
export type AnyHubAlgorithm = HubAlgorithm<unknown, unknown>;
