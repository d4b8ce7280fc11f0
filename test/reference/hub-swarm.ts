/**
 * A hub protocol among simulated peers with quadratics for data, and the same problem for run-hub.ts: peer i takes one
 * float32 step of gradient descent on f_i(x) = 1/2 sum_k a_k (x_k - t_ik)^2, and u = x_start - x_trained is its gradient.
 */
import { createRandom, gaussian, uniform } from '../../src/base/random.js';
import { compressors } from '../../src/compression/registry.js';
import type { HubProblem } from '../../src/consensus/hub/run-hub.js';
import { setUpPeer } from '../../src/consensus/peer-setup.js';
import { defaultPeerOptions } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { InvariantChecker, type Violation } from '../../src/simulation/checkers.js';
import { type LinkOptions, perfectLink } from '../../src/simulation/link-model.js';
import { type Fault, type Observation, runSimulation } from '../../src/simulation/simulator.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';

export const WORKERS = 5;
const ROWS = 6;
const COLS = 4;
const SIZE = ROWS * COLS;
const SEED = 3;
const RATE = 0.3;
const blocks = [{ name: 'x', offset: 0, rows: ROWS, cols: COLS }];

const random = createRandom(11);
const curvature = Float64Array.from({ length: SIZE }, () => 0.5 + 0.5 * uniform(random));
export const targets = Array.from({ length: WORKERS }, () =>
  Float64Array.from({ length: SIZE }, () => gaussian(random)),
);
export const start = Float32Array.from({ length: SIZE }, () => gaussian(random));

function trainedAt(worker: number, x: Float32Array): Float32Array {
  return x.map((value, k) => value - RATE * curvature[k]! * (value - targets[worker]![k]!));
}

/** The minimizer of the mean of the f_i of `workers`. */
export function optimumOf(workers: readonly number[]): Float64Array {
  return Float64Array.from(
    { length: SIZE },
    (_, k) => workers.reduce((sum, worker) => sum + targets[worker]![k]!, 0) / workers.length,
  );
}

export const everybody = Array.from({ length: WORKERS }, (_, worker) => worker);

/** As run-hub.ts takes it; its constants matter to nobody who names gamma. */
export const problem: HubProblem = {
  workers: WORKERS,
  blocks,
  start: Float64Array.from(start),
  optimum: optimumOf(everybody),
  constants: { L: 1, mu: 0.5, workerL: new Float64Array(WORKERS).fill(1), sampleL: 1, similarity: 0 },
  samples: 1,
  gradientInto(out, { worker, x }) {
    const from = Float32Array.from(x);
    const trained = trainedAt(worker, from);
    for (let k = 0; k < SIZE; k++) out[k] = from[k]! - trained[k]!;
  },
  suboptimality: () => 0,
};

export interface HubSwarm {
  /** trace[round - 1][peer]; a hole where a peer has skipped a round. */
  readonly trace: Float32Array[][];
  readonly violations: readonly Violation[];
  /** Payload bytes that each peer has sent. */
  readonly payloadBytes: readonly number[];
  readonly endMs: number;
}

export interface HubSwarmOptions {
  readonly algorithm: string;
  readonly topology: 'star' | 'complete';
  readonly rounds: number;
  readonly faults?: readonly Fault[];
  readonly link?: LinkOptions;
  readonly retransmitMs?: number;
  readonly silenceMs?: number;
  readonly observe?: (seen: Observation) => void;
}

/** Virtual duration of training, unequal so that nothing may depend on it. */
const trainingMs = (node: number, round: number): number => 10 + ((node * 7 + round) % 5);

export async function runHubSwarm(options: HubSwarmOptions): Promise<HubSwarm> {
  const { rounds, faults = [], link = { ...perfectLink, latencyMs: 2 } } = options;
  const topology = buildTopology(options.topology, WORKERS, SEED);
  const setup = {
    topology,
    beta: spectrumOf(topology.mixing).beta,
    algorithm: algorithms.resolve(options.algorithm),
    compressor: compressors.resolve('none'),
    blocks,
    initialReplica: start,
    seed: SEED,
    options: {
      ...defaultPeerOptions,
      rounds,
      audit: true,
      retransmitMs: options.retransmitMs ?? null,
      silenceMs: options.silenceMs ?? defaultPeerOptions.silenceMs,
    },
  };
  const checker = new InvariantChecker(everybody.map(() => start));
  const trace: Float32Array[][] = Array.from({ length: rounds }, () => []);
  const { counters, killed, endMs } = await runSimulation({
    peers: everybody.map((node) => setUpPeer(setup, node, start)),
    train: checker.watchTraining(async (node, _round, parameters) => ({
      parameters: trainedAt(node, parameters),
      loss: 0,
      samples: 1,
    })),
    trainingMs,
    link,
    faults,
    seed: SEED,
    maxFrameBytes: 1 << 16,
    horizonMs: Number.POSITIVE_INFINITY,
    observe(seen) {
      checker.observe(seen);
      options.observe?.(seen);
      for (const effect of seen.effects) {
        if (effect.type === 'roundFinished') trace[effect.round - 1]![seen.node] = effect.parameters.slice();
      }
    },
  });
  const { violations } = checker.conclude(everybody.filter((node) => !killed.includes(node)));
  return { trace, violations, payloadBytes: counters.map((counter) => counter.payloadBytes), endMs };
}
