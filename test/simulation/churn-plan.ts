/**
 * What happens in one seeded run of a swarm whose members change: who dies, comes back, is late, sleeps or is slow, which links
 * break, and what the links do to frames. All of it follows from the seed and the pace, and each kind of fault is named,
 * so that a test can count them.
 */
import { isGrapevineError } from '../../src/base/errors.js';
import { createRandom, type Random, shuffleInPlace, uniform, uniformInt } from '../../src/base/random.js';
import type { Pace } from '../../src/consensus/algorithm.js';
import { algorithms } from '../../src/consensus/registry.js';
import { requireFit } from '../../src/consensus/topology-fit.js';
import type { Fault } from '../../src/simulation/simulator.js';
import { neighborsOf } from '../../src/topology/graph.js';
import { membershipTopologies } from '../../src/topology/membership-topology.js';
import { buildTopology } from '../../src/topology/registry.js';
import type { Topology } from '../../src/topology/topology.js';
import { type ChaosPlan, compressorsOf, pick } from './chaos.js';

/** A neighbor that sends nothing for this long is left out; pauses are shorter or longer. */
export const SILENCE_MS = 1200;
const ROUNDS = 30;
/** When faults begin; in one swarm of five they come as late as its last rounds. */
const EARLY_MS = 1500;
const LATE_MS = 6000;

/** Kinds that begin a new process for an index, which only some algorithms bear. */
const newProcessKinds = ['restart', 'rejoin', 'restart-again', 'join'] as const;
const peerKinds = ['kill', 'pause-short', 'pause-long', 'away', 'slow-peer'] as const;
const linkKinds = ['partition', 'silent-partition', 'flap', 'slow-link'] as const;
const frameKinds = ['loss', 'duplicate', 'reorder', 'corrupt'] as const;
export const chaosKinds = [...newProcessKinds, ...peerKinds, ...linkKinds, ...frameKinds] as const;
export type ChaosKind = (typeof chaosKinds)[number];
type EventKind = Exclude<ChaosKind, (typeof frameKinds)[number]>;

export interface ChurnPlan extends ChaosPlan {
  readonly kinds: readonly ChaosKind[];
  /** What each peer's rounds of training take on average, in milliseconds. */
  readonly trainingMs: number;
  /** Edges that are slower than the others (churn-run.ts). */
  readonly slowLinks: readonly (readonly [number, number])[];
}

/** Algorithms that a swarm with changing members can run. */
export const churnAlgorithms: Readonly<Record<Pace, readonly string[]>> = {
  lockstep: [
    'edge-choco',
    'edge-choco:clip=auto',
    'choco',
    'choco:gamma=0.3',
    'exact',
    'exact:order=combine-then-adapt',
    'all-reduce',
    'clipped-gossip',
    'nearest-neighbor',
    'power-gossip:rank=1,iterations=2',
    'pgq:rank=2',
    'ad-psgd',
    'noloco',
    'gasloc',
    'gasloc:peers=all',
    'deep-squeeze',
  ],
  asynchronous: [
    'edge-choco',
    'edge-choco:clip=auto',
    'exact',
    'power-gossip',
    'power-gossip:rank=1,iterations=2',
    'pgq:rank=2,iterations=2',
    'pgq:rank=2,iterations=2,clip=auto',
    'ad-psgd',
  ],
};

/** Those that bear broken links and lost peers, and no new ones; all are in lockstep. */
export const fixedAlgorithms: readonly string[] = [
  'chebyshev:exchanges=3',
  'dcd',
  'ecd',
  'gradient-tracking',
  'd2',
  'beer:gamma=0.4',
  'motef:gamma=0.4,lambda=0.3',
  'lead:gamma=0.5',
  'push-sum', // not with links=one-way or peers=1: docs/membership.md
  'chebyshev:exchanges=2',
];

export const churnTopologies = [
  'ring',
  'path',
  'torus',
  'complete',
  'star',
  'random',
  'exponential',
  'random-regular:degree=3',
  'one-peer-exponential',
] as const;

