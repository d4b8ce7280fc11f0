/**
 * What a server-worker algorithm is: a hub that holds the model x, n workers that know f_1, ..., f_n, and rounds
 *
 *     open    the hub says who takes part and sends each of them bytes     (downlink)
 *     follow  a worker moves its state, and its model, by them
 *     answer  it takes a gradient at its model and answers with bytes      (uplink)
 *     read    the hub decodes the answer; bytes that it cannot read change nothing
 *     close   the hub moves its state by the answers that it has
 *
 * States are plain data, changed by the functions of a protocol alone; gradients are handed in; chance comes from
 * generators in the states, made from the seed. So `close` is a function of state and bytes, and the hub may be run
 * by every peer on uplinks that all peers hear: all have the same bits. Two drivers: run-hub.ts on problems with known
 * constants, and the peers of a swarm (peer-algorithm.ts), which train networks and may die.
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
  /** null in a swarm, where nobody knows them: what a worker hands in for a gradient is a step there, and gamma is 1. */
  readonly constants: HubConstants | null;
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

/** An uplink as the hub has read it. */
export interface HubUplink {
  readonly worker: number;
  readonly values: Float64Array;
}

/** What peers of a swarm ask of a protocol beside its rounds. */
export interface SwarmProtocol<Hub, Worker> {
  /** The model that the worker has. */
  modelAt(worker: Worker): Float64Array;
  /** All that a worker without the latest steps needs to go on, as the hub has it... */
  snapshot(hub: Hub): Uint8Array;
  /** ...and where the worker puts it. @throws GrapevineError PAYLOAD_* */
  restore(worker: Worker, bytes: Uint8Array): void;
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
  follow(worker: Worker, downlink: Uint8Array): void;
  /** After `follow`; the uplink. */
  answer(worker: Worker, gradient: Gradient): Uint8Array;
  /** The numbers of an uplink of the round under way; the hub stays as it is. @throws GrapevineError PAYLOAD_* */
  read(hub: Hub, uplink: Uint8Array): Float64Array;
  /**
   * `uplinks`: one of each worker that took part, ascending. In a swarm some may be missing: what their workers have said
   * before is left out of the means, too, until they answer again, so that nobody who is dead pulls for ever.
   */
  close(hub: Hub, uplinks: readonly HubUplink[]): void;
  /** The hub's current model. */
  modelOf(hub: Hub): Float64Array;
  /** Absent where the algorithm does not run in a swarm (SwarmUse). */
  readonly swarm?: SwarmProtocol<Hub, Worker>;
}

/** How an algorithm runs in a swarm, where a worker has one pseudo-gradient a round, at the model it has then. */
export interface SwarmUse {
  /** Rounds of the protocol for one gradient. */
  readonly phases: number;
  /** Whether an uplink of an earlier round counts: what the worker remembers of it, the hub must remember, too. */
  readonly takesLate: boolean;
}

export interface HubAlgorithm<Hub, Worker> {
  /** Canonical. */
  readonly spec: string;
  /** False where the hub needs what only it has: its own data. Then it cannot be run by everybody. */
  readonly serverless: boolean;
  /** A sentence where it does not run in a swarm: why. */
  readonly swarm: SwarmUse | string;
  /** @throws GrapevineError BAD_CONFIG when a compressor has no constants, or the wrong ones. */
  prepare(context: HubContext): HubProtocol<Hub, Worker>;
}

/** States that nobody but the algorithm looks into. */
export type AnyHubAlgorithm = HubAlgorithm<unknown, unknown>;
