/** Averaging alone: an algorithm without training on the simulator, watched by its consensus error. */
import { createRandom, gaussian } from '../src/base/random.js';
import type { MatrixBlock } from '../src/compression/compressor.js';
import { compressors } from '../src/compression/registry.js';
import { requireContraction } from '../src/consensus/check-contraction.js';
import { setUpPeer } from '../src/consensus/peer-setup.js';
import { defaultPeerOptions, type PeerState } from '../src/consensus/peer-state.js';
import { algorithms } from '../src/consensus/registry.js';
import { perfectLink } from '../src/simulation/link-model.js';
import { runSimulation } from '../src/simulation/simulator.js';
import { buildTopology } from '../src/topology/registry.js';
import { spectrumOf } from '../src/topology/spectrum.js';

/** Rounds between two looks at whether the error has settled. */
const LOOK_EVERY = 25;

export interface GossipOptions {
  readonly topology: string;
  readonly algorithm: string;
  readonly compressor: string;
  readonly blocks: readonly MatrixBlock[];
  /** One vector a peer. */
  readonly start: readonly Float32Array[];
  readonly rounds: number;
  readonly seed: number;
  /** @default true */
  readonly guard?: boolean;
  /** The run ends when a peer has sent so much. @default never */
  readonly payloadBytes?: number;
  /** The run ends when the error is below this share of its start; looked at now and then. @default never */
  readonly settled?: number;
}

export interface GossipResult {
  /** mean_i ||x_i - mean||^2 at the end over that at the start. */
  readonly ratio: number;
  /** Rounds that all peers have finished. */
  readonly rounds: number;
  /** Payload of the peer that has sent most. */
  readonly bytes: number;
  /** What the guard said. */
  readonly notices: readonly string[];
  /** Edges that were closed because a difference could not be. */
  readonly closed: number;
}

/** `nodes` vectors of N(0, deviation^2). */
export function gaussianVectors(nodes: number, length: number, deviation: number, seed: number) {
  const random = createRandom(seed, 'study start');
  return Array.from({ length: nodes }, () =>
    Float32Array.from({ length }, () => deviation * gaussian(random)),
  );
}

/** mean_i ||x_i - mean||^2 in float64. */
export function consensusError(vectors: readonly Float32Array[]): number {
  const length = vectors[0]!.length;
  let total = 0;
  for (let k = 0; k < length; k++) {
    let sum = 0;
    for (const vector of vectors) sum += vector[k]!;
    const center = sum / vectors.length;
    for (const vector of vectors) total += (vector[k]! - center) ** 2;
  }
  return total / vectors.length;
}

function setUp(run: GossipOptions): PeerState[] {
  const topology = buildTopology(run.topology, run.start.length, run.seed);
  const { beta, gap } = spectrumOf(topology.mixing);
  const setup = {
    topology,
    beta,
    gap,
    algorithm: algorithms.resolve(run.algorithm),
    compressor: compressors.resolve(run.compressor),
    blocks: run.blocks,
    initialReplica: new Float32Array(run.start[0]!.length),
    seed: run.seed,
    options: { ...defaultPeerOptions, rounds: run.rounds, guard: run.guard ?? true },
  };
  requireContraction(setup);
  return run.start.map((vector, node) => setUpPeer(setup, node, vector));
}

/** @throws GrapevineError BAD_CONFIG, BAD_SPEC where the choices do not fit each other */
export async function gossip(run: GossipOptions): Promise<GossipResult> {
  const peers = setUp(run);
  const notices: string[] = [];
  const sent = peers.map(() => 0);
  const before = consensusError(run.start);
  let closed = 0;
  let settled = false;
  await runSimulation({
    peers,
    train: async (_node, _round, parameters) => ({ parameters: parameters.slice(), loss: 0, samples: 0 }),
    trainingMs: () => 1,
    link: perfectLink,
    faults: [],
    seed: run.seed,
    maxFrameBytes: 1 << 26,
    horizonMs: Number.POSITIVE_INFINITY,
    observe({ node, effects }) {
      for (const effect of effects) {
        if (effect.type === 'roundFinished' && node === 0 && effect.round % LOOK_EVERY === 0) {
          const error = consensusError(peers.map(({ parameters }) => parameters));
          settled = error < (run.settled ?? -1) * before;
        }
        if (effect.type === 'notice') notices.push(effect.message);
        if (effect.type === 'refuse') closed += 1;
        if (effect.type === 'sendDelta')
          sent[node]! += effect.delta.parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
      }
    },
    interrupted: () =>
      settled || (run.payloadBytes !== undefined && sent.some((bytes) => bytes >= run.payloadBytes!)),
  });
  const models = peers.map(({ parameters }) => parameters);
  return {
    ratio: consensusError(models) / before,
    rounds: Math.min(...peers.map(({ round }) => round)),
    bytes: Math.max(...sent),
    notices,
    closed,
  };
}
