/**
 * What is known of a topology: size, degrees, diameter, how fast it mixes and what it sends. Figures that would take
 * too long on a large graph are null, never estimates. `grapevine topology --json` prints it as it is.
 */
import { isGrapevineError } from '../base/errors.js';
import { type Averaging, averagingOf, chebyshevRoundsTo, periodOf, roundsTo } from './averaging.js';
import { diameterOf } from './diameter.js';
import { effectiveNeighbors, effectiveNeighborsOfPeriod } from './effective-neighbors.js';
import { degreeOf, edgeCount, type Graph } from './graph.js';
import { fiedlerPartitionOf, type Partition } from './partition.js';
import { eigenvaluesOf, spectrumFrom, spectrumOf } from './spectrum.js';
import type { Topology } from './topology.js';
import { type Traffic, trafficOf } from './traffic.js';

export interface TopologyDescription {
  readonly name: string;
  readonly spec: string;
  readonly nodes: number;
  readonly edges: number;
  readonly degree: {
    readonly min: number;
    readonly mean: number;
    readonly max: number;
    /** [degree, nodes that have it], ascending. */
    readonly distribution: readonly (readonly [number, number])[];
  };
  /** Longest shortest path, in edges; null above MAX_DIAMETER_NODES nodes. */
  readonly diameter: number | null;
  /** The next four are of W on the whole graph, null where the spectrum cannot be computed (see spectrum.ts). */
  readonly spectralGap: number | null;
  readonly lambda2: number | null;
  readonly lambdaMin: number | null;
  readonly beta: number | null;
  /** See effective-neighbors.ts; null where not all eigenvalues are known. */
  readonly effectiveNeighbors: readonly { readonly gamma: number; readonly count: number }[] | null;
  /** Absent in a topology whose rounds are all alike; null where the rounds never repeat. */
  readonly period?: number | null;
  readonly averaging: Averaging;
  /** Rounds to shrink disagreement to `target`: plain, and Chebyshev's, which a schedule excludes. */
  readonly rounds: {
    readonly target: number;
    readonly plain: number | null;
    readonly chebyshev: number | null;
  };
  /** Halves by the signs of the Fiedler vector; null where it takes too long. */
  readonly partition: Omit<Partition, 'sides'> | null;
  readonly traffic: Traffic;
}

/** Largest graph whose diameter is computed: one search a node, so 2,000 take about 0.1 s on a sparse graph. */
const MAX_DIAMETER_NODES = 2000;

/** Largest graph that is parted: its eigenvector takes twice the steps of the gap. */
const MAX_PARTED_NODES = 2000;

/** Largest time-varying topology whose effective neighbors are computed: 30 products of matrices of this side. */
const MAX_PERIOD_NODES = 200;

/** Decay from round to round at which effective neighbors are given: those of the paper's figures. */
const GAMMAS = [0.5, 0.9, 0.99] as const;

/** Disagreement shrunk a thousandfold: about where peers' models can no longer be told apart by their accuracy. */
export const ROUNDS_TARGET = 1e-3;

/** JSON-ready facts about a topology. */
export function describeTopology(topology: Topology): TopologyDescription {
  const { name, spec, graph, mixing, schedule } = topology;
  const { nodes } = graph;
  const eigenvalues = eigenvaluesOf(mixing);
  const spectrum = eigenvalues === null ? orNull(() => spectrumOf(mixing)) : spectrumFrom(eigenvalues);
  const averaging = averagingOf(topology, spectrum?.gap ?? null);
  return {
    name,
    spec,
    nodes,
    edges: edgeCount(graph),
    degree: degreesOf(graph),
    diameter: nodes <= MAX_DIAMETER_NODES ? diameterOf(graph) : null,
    spectralGap: spectrum?.gap ?? null,
    lambda2: spectrum?.lambda2 ?? null,
    lambdaMin: spectrum?.lambdaMin ?? null,
    beta: spectrum?.beta ?? null,
    effectiveNeighbors: effectiveNeighborsOf(topology, eigenvalues),
    ...(schedule === undefined ? {} : { period: schedule.period }),
    averaging,
    rounds: roundsFor(averaging, schedule === undefined),
    partition: nodes <= MAX_PARTED_NODES ? orNull(() => withoutSides(fiedlerPartitionOf(mixing))) : null,
    traffic: trafficOf(topology),
  };
}

function degreesOf(graph: Graph): TopologyDescription['degree'] {
  const counts = new Map<number, number>();
  for (let i = 0; i < graph.nodes; i++) {
    const degree = degreeOf(graph, i);
    counts.set(degree, (counts.get(degree) ?? 0) + 1);
  }
  const distribution = [...counts].sort(([a], [b]) => a - b);
  const [min, max] = [distribution[0]![0], distribution.at(-1)![0]];
  return { min, mean: (2 * edgeCount(graph)) / graph.nodes, max, distribution };
}

function effectiveNeighborsOf(
  topology: Topology,
  eigenvalues: Float64Array | null,
): TopologyDescription['effectiveNeighbors'] {
  if (topology.schedule === undefined) {
    if (eigenvalues === null) return null;
    return GAMMAS.map((gamma) => ({ gamma, count: effectiveNeighbors(eigenvalues, gamma) }));
  }
  if (topology.graph.nodes > MAX_PERIOD_NODES || topology.schedule.period === null) return null;
  const period = periodOf(topology);
  return GAMMAS.map((gamma) => ({ gamma, count: effectiveNeighborsOfPeriod(period, gamma) }));
}

/** JSON has no infinity: a factor of 1, which gossip never leaves, gives null. */
function roundsFor(
  { contractionPerRound, exactAfter }: Averaging,
  alike: boolean,
): TopologyDescription['rounds'] {
  const target = ROUNDS_TARGET;
  if (contractionPerRound === null) return { target, plain: exactAfter, chebyshev: null };
  const plain = Math.min(roundsTo(target, contractionPerRound), exactAfter ?? Number.POSITIVE_INFINITY);
  const chebyshev = alike ? chebyshevRoundsTo(target, contractionPerRound) : Number.POSITIVE_INFINITY;
  const finite = (rounds: number): number | null => (Number.isFinite(rounds) ? rounds : null);
  return { target, plain: finite(plain), chebyshev: finite(chebyshev) };
}

function withoutSides({ sizes, cutEdges, cutWeight }: Partition): Omit<Partition, 'sides'> {
  return { sizes, cutEdges, cutWeight };
}

function orNull<Value>(compute: () => Value): Value | null {
  try {
    return compute();
  } catch (error) {
    if (isGrapevineError(error, 'NOT_CONVERGED')) return null;
    throw error;
  }
}
