/**
 * One seeded simulation under faults. Everything about it (topology, algorithm, compressor, link, who dies and
 * when) follows from the seed, so a failure is replayed by its seed alone:
 *
 *     CHAOS_SEED=123 npx vitest run --project simulation test/simulation/invariants.test.ts
 */
import { createRandom, gaussian, type Random, uniform, uniformInt } from '../../src/base/random.js';
import type { MatrixBlock } from '../../src/compression/compressor.js';
import { compressors } from '../../src/compression/registry.js';
import type { AnyAlgorithm, Pace } from '../../src/consensus/algorithm.js';
import { setUpPeer } from '../../src/consensus/peer-setup.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { InvariantChecker, type Violation } from '../../src/simulation/checkers.js';
import type { LinkOptions } from '../../src/simulation/link-model.js';
import { type Fault, runSimulation } from '../../src/simulation/simulator.js';
import { diameterOf } from '../../src/topology/diameter.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';

const blocks: readonly MatrixBlock[] = [
  { name: 'matrix', offset: 0, rows: 6, cols: 5 },
  { name: 'vector', offset: 30, rows: 1, cols: 4 },
];
const DIMENSION = 34;
/** Ends are compared four times a run. */
export const HASH_EVERY = 3;

function pick<T>(random: Random, items: readonly T[]): T {
  return items[uniformInt(random, items.length)]!;
}

export interface ChaosPlan {
  readonly seed: number;
  readonly nodes: number;
  readonly topology: string;
  readonly algorithm: string;
  readonly pace: Pace;
  readonly compressor: string;
  readonly rounds: number;
  readonly link: LinkOptions;
  readonly faults: readonly Fault[];
  readonly recentRounds?: number;
}

function planFaults(random: Random, nodes: number): Fault[] {
  const victims = uniformInt(random, Math.min(3, nodes - 1));
  return Array.from({ length: victims }, (_, v): Fault => {
    const atMs = uniform(random) * 1500;
    if (uniform(random) < 0.5) return { type: 'kill', node: v * 2, atMs };
    const forMs = uniform(random) < 0.5 ? Number.POSITIVE_INFINITY : 200 + uniform(random) * 2000;
    return { type: 'freeze', node: v * 2, atMs, forMs };
  });
}

/** Those of the plans: what is sent and when, in as many kinds as there are. */
export const chaosAlgorithms: Readonly<Record<Pace, readonly string[]>> = {
  lockstep: [
    'edge-choco',
    'choco',
    'choco:gamma=0.3',
    'exact',
    'ad-psgd',
    'noloco',
    'push-sum',
    'push-sum:peers=1,links=one-way',
  ],
  asynchronous: ['edge-choco', 'exact', 'power-gossip', 'pgq:rank=2,iterations=2', 'ad-psgd'],
};

/** In asynchronous runs every other swarm has a straggler. */
function planStragglers(seed: number, pace: Pace): Fault[] {
  if (pace === 'lockstep' || seed % 2 === 0) return [];
  return [{ type: 'slow', node: 1, factor: 10, atMs: 0, forMs: Number.POSITIVE_INFINITY }];
}

/** Algorithms that a swarm with changing members can run. */
export const churnAlgorithms: Readonly<Record<Pace, readonly string[]>> = {
  lockstep: [
    'edge-choco',
    'choco',
    'choco:gamma=0.3',
    'exact',
    'ad-psgd',
    'noloco',
    'gasloc',
    'pgq:rank=2',
    'deep-squeeze',
  ],
  asynchronous: chaosAlgorithms.asynchronous, // an edge's own pace bears whatever the neighbor does
};

/** Peers die and come back, join late, fall asleep, are slow; links break, or lose all frames, once or again and again. */
function planChurn(random: Random, nodes: number): Fault[] {
  const free = Array.from({ length: nodes }, (_, node) => node);
  const take = (): number => free.splice(uniformInt(random, free.length), 1)[0]!;
  const at = (): number => uniform(random) * 1500;
  const faults: Fault[] = [];
  for (let k = 1 + uniformInt(random, 4); k > 0 && free.length > 1; k--) {
    const node = take();
    const kind = pick(random, [
      'kill',
      'restart',
      'restart',
      'twice',
      'join',
      'freeze',
      'slow',
      'partition',
      'flap',
    ]);
    const [atMs, forMs] = [at(), 50 + uniform(random) * 2500];
    if (kind === 'kill') faults.push({ type: 'kill', node, atMs });
    if (kind === 'restart' || kind === 'twice') faults.push({ type: 'restart', node, atMs, afterMs: forMs });
    if (kind === 'twice')
      faults.push({ type: 'restart', node, atMs: atMs + forMs + uniform(random) * 200, afterMs: at() });
    if (kind === 'join') faults.push({ type: 'join', node, atMs });
    if (kind === 'freeze') faults.push({ type: 'freeze', node, atMs, forMs });
    if (kind === 'slow') faults.push({ type: 'slow', node, factor: 10, atMs, forMs });
    const side = [node, ...free.filter(() => uniform(random) < 0.3)];
    const silent = uniform(random) < 0.5;
    if (kind === 'partition') faults.push({ type: 'partition', nodes: side, atMs, forMs, silent });
    if (kind === 'flap')
      for (let again = 0; again < 5; again++)
        faults.push({ type: 'partition', nodes: [node], atMs: atMs + 150 * again, forMs: 75, silent });
  }
  return faults;
}

