/**
 * Runs a hub and its workers in one process: the bytes go from function to function, and are counted. A function of its
 * arguments. Two ways:
 *
 *     star         one hub; bytes down and bytes up are what it sends and hears
 *     serverless   every peer is a worker and runs the hub's code on the uplinks, which each peer sends to all others;
 *                  nothing goes down. After every round all hubs must have the same model to the bit.
 */
import { GrapevineError } from '../../base/errors.js';
import { createRandom, uniformInt } from '../../base/random.js';
import type { MatrixBlock } from '../../compression/compressor.js';
import type { SmoothFunction } from '../../linalg/newton-method.js';
import { squaredDistance } from '../../linalg/real-vectors.js';
import type { AnyHubAlgorithm, Gradient, HubConstants, HubMessage, HubProtocol } from './hub-algorithm.js';

/** Minimize mean_i f_i. */
export interface HubProblem {
  readonly workers: number;
  readonly blocks: readonly MatrixBlock[];
  readonly start: Float64Array;
  /** x*, to measure distances from. */
  readonly optimum: Float64Array;
  readonly constants: HubConstants;
  /** Samples of each worker; a batch is drawn from them. */
  readonly samples: number;
  /** out = gradient of f_worker over `batch` (null: all samples) at x. */
  gradientInto(
    out: Float64Array,
    place: { readonly worker: number; readonly batch: Uint32Array | null; readonly x: Float64Array },
  ): void;
  /** f(x) - f(x*) */
  suboptimality(x: Float64Array): number;
  /** f_0, for the algorithms whose server has data. */
  readonly server?: SmoothFunction;
}

export interface HubRunOptions {
  readonly algorithm: AnyHubAlgorithm;
  readonly problem: HubProblem;
  readonly rounds: number;
  readonly seed: number;
  /** Samples of a stochastic gradient; null, the default: all. */
  readonly batch?: number | null;
  readonly serverless?: boolean;
  /** Rounds between two records. @default 1 */
  readonly every?: number;
  /** Ends the run at a record with ||x - x*||^2 at or below this. @default 0 */
  readonly enough?: number;
  /** Called after each round. */
  readonly onRound?: (view: HubRunView) => void;
}

/** The states of a run, to be looked at. */
export interface HubRunView {
  readonly round: number;
  readonly hubs: readonly unknown[];
  readonly workers: readonly unknown[];
  readonly model: Float64Array;
}

export interface HubRecord {
  readonly round: number;
  /** ||x - x*||^2 */
  readonly squaredDistance: number;
  /** f(x) - f(x*) */
  readonly suboptimality: number;
  /** Bytes since the start, of all workers together. */
  readonly upBytes: number;
  readonly downBytes: number;
}

export interface HubRun {
  readonly spec: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly rate: number | null;
  /** Round 0 first. */
  readonly records: readonly HubRecord[];
  readonly model: Float64Array;
}

/** Beyond this times the first squared distance nothing comes back. */
const DIVERGED = 1e12;

/** The gradient of one worker in one round; its samples depend on seed, worker and round alone. */
function gradientOf({ problem, seed, batch = null }: HubRunOptions, worker: number, round: number): Gradient {
  const { samples } = problem;
  let drawn: Uint32Array | null = null;
  if (batch !== null) {
    const random = createRandom(seed, 'hub batch', worker, round);
    drawn = Uint32Array.from({ length: batch }, () => uniformInt(random, samples));
  }
  return (out, x) => problem.gradientInto(out, { worker, batch: drawn, x });
}

const bytesOf = (messages: readonly HubMessage[]): number =>
  messages.reduce((sum, { bytes }) => sum + bytes.length, 0);

function requireEqual(models: readonly Float64Array[], round: number): void {
  for (const [peer, model] of models.entries()) {
    const k = model.findIndex((value, index) => !Object.is(value, models[0][index]));
    if (k < 0) continue;
    const text = `round ${round}: peers 0 and ${peer} have the models' entry ${k} at ${models[0][k]} and ${model[k]}, wanted the same bits.`;
    throw new GrapevineError('PAYLOAD_BAD_VALUE', text, { round, peer });
  }
}