/** How one run's events are drawn. */
interface Draw {
  readonly random: Random;
  readonly nodes: number;
  readonly edges: readonly (readonly [number, number])[];
  /** When an event begins. */
  at(): number;
}

type Planner = (draw: Draw, node: number) => { faults?: Fault[]; slowLinks?: ChurnPlan['slowLinks'] };

const between = (random: Random, least: number, most: number): number =>
  least + (most - least) * uniform(random);

const partitionOf =
  (silent: boolean): Planner =>
  ({ random, nodes, at }, node) => {
    const others = Array.from({ length: nodes }, (_, k) => k).filter((k) => k !== node);
    const side = [node, ...others.filter(() => uniform(random) < 0.3)];
    const forMs = between(random, 50, 2 * SILENCE_MS);
    return { faults: [{ type: 'partition', nodes: side, atMs: at(), forMs, silent }] };
  };

const pauseOf =
  (type: 'freeze' | 'away', [least, most]: readonly [number, number]): Planner =>
  ({ random, at }, node) => ({
    faults: [{ type, node, atMs: at(), forMs: between(random, least * SILENCE_MS, most * SILENCE_MS) }],
  });

/** Its neighbors have hardly heard that it is gone, or have not: they are in the old life of their edges. */
const QUICK_MS = 60;

const restartAfter =
  (least: number, most: number): Planner =>
  ({ random, at }, node) => ({
    faults: [{ type: 'restart', node, atMs: at(), afterMs: between(random, least, most) }],
  });

function restartAgain({ random, at }: Draw, node: number): { faults: Fault[] } {
  const faults: Fault[] = [];
  let atMs = at();
  for (let times = 2 + uniformInt(random, 3); times > 0; times--) {
    const afterMs = uniform(random) < 0.5 ? between(random, 0, QUICK_MS) : between(random, QUICK_MS, 800);
    faults.push({ type: 'restart', node, atMs, afterMs });
    atMs += afterMs + between(random, 1, 600);
  }
  return { faults };
}

function flap({ random, at }: Draw, node: number): { faults: Fault[] } {
  const [atMs, silent] = [at(), uniform(random) < 0.5];
  const cut = (again: number): Fault => {
    return { type: 'partition', nodes: [node], atMs: atMs + 150 * again, forMs: 75, silent };
  };
  return { faults: Array.from({ length: 5 }, (_, again) => cut(again)) };
}

function slowPeer({ random, at }: Draw, node: number): { faults: Fault[] } {
  const factor = pick(random, [5, 40]); // 40: longer than a round's deadline
  return { faults: [{ type: 'slow', node, factor, atMs: at(), forMs: between(random, 100, 1500) }] };
}

const planners: Readonly<Record<EventKind, Planner>> = {
  kill: ({ at }, node) => ({ faults: [{ type: 'kill', node, atMs: at() }] }),
  restart: restartAfter(QUICK_MS, 2 * SILENCE_MS),
  rejoin: restartAfter(0, QUICK_MS),
  'restart-again': restartAgain,
  join: ({ at }, node) => ({ faults: [{ type: 'join', node, atMs: at() }] }),
  'pause-short': pauseOf('freeze', [0.05, 0.9]),
  'pause-long': pauseOf('freeze', [1.3, 3]),
  away: pauseOf('away', [0.05, 2]),
  'slow-peer': slowPeer,
  partition: partitionOf(false),
  'silent-partition': partitionOf(true),
  flap,
  'slow-link': ({ random, edges }) => ({ slowLinks: [pick(random, edges), pick(random, edges)] }),
};

function edgesOf({ graph }: Topology): [number, number][] {
  const all = Array.from({ length: graph.nodes }, (_, low) =>
    Array.from(neighborsOf(graph, low), (high): [number, number] => [low, high]),
  );
  return all.flat().filter(([low, high]) => low < high);
}

/** A topology with that many nodes on which the algorithm runs; null where this one is not. */
function buildFitting(
  spec: string,
  nodes: number,
  at: { readonly algorithm: string; readonly pace: Pace; readonly seed: number },
): Topology | null {
  try {
    const topology = buildTopology(spec, nodes, at.seed);
    requireFit(algorithms.resolve(at.algorithm), topology, { pace: at.pace });
    return topology;
  } catch (error) {
    if (isGrapevineError(error)) return null;
    throw error;
  }
}