/** As planChaos, with members that change. */
export function planChurnRun(seed: number, pace: Pace): ChaosPlan {
  const plan = planChaos(seed, pace);
  const random = createRandom(seed, 'churn');
  const algorithm = pick(random, churnAlgorithms[pace]);
  const compresses = algorithms.resolve(algorithm).compresses !== 'nothing';
  return {
    ...plan,
    algorithm,
    compressor: compresses && plan.compressor === 'none' ? 'low-rank:rank=2,bits=4' : plan.compressor,
    rounds: 30,
    faults: planChurn(random, plan.nodes),
  };
}

export function planChaos(seed: number, pace: Pace = 'lockstep'): ChaosPlan {
  const random = createRandom(seed, 'chaos');
  const algorithm = pick(random, chaosAlgorithms[pace]);
  const nodes = pick(random, [2, 4, 6, 8, 9]);
  const lossy = uniform(random) < 0.8;
  return {
    seed,
    nodes,
    topology: pick(random, ['ring', 'torus', 'complete', 'star', 'random']),
    algorithm,
    pace,
    compressor:
      algorithms.resolve(algorithm).compresses === 'nothing'
        ? 'none'
        : pick(random, ['low-rank:rank=2,bits=4', 'low-rank:rank=1,bits=32', 'top-k:fraction=0.2', 'none']),
    rounds: 12,
    link: {
      latencyMs: uniform(random) * 20,
      jitterMs: uniform(random) * 60,
      bandwidthMbps: pick(random, [0.5, 10, Number.POSITIVE_INFINITY]),
      loss: lossy ? uniform(random) * 0.3 : 0,
      duplication: uniform(random) * 0.2,
      corruption: lossy ? uniform(random) * 0.05 : 0,
    },
    faults: [...planFaults(random, nodes), ...planStragglers(seed, pace)],
  };
}

export interface ChaosOutcome {
  readonly plan: ChaosPlan;
  readonly violations: readonly Violation[];
  /** Exchanges between living peers that only one end has applied when the run is over. */
  readonly halfApplied: number;
  /** Of them, those that an end had waited for in vain when it finished. */
  readonly gaveUp: number;
  readonly states: readonly PeerState[];
  readonly endMs: number;
  /** When the last peer finished. */
  readonly finishedMs: number;
  readonly framesRefused: number;
  /** Who has said that an edge's replicas differ: "node: message". */
  readonly differences: readonly string[];
}

/** Turns a correct algorithm into a faulty one, to see the checkers catch it. */
export type Sabotage = (algorithm: AnyAlgorithm) => AnyAlgorithm;

/** Runs the plan of `seed` to its end. */
export async function runChaos(
  seed: number,
  sabotage: Sabotage = (algorithm) => algorithm,
  pace: Pace = 'lockstep',
  plan: ChaosPlan = planChaos(seed, pace),
): Promise<ChaosOutcome> {
  const random = createRandom(seed, 'data');
  const topology = buildTopology(plan.topology, plan.nodes, seed);
  const targets = Array.from({ length: plan.nodes }, () =>
    Float32Array.from({ length: DIMENSION }, () => gaussian(random)),
  );
  const start = Float32Array.from({ length: DIMENSION }, () => gaussian(random));
  const setup = {
    topology,
    beta: spectrumOf(topology.mixing).beta,
    diameter: diameterOf(topology.graph),
    algorithm: sabotage(algorithms.resolve(plan.algorithm)),
    compressor: compressors.resolve(plan.compressor),
    blocks,
    initialReplica: start,
    seed,
    options: {
      measureEvery: 3,
      rounds: plan.rounds,
      pace,
      silenceMs: 1200,
      roundDeadlineMs: 5000,
      retransmitMs: 150,
      hashEvery: HASH_EVERY,
      audit: true,
      ...(plan.recentRounds === undefined ? {} : { recentRounds: plan.recentRounds }),
    },
  };
  const peers = targets.map((_, node) => setUpPeer(setup, node, start));
  const states = [...peers];
  const checker = new InvariantChecker(peers.map((peer) => peer.parameters));
  const differences: string[] = [];
  let finishedMs = 0;
  const result = await runSimulation({
    peers,
    train: checker.watchTraining(async (node, _round, parameters) => ({
      parameters: parameters.map((value, k) => value - 0.2 * (value - targets[node]![k]!)),
      loss: 0,
      samples: 1,
    })),
    createNewcomer: (node, incarnation) => setUpPeer({ ...setup, incarnation }, node, start),
    onNewcomer(node, state) {
      states[node] = state;
      checker.welcome(node, state);
    },
    trainingMs: (node, round) => 5 + 20 * uniform(createRandom(seed, 'training', node, round)),
    link: plan.link,
    faults: plan.faults,
    seed,
    maxFrameBytes: 1 << 16,
    horizonMs: 600_000,
    observe(seen) {
      checker.observe(seen);
      if (seen.effects.some(({ type }) => type === 'finished')) finishedMs = seen.nowMs;
      for (const effect of seen.effects)
        if (effect.type === 'notice' && effect.code === 'REPLICAS_DIFFER')
          differences.push(`${seen.node}: ${effect.message}`);
    },
  });
  const gone = new Set(
    plan.faults.flatMap((fault) =>
      fault.type === 'kill' || (fault.type === 'freeze' && !Number.isFinite(fault.forMs)) ? [fault.node] : [],
    ),
  );
  const living = peers.map((_, node) => node).filter((node) => !gone.has(node));
  const { halfApplied, gaveUp, violations } = checker.conclude(living);
  return {
    plan,
    violations,
    halfApplied,
    gaveUp,
    states,
    endMs: result.endMs,
    finishedMs,
    differences,
    framesRefused: result.counters.reduce((sum, counter) => sum + counter.framesRefused, 0),
  };
}
