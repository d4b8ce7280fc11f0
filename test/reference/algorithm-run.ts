/**
 * Runs an algorithm with training by a given step u_i(x) on the simulator, lockstep over perfect links unless said
 * otherwise, and keeps the parameters of every round and the peers' states.
 */
import { createRandom, gaussian, uniform } from '../../src/base/random.js';
import type { MatrixBlock } from '../../src/compression/compressor.js';
import { compressors } from '../../src/compression/registry.js';
import type { AnyAlgorithm, Pace } from '../../src/consensus/algorithm.js';
import { setUpPeer } from '../../src/consensus/peer-setup.js';
import { defaultPeerOptions, type PeerState } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { InvariantChecker, type Violation } from '../../src/simulation/checkers.js';
import { type LinkOptions, losesFrames, perfectLink } from '../../src/simulation/link-model.js';
import { type Fault, runSimulation } from '../../src/simulation/simulator.js';
import { diameterOf } from '../../src/topology/diameter.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';

export interface AlgorithmRun {
  readonly topology: string;
  readonly algorithm: string;
  readonly compressor: string;
  readonly blocks: readonly MatrixBlock[];
  readonly start: readonly Float32Array[];
  readonly rounds: number;
  /** u_i(x) of peer i, added with a minus. */
  step(node: number, x: ArrayLike<number>): readonly number[];
  /** @default the first peer's start */
  readonly initialReplica?: Float32Array;
  /** @default perfectLink */
  readonly link?: LinkOptions;
  /** @default lockstep */
  readonly pace?: Pace;
  readonly guard?: boolean;
  readonly faults?: readonly Fault[];
  /** What runs at `node` in place of the algorithm, to see others bear it. */
  sabotage?(algorithm: AnyAlgorithm, node: number): AnyAlgorithm;
  readonly hashEvery?: number;
  readonly seed?: number;
  /** Called for every difference that is sent, repeated ones too. */
  onSent?(): void;
  /** Called when a peer has finished a round: states as they are then. */
  onRound?(states: readonly PeerState[], round: number): void;
}

export interface AlgorithmTrace {
  /** models[t][node]: parameters after round t; t = 0 is the start. */
  readonly models: readonly (readonly Float32Array[])[];
  readonly states: readonly PeerState[];
  readonly violations: readonly Violation[];
  readonly halfApplied: number;
  readonly notices: readonly string[];
  /** roundMs[t - 1][node]: virtual time when a peer ended round t. */
  readonly roundMs: readonly (readonly number[])[];
  /** Who has seen replicas differ, and in which round. */
  readonly differences: readonly { readonly node: number; readonly round: number }[];
}