function planTopology(
  random: Random,
  at: { readonly algorithm: string; readonly pace: Pace; readonly seed: number },
): { readonly spec: string; readonly topology: Topology } {
  for (;;) {
    const nodes = pick(random, [2, 4, 6, 8, 9]);
    const spec = pick(random, churnTopologies);
    const topology = buildFitting(spec, nodes, at);
    if (topology !== null) return { spec, topology };
  }
}

function planLink(random: Random, kinds: readonly ChaosKind[]): ChaosPlan['link'] {
  const share = (kind: ChaosKind, most: number): number =>
    kinds.includes(kind) ? uniform(random) * most : 0;
  return {
    latencyMs: uniform(random) * 20,
    jitterMs: share('reorder', 60),
    bandwidthMbps: pick(random, [0.5, 10, Number.POSITIVE_INFINITY]),
    loss: share('loss', 0.3),
    duplication: share('duplicate', 0.2),
    corruption: share('corrupt', 0.05),
  };
}

/** Everything of one run. The first event of seed s is of kind s, modulo their number, so that each comes as often as any. */
export function planChurn(seed: number, pace: Pace): ChurnPlan {
  const random = createRandom(seed, 'churn', pace);
  const fixed = pace === 'lockstep' && uniform(random) < 0.2;
  const algorithm = pick(random, fixed ? fixedAlgorithms : churnAlgorithms[pace]);
  const { spec, topology } = planTopology(random, { algorithm, pace, seed });
  const { nodes } = topology.graph;
  const offered: EventKind[] = [...(fixed ? [] : newProcessKinds), ...peerKinds, ...linkKinds];
  const events = [offered[seed % offered.length]!];
  for (let more = uniformInt(random, 4); more > 0; more--) events.push(pick(random, offered));
  const frames = frameKinds.filter(() => uniform(random) < 0.6);
  const latestMs = uniform(random) < 0.2 ? LATE_MS : EARLY_MS;
  const draw = { random, nodes, edges: edgesOf(topology), at: () => uniform(random) * latestMs };
  const victims = Array.from({ length: nodes }, (_, node) => node);
  shuffleInPlace(random, victims);
  const happened = events.slice(0, nodes - 1); // one peer at least is struck by nothing of its own
  const planned = happened.map((kind, k) => planners[kind](draw, victims[k]!));
  const kinds = [...new Set([...happened, ...frames])];
  return {
    seed,
    nodes,
    topology: spec,
    algorithm,
    pace,
    compressor: pick(random, compressorsOf(algorithm)),
    rounds: ROUNDS,
    link: planLink(random, kinds),
    faults: planned.flatMap(({ faults = [] }) => faults),
    kinds,
    trainingMs: pick(random, [15, 60, 120]),
    slowLinks: planned.flatMap(({ slowLinks = [] }) => slowLinks),
  };
}

/** As planChurn, on a topology that follows its members, with enough rounds to see who is gone. */
export function planMembersRun(seed: number, pace: Pace): ChurnPlan {
  const plan = planChurn(seed, pace);
  const random = createRandom(seed, 'members');
  const nodes = Math.max(4, plan.nodes);
  const topology = `members:graph=${pick(random, membershipTopologies)}`;
  const fits = buildFitting(topology, nodes, plan) !== null;
  const usual = fits ? {} : { algorithm: 'exact', compressor: 'none' };
  return { ...plan, nodes, topology, ...usual, rounds: 60 };
}

/** When nothing is broken any more, and the last training that was slowed down is over. */
export function healedAt({ faults, trainingMs }: ChurnPlan): number {
  const ends = faults.map((fault) => {
    const lastsMs = 'forMs' in fault ? fault.forMs : 'afterMs' in fault ? fault.afterMs : 0;
    return fault.atMs + lastsMs + (fault.type === 'slow' ? 2 * fault.factor * trainingMs : 0);
  });
  return Math.max(0, ...ends);
}
