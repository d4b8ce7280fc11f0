/**
 * The same lockstep run on any driver: per peer and round the bits of the parameters. Simulator, memory transport
 * and libp2p must agree on every one of them.
 */
import { systemClock } from '../../src/base/clock.js';
import { planRun, type RunPlan } from '../../src/config/run-plan.js';
import { verifyRunConfig } from '../../src/config/verify.js';
import type { Pace } from '../../src/consensus/algorithm.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { Peer, type PeerInit, type RoundReport } from '../../src/node/peer.js';
import type { PeerCounts } from '../../src/node/peer-checkpoint.js';
import type { Transport } from '../../src/node/transport.js';
import { perfectLink } from '../../src/simulation/link-model.js';
import { runSimulation } from '../../src/simulation/simulator.js';
import { layoutHash } from '../../src/training/parameters.js';
import type { Trainer } from '../../src/training/trainer.js';
import { swarmTagOf } from '../../src/wire/encode.js';
import type { Hello } from '../../src/wire/frame.js';

/** trace[peer][round - 1]: the parameters after the round, as hex of their bytes. */
export type Trace = string[][];

export const MAX_FRAME_BYTES = 1 << 16;

/** Where one peer is the hub, and where every peer runs its code. */
export const hubCases = [
  ['star', 'ef21:up="low-rank:rank=1"'],
  ['complete', 'power-sgd:rank=1'],
] as const;
const delivery = { retransmitMs: null, audit: false };

export function keystonePlan(choices: {
  readonly topology: string;
  readonly algorithm: string;
  readonly pace?: Pace;
  readonly stepping?: string;
}): RunPlan {
  const config = verifyRunConfig({
    ...choices,
    peers: 8,
    rounds: 12,
    task: 'quadratic:dimension=64',
    learningRate: 0.05,
    localSteps: 3,
    seed: 5,
  });
  return planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
}

const hex = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

export async function traceOnSimulator(plan: RunPlan): Promise<Trace> {
  const { peers: count, seed } = plan.config;
  const trace: Trace = Array.from({ length: count }, () => []);
  const models = await Promise.all(trace.map((_, peer) => plan.createModel(peer)));
  const trainers = models.map((model, peer) => plan.createTrainer(peer, model));
  await runSimulation({
    peers: models.map((model, peer) => plan.createPeer(peer, model, delivery)),
    train: (node, round, parameters) => trainers[node]!.train(parameters, round),
    trainingMs: (node, round) => 1 + ((node * 7 + round) % 5), // unequal speeds must not matter
    link: { ...perfectLink, latencyMs: 2 },
    faults: [],
    seed,
    maxFrameBytes: MAX_FRAME_BYTES,
    horizonMs: Number.POSITIVE_INFINITY,
    observe({ node, effects }) {
      for (const effect of effects)
        if (effect.type === 'roundFinished') trace[node]!.push(hex(effect.parameters));
    },
  });
  return trace;
}

export interface TransportInit {
  readonly node: number;
  readonly neighbors: readonly number[];
  readonly hello: Hello;
  readonly limits: { readonly maxFrameBytes: number };
  readonly swarmTag: Uint8Array;
}

/** What a test may put between a peer and its trainer, and see of its state. */
export interface Watch {
  trainer?(node: number, trainer: Trainer): Trainer;
  state?(node: number, state: PeerState): void;
  /** Moves a peer made afresh to where it was saved. */
  resume?(node: number, peer: { readonly state: PeerState; readonly trainer: Trainer }): Promise<PeerCounts>;
  checkpoints?(node: number): PeerInit['checkpoints'];
  round?(event: RoundReport['event']): void;
}

/** Where others can find a transport, if it has addresses. */
type Addressed = Transport & { addresses?(): string[] };

/**
 * Runs all peers of `plan` in this process, each on a transport that `createTransport` makes; `bootstrap` are the
 * addresses of the first.
 */
export async function traceOnTransport(
  plan: RunPlan,
  createTransport: (init: TransportInit, bootstrap: string[]) => Promise<Addressed>,
  watch?: Watch,
): Promise<Trace> {
  const swarm = 'keystone';
  const swarmTag = swarmTagOf(swarm);
  const limits = { maxFrameBytes: MAX_FRAME_BYTES };
  const trace: Trace = Array.from({ length: plan.config.peers }, () => []);
  const createPeer = async (
    node: number,
    bootstrap: string[],
    onListening: (addresses: string[]) => void,
  ) => {
    const model = await plan.createModel(node);
    const state = plan.createPeer(node, model, delivery);
    watch?.state?.(node, state);
    const hello: Hello = {
      protocol: 1,
      swarm,
      configHash: plan.configHash,
      topologyHash: plan.topologyHash,
      layoutHash: layoutHash(model.layout),
      maxFrameBytes: MAX_FRAME_BYTES,
    };
    const neighbors = state.edges.map(({ neighbor }) => neighbor);
    const transport = await createTransport({ node, neighbors, hello, limits, swarmTag }, bootstrap);
    const trainer = plan.createTrainer(node, model);
    const counted = await watch?.resume?.(node, { state, trainer });
    return new Peer({
      state,
      counted,
      checkpoints: watch?.checkpoints?.(node),
      trainer: watch?.trainer?.(node, trainer) ?? trainer,
      transport,
      clock: systemClock,
      swarmTag,
      limits,
      evaluateEvery: 1000,
      startTimeoutMs: 30_000,
      onListening: () => onListening(transport.addresses?.() ?? []),
      onRound({ event, parameters }) {
        trace[node]!.push(hex(parameters));
        watch?.round?.(event);
      },
      onEdge() {},
    });
  };
  const runs: Promise<unknown>[] = [];
  const addresses = await new Promise<string[]>((resolve, reject) => {
    runs.push(
      createPeer(0, [], resolve)
        .then((peer) => peer.run())
        .catch(reject),
    );
  });
  for (let node = 1; node < plan.config.peers; node++) {
    runs.push(createPeer(node, addresses, () => {}).then((peer) => peer.run()));
  }
  await Promise.all(runs);
  return trace;
}
