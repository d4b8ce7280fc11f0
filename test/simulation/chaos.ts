/**
 * One seeded simulation under faults, watched by all checkers. Everything about it (topology, algorithm, compressor, link,
 * who dies and when) follows from the seed, so a failure is replayed by its seed alone:
 *
 *     CHAOS_SEED=123 npx vitest run --project simulation test/simulation/invariants.test.ts
 *
 * Swarms whose members change are planned in churn-plan.ts.
 */
import { createRandom, gaussian, type Random, uniform, uniformInt } from '../../src/base/random.js';
import type { MatrixBlock } from '../../src/compression/compressor.js';
import { compressors } from '../../src/compression/registry.js';
import type { AnyAlgorithm, Pace } from '../../src/consensus/algorithm.js';
import type { MembershipOptions } from '../../src/consensus/membership-view.js';
import { setUpPeer } from '../../src/consensus/peer-setup.js';
import type { PeerState } from '../../src/consensus/peer-state.js';
import { algorithms } from '../../src/consensus/registry.js';
import { type Conclusion, InvariantChecker } from '../../src/simulation/checkers.js';
import type { LinkOptions } from '../../src/simulation/link-model.js';
import type { NetworkOptions } from '../../src/simulation/network.js';
import {
  type Fault,
  type NodeCounters,
  type Observation,
  runSimulation,
} from '../../src/simulation/simulator.js';
import { diameterOf } from '../../src/topology/diameter.js';
import { buildTopology } from '../../src/topology/registry.js';
import { spectrumOf } from '../../src/topology/spectrum.js';
import type { Topology } from '../../src/topology/topology.js';

const blocks: readonly MatrixBlock[] = [
  { name: 'matrix', offset: 0, rows: 6, cols: 5 },
  { name: 'vector', offset: 30, rows: 1, cols: 4 },
];
const DIMENSION = 34;
/** Ends are compared four times a run. */
export const HASH_EVERY = 3;

