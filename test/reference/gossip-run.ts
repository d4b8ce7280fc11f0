/**
 * Runs an algorithm without training on the simulator over perfect links, so that a test can follow the
 * parameters round by round: X(0), X(1), ...
 */
import type { Compressor, MatrixBlock } from '../../src/compression/compressor.js';
import { compressors } from '../../src/compression/registry.js';
import type { AnyAlgorithm } from '../../src/consensus/algorithm.js';
import { setUpPeer } from '../../src/consensus/peer-setup.js';
import { defaultPeerOptions } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { perfectLink } from '../../src/simulation/link-model.js';
import { runSimulation } from '../../src/simulation/simulator.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';

export interface GossipRun {
  readonly topology: string;
  readonly algorithm: string | AnyAlgorithm;
  readonly compressor: string | Compressor;
  readonly blocks: readonly MatrixBlock[];
  /** One start vector a peer. */
  readonly start: readonly Float32Array[];
  readonly rounds: number;
  /** What the public replicas start from; default zeros. */
  readonly initialReplica?: Float32Array;
  readonly seed?: number;
  /** The rounds whose parameters are kept, for long runs of large models; default all. */
  readonly keep?: readonly number[];
  /** @default true */
  readonly guard?: boolean;
}

/** Copies of all parameters after each kept round: result[t][node]; empty for the others. */
export async function runGossip(run: GossipRun): Promise<Float32Array[][]> {
  const seed = run.seed ?? 1;
  const topology = buildTopology(run.topology, run.start.length, seed);
  const compressor =
    typeof run.compressor === 'string' ? compressors.resolve(run.compressor) : run.compressor;
  const { beta, gap } = spectrumOf(topology.mixing);
  const setup = {
    topology,
    beta,
    gap,
    algorithm: typeof run.algorithm === 'string' ? algorithms.resolve(run.algorithm) : run.algorithm,
    compressor,
    blocks: run.blocks,
    initialReplica: run.initialReplica ?? new Float32Array(run.start[0]!.length),
    seed,
    options: { ...defaultPeerOptions, rounds: run.rounds, guard: run.guard ?? true },
  };
  const trace: Float32Array[][] = Array.from({ length: run.rounds + 1 }, () => []);
  trace[0] = run.start.map((vector) => vector.slice());
  await runSimulation({
    peers: run.start.map((vector, node) => setUpPeer(setup, node, vector)),
    train: async (_node, _round, parameters) => ({ parameters: parameters.slice(), loss: 0, samples: 0 }),
    trainingMs: () => 1,
    link: perfectLink,
    faults: [],
    seed,
    maxFrameBytes: 1 << 24,
    horizonMs: Number.POSITIVE_INFINITY,
    observe({ node, effects }) {
      for (const effect of effects) {
        if (effect.type !== 'roundFinished' || run.keep?.includes(effect.round) === false) continue;
        trace[effect.round]![node] = effect.parameters.slice();
      }
    },
  });
  return trace;
}

/** One matrix of rows x cols that covers a whole vector. */
export function oneBlock(rows: number, cols: number): MatrixBlock[] {
  return [{ name: 'matrix', offset: 0, rows, cols }];
}

/** mean_i ||x_i - mean||^2 in float64, the error of the recorded runs. */
export function consensusError(models: readonly Float32Array[]): number {
  const length = models[0]!.length;
  let total = 0;
  for (let k = 0; k < length; k++) {
    let sum = 0;
    for (const model of models) sum += model[k]!;
    const mean = sum / models.length;
    for (const model of models) total += (model[k]! - mean) ** 2;
  }
  return total / models.length;
}