function prepare({
  algorithm,
  problem,
  seed,
  batch = null,
  serverless,
}: HubRunOptions): HubProtocol<unknown, unknown> {
  if (serverless && !algorithm.serverless) {
    const text = `${algorithm.spec} without a server: its hub needs data that only the server has. Run it on a star.`;
    throw new GrapevineError('BAD_CONFIG', text);
  }
  const { workers, blocks, start, constants, server } = problem;
  return algorithm.prepare({
    workers,
    blocks,
    start,
    constants,
    batch,
    seed,
    ...(server === undefined ? {} : { server }),
  });
}

/**
 * Runs `rounds` rounds.
 * @throws GrapevineError BAD_CONFIG (compressor, serverless), NOT_CONVERGED when the model is not finite or 1e12 times
 * as far from the optimum as it began
 */
export function runHub(options: HubRunOptions): HubRun {
  const { algorithm, problem, rounds, serverless = false, every = 1, enough = 0 } = options;
  const protocol = prepare(options);
  const hubs = Array.from({ length: serverless ? problem.workers : 1 }, () => protocol.createHub());
  const workers = Array.from({ length: problem.workers }, (_, worker) => protocol.createWorker(worker));
  const records: HubRecord[] = [];
  let [upBytes, downBytes] = [0, 0];
  const record = (round: number): HubRecord => {
    const x = protocol.modelOf(hubs[0]);
    const distance = squaredDistance(x, problem.optimum);
    if (!(distance <= DIVERGED * (records[0]?.squaredDistance ?? distance))) {
      const text = `${algorithm.spec} diverged: round ${round}, squared distance ${distance}. Use a smaller gamma.`;
      throw new GrapevineError('NOT_CONVERGED', text, { round });
    }
    const suboptimality = problem.suboptimality(x);
    records.push({ round, squaredDistance: distance, suboptimality, upBytes, downBytes });
    return records.at(-1)!;
  };
  record(0);
  for (let round = 1; round <= rounds; round++) {
    const openings = hubs.map((hub) => protocol.open(hub));
    const uplinks = openings[0].map(({ worker }, k) => {
      const { bytes } = openings[serverless ? worker : 0][k];
      protocol.follow(workers[worker], bytes);
      return { worker, bytes: protocol.answer(workers[worker], gradientOf(options, worker, round)) };
    });
    for (const hub of hubs) {
      const read = uplinks.map(({ worker, bytes }) => ({ worker, values: protocol.read(hub, bytes) }));
      protocol.close(hub, read);
    }
    if (serverless) requireEqual(hubs.map(protocol.modelOf), round);
    upBytes += bytesOf(uplinks) * (serverless ? problem.workers - 1 : 1);
    downBytes += serverless ? 0 : bytesOf(openings[0]);
    options.onRound?.({ round, hubs, workers, model: protocol.modelOf(hubs[0]) });
    if (round % every === 0 || round === rounds) {
      if (record(round).squaredDistance <= enough) break;
    }
  }
  const { settings, rate } = protocol;
  return { spec: algorithm.spec, settings, rate, records, model: protocol.modelOf(hubs[0]) };
}

/**
 * The factor by which ||x - x*||^2 fell a round between the records at which it was first below `from` and below `to`
 * times its start: the slope of the linear part. NaN when it did not get there.
 */
export function measuredRate(records: readonly HubRecord[], from = 1e-2, to = 1e-10): number {
  const start = records[0].squaredDistance;
  const first = records.find(({ squaredDistance: d }) => d <= from * start);
  const last = records.find(({ squaredDistance: d }) => d <= to * start);
  if (first === undefined || last === undefined || last.round === first.round) return Number.NaN;
  return (last.squaredDistance / first.squaredDistance) ** (1 / (last.round - first.round));
}
