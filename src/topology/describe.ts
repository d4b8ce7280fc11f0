/**
 * What `grapevine topology` prints: size, degrees, diameter, and how fast the graph mixes. Figures that would take too
 * long on a large graph are null, never estimates.
 */
import { isGrapevineError } from '../base/errors.js';
import { diameterOf } from './diameter.js';
import { degreeOf, edgeCount, type Graph } from './graph.js';
import { spectrumOf } from './spectrum.js';
import type { MixingMatrix, Spectrum, Topology } from './topology.js';

export interface TopologyDescription {
  readonly name: string;
  readonly spec: string;
  readonly nodes: number;
  readonly edges: number;
  readonly degree: { readonly min: number; readonly mean: number; readonly max: number };
  /** Longest shortest path, in edges; null above MAX_DIAMETER_NODES nodes. */
  readonly diameter: number | null;
  /** The next four are null where the spectrum cannot be computed (see spectrum.ts). */
  readonly spectralGap: number | null;
  readonly lambda2: number | null;
  readonly lambdaMin: number | null;
  readonly beta: number | null;
}

/** Largest graph whose diameter is computed: one search a node, so 2,000 take about 0.1 s on a sparse graph. */
const MAX_DIAMETER_NODES = 2000;

/** JSON-ready facts about a topology. */
export function describeTopology({ name, spec, graph, mixing }: Topology): TopologyDescription {
  const spectrum = spectrumOrUndefined(mixing);
  return {
    name,
    spec,
    nodes: graph.nodes,
    edges: edgeCount(graph),
    degree: degreesOf(graph),
    diameter: graph.nodes <= MAX_DIAMETER_NODES ? diameterOf(graph) : null,
    spectralGap: spectrum?.gap ?? null,
    lambda2: spectrum?.lambda2 ?? null,
    lambdaMin: spectrum?.lambdaMin ?? null,
    beta: spectrum?.beta ?? null,
  };
}

function degreesOf(graph: Graph): TopologyDescription['degree'] {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = 0; i < graph.nodes; i++) {
    min = Math.min(min, degreeOf(graph, i));
    max = Math.max(max, degreeOf(graph, i));
  }
  return { min, mean: (2 * edgeCount(graph)) / graph.nodes, max };
}

function spectrumOrUndefined(mixing: MixingMatrix): Spectrum | undefined {
  try {
    return spectrumOf(mixing);
  } catch (error) {
    if (isGrapevineError(error, 'NOT_CONVERGED')) return undefined;
    throw error;
  }
}