export async function runAlgorithm(run: AlgorithmRun): Promise<AlgorithmTrace> {
  const { link = perfectLink, seed = 1, start, rounds } = run;
  const topology = buildTopology(run.topology, start.length, seed);
  const { beta, gap } = spectrumOf(topology.mixing);
  const setup = {
    topology,
    beta,
    gap,
    diameter: diameterOf(topology.graph),
    algorithm: algorithms.resolve(run.algorithm),
    compressor: compressors.resolve(run.compressor),
    blocks: run.blocks,
    initialReplica: run.initialReplica ?? start[0]!,
    seed,
    options: {
      ...defaultPeerOptions,
      rounds,
      pace: run.pace ?? 'lockstep',
      guard: run.guard ?? true,
      ...(run.hashEvery === undefined ? {} : { hashEvery: run.hashEvery }),
      audit: true,
      retransmitMs: losesFrames(link) ? 150 : null,
    },
  };
  const states = start.map((vector, node) => {
    const algorithm = run.sabotage?.(setup.algorithm, node) ?? setup.algorithm;
    return setUpPeer({ ...setup, algorithm }, node, vector);
  });
  const checker = new InvariantChecker(states.map(({ parameters }) => parameters));
  const models: Float32Array[][] = Array.from({ length: rounds + 1 }, () => []);
  models[0] = start.map((vector) => vector.slice());
  const roundMs: number[][] = Array.from({ length: rounds }, () => []);
  const notices: string[] = [];
  const differences: { node: number; round: number }[] = [];
  await runSimulation({
    peers: states,
    train: checker.watchTraining(async (node, _round, x) => {
      const u = run.step(node, x);
      return { parameters: x.map((value, k) => value - u[k]!), loss: 0, samples: 1 };
    }),
    trainingMs: (node, round) =>
      link === perfectLink ? 1 : 5 + 20 * uniform(createRandom(seed, node, round)),
    link,
    faults: run.faults ?? [],
    seed,
    maxFrameBytes: 1 << 24,
    horizonMs: 10_000_000,
    observe(seen) {
      checker.observe(seen);
      for (const effect of seen.effects) {
        if (effect.type === 'sendDelta') run.onSent?.();
        if (effect.type === 'notice') notices.push(effect.message);
        if (effect.type === 'notice' && effect.code === 'REPLICAS_DIFFER')
          differences.push({ node: seen.node, round: effect.round });
        if (effect.type !== 'roundFinished') continue;
        const { round } = effect;
        roundMs[round - 1]![seen.node] = seen.nowMs;
        models[round]![seen.node] = effect.parameters.slice();
        if (Object.keys(models[round]!).length === start.length) run.onRound?.(states, round);
      }
    },
  });
  const { excused, violations } = checker.conclude([...start.keys()]);
  const halfApplied = Object.values(excused).reduce((sum, count) => sum + count, 0);
  return { models, states, violations, halfApplied, notices, differences, roundMs };
}

/** `nodes` Gaussian vectors. */
export function gaussianStart(nodes: number, dimension: number, name = 'start'): Float32Array[] {
  const random = createRandom('algorithm', name);
  return Array.from({ length: nodes }, () =>
    Float32Array.from({ length: dimension }, () => gaussian(random)),
  );
}

/** f_i(x) = 1/2 sum_k a_ik (x_k - b_ik)^2 with a in [0.5, 1.5] and b Gaussian: strongly convex, data that differ. */
export interface Quadratics {
  /** u_i(x) = eta grad f_i(x). */
  step(eta: number): (node: number, x: ArrayLike<number>) => number[];
  readonly optimum: readonly number[];
  /** b_i: where peer i would come to alone. */
  readonly centers: readonly (readonly number[])[];
}

export function createQuadratics(nodes: number, dimension: number): Quadratics {
  const random = createRandom('quadratics', nodes, dimension);
  const curvature = Array.from({ length: nodes }, () =>
    Array.from({ length: dimension }, () => 0.5 + uniform(random)),
  );
  const centers = Array.from({ length: nodes }, () =>
    Array.from({ length: dimension }, () => gaussian(random)),
  );
  const optimum = centers[0]!.map((_, k) => {
    const weight = curvature.reduce((sum, a) => sum + a[k]!, 0);
    return curvature.reduce((sum, a, i) => sum + a[k]! * centers[i]![k]!, 0) / weight;
  });
  return {
    optimum,
    centers,
    step: (eta) => (node, x) => curvature[node]!.map((a, k) => eta * a * (x[k]! - centers[node]![k]!)),
  };
}

/** sqrt(mean_i ||x_i - point||^2). */
export function distanceTo(point: readonly number[], models: readonly ArrayLike<number>[]): number {
  let sum = 0;
  for (const model of models) point.forEach((value, k) => (sum += (model[k]! - value) ** 2));
  return Math.sqrt(sum / models.length);
}

/** Mean over nodes, entry by entry, in float64. */
export function meanOf(vectors: readonly ArrayLike<number>[]): number[] {
  return Array.from(vectors[0]!, (_, k) => vectors.reduce((sum, v) => sum + v[k]!, 0) / vectors.length);
}