export function pick<T>(random: Random, items: readonly T[]): T {
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

/** What an algorithm may send with: some diverge, as their papers say, with messages that are biased. */
export function compressorsOf(algorithm: string): readonly string[] {
  const { compresses, needsUnbiased, name } = algorithms.resolve(algorithm);
  if (compresses === 'nothing') return ['none'];
  if (needsUnbiased === true || name === 'dcd' || name === 'ecd') return ['qsgd:levels=100', 'none'];
  return [
    'low-rank:rank=2,bits=4',
    'low-rank:rank=1,bits=32',
    'top-k:fraction=0.2',
    'rand-k:fraction=0.3',
    'qsgd:levels=8',
    'sign',
    'int8',
    'none',
  ];
}

/** Algorithms that move parameters by nothing but the corrections of exchanges. */
const onlyCorrections: ReadonlySet<string> = new Set([
  'edge-choco',
  'choco',
  'exact',
  'all-reduce',
  'power-gossip',
  'pgq',
  'ad-psgd',
]);

/** Where the topology follows its members: times that let a view change within a run of a second or two. */
function membershipOf({ membership, graph }: Topology): MembershipOptions | undefined {
  return membership && { rule: membership, places: graph.nodes, absentMs: 300, settleMs: 40 };
}

export interface ChaosOutcome extends Conclusion {
  readonly plan: ChaosPlan;
  /** Exchanges that one end only has applied, whatever excuses it, between peers that live and were not started again. */
  readonly halfApplied: number;
  readonly states: readonly PeerState[];
  readonly endMs: number;
  /** When the last peer finished: a newcomer that nobody has a model for waits on, and is right. */
  readonly finishedMs: number;
  /** Sums over the peers. */
  readonly counters: NodeCounters;
  /** Who has said that an edge's replicas differ: "node: message". */
  readonly differences: readonly string[];
  readonly notices: ReadonlySet<string>;
}

/** Turns a correct algorithm into a faulty one, at some peers, to see the checkers catch it. */
export type Sabotage = (algorithm: AnyAlgorithm, node: number) => AnyAlgorithm;

/** What a run may be given beyond its plan. */
export interface ChaosExtras {
  readonly sabotage?: Sabotage;
  readonly trainingMs?: (node: number, round: number) => number;
  readonly network?: NetworkOptions;
  readonly horizonMs?: number;
  /** Beside the invariants. */
  readonly watch?: (seen: Observation) => void;
  /** What the watchers see in place of what happened, to see them notice. */
  readonly tamper?: (seen: Observation) => Observation;
}

/** How long the peers of these runs wait. */
export const chaosPeerOptions = {
  measureEvery: 3,
  silenceMs: 1200,
  roundDeadlineMs: 5000,
  retransmitMs: 150,
  hashEvery: HASH_EVERY,
  audit: true,
} as const;

/** Peers that are there, or come back, at the end of a plan. */
export function livingOf({ nodes, faults }: Pick<ChaosPlan, 'nodes' | 'faults'>): number[] {
  const gone = faults.filter(
    (fault) => fault.type === 'kill' || (fault.type === 'freeze' && !Number.isFinite(fault.forMs)),
  );
  return Array.from({ length: nodes }, (_, node) => node).filter((node) =>
    gone.every((fault) => 'node' in fault && fault.node !== node),
  );
}

function setUpSwarm(plan: ChaosPlan, sabotage: Sabotage) {
  const { seed } = plan;
  const random = createRandom(seed, 'data');
  const topology = buildTopology(plan.topology, plan.nodes, seed);
  const gaussians = (): Float32Array => Float32Array.from({ length: DIMENSION }, () => gaussian(random));
  const targets = Array.from({ length: plan.nodes }, gaussians);
  const start = gaussians();
  const algorithm = algorithms.resolve(plan.algorithm);
  const { beta, gap } = spectrumOf(topology.mixing);
  const setup = {
    topology,
    beta,
    gap,
    diameter: diameterOf(topology.graph),
    compressor: compressors.resolve(plan.compressor),
    blocks,
    initialReplica: start,
    seed,
    options: {
      ...chaosPeerOptions,
      rounds: plan.rounds,
      pace: plan.pace,
      ...(plan.recentRounds === undefined ? {} : { recentRounds: plan.recentRounds }),
    },
  };
  const create = (node: number, incarnation = 0): PeerState =>
    setUpPeer({ ...setup, algorithm: sabotage(algorithm, node), incarnation }, node, start);
  /** A quadratic's gradient step: each peer is drawn to a target of its own. */
  const train = async (node: number, _round: number, parameters: Float32Array) => ({
    parameters: parameters.map((value, k) => value - 0.2 * (value - targets[node]![k]!)),
    loss: 0,
    samples: 1,
  });
  return { topology, peers: targets.map((_, node) => create(node)), create, train };
}

const total = (counters: readonly NodeCounters[]): NodeCounters =>
  counters.reduce((sum, each) => {
    const entries = Object.entries(each).map(([name, count]) => [
      name,
      count + sum[name as keyof NodeCounters],
    ]);
    return Object.fromEntries(entries) as NodeCounters;
  });

/** Runs a plan to its end. */
export async function runChaos(plan: ChaosPlan, extras: ChaosExtras = {}): Promise<ChaosOutcome> {
  const { seed } = plan;
  const { topology, peers, create, train } = setUpSwarm(plan, extras.sabotage ?? ((algorithm) => algorithm));
  const states = [...peers];
  const { name } = peers[0]!.algorithm;
  const checker = new InvariantChecker(
    peers.map(({ parameters }) => parameters),
    { onlyCorrections: onlyCorrections.has(name) },
  );
  const differences: string[] = [];
  const notices = new Set<string>();
  let finishedMs = 0;
  const result = await runSimulation({
    peers,
    train: checker.watchTraining(train),
    createNewcomer: create,
    onNewcomer(node, state) {
      states[node] = state;
      checker.welcome(node, state);
    },
    trainingMs:
      extras.trainingMs ?? ((node, round) => 5 + 20 * uniform(createRandom(seed, 'training', node, round))),
    link: plan.link,
    ...(extras.network === undefined ? {} : { network: extras.network }),
    faults: plan.faults,
    membership: membershipOf(topology),
    seed,
    maxFrameBytes: 1 << 16,
    horizonMs: extras.horizonMs ?? 600_000,
    observe(happened) {
      const seen = extras.tamper?.(happened) ?? happened;
      checker.observe(seen);
      extras.watch?.(seen);
      for (const effect of seen.effects) {
        if (effect.type === 'finished') finishedMs = seen.nowMs;
        if (effect.type !== 'notice') continue;
        notices.add(effect.code);
        if (effect.code === 'REPLICAS_DIFFER') differences.push(`${seen.node}: ${effect.message}`);
      }
    },
  });
  const conclusion = checker.conclude(livingOf(plan));
  const { cut, unheard } = conclusion.excused;
  const counters = total(result.counters);
  const watched = { endMs: result.endMs, finishedMs, counters, differences, notices };
  return { plan, ...conclusion, halfApplied: cut + unheard, states, ...watched };
}
