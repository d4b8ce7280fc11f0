/**
 * Which algorithms bear a topology whose matrix changes, from round to round or with its members, and at which pace. What a round's exchanges are
 * sums of antisymmetric corrections for, keeps the mean whatever W_t is; other things were derived for one W.
 */
import { GrapevineError } from '../base/errors.js';
import { neighborsOf } from '../topology/graph.js';
import type { Topology } from '../topology/topology.js';
import type { AnyAlgorithm, Pace } from './algorithm.js';

/** A `checkTopology` that refuses negative w_ij, which weights=fdla may have. */
export function nonNegativeOnly(name: string): (topology: Topology) => void {
  return ({ spec, mixing }) => {
    if (mixing.weights.every((weight) => weight >= 0)) return;
    throw new GrapevineError(
      'BAD_CONFIG',
      `algorithm ${name} sends its weights as steps, which are not negative, and topology ${spec} has an edge that is: choose ` +
        'weights=best-constant.',
      { algorithm: name, topology: spec },
    );
  };
}

/** What of a run decides which edges exchange in a round. */
export interface RoundFacts {
  readonly pace?: Pace;
  /** The share of rounds in which an edge exchanges. @default 1 */
  readonly edgeActivity?: number;
}

/** Edges of such a topology go and new ones come: which algorithms could not use them, and why. */
function requireChange({ name, toleratesChurn, partners }: AnyAlgorithm, spec: string, pace: Pace): void {
  // Drawn in lockstep from the graph of the start, which all know alike; asynchronous pairs are drawn from the edges there are.
  const draws = partners !== undefined && pace === 'lockstep';
  if (toleratesChurn === true && !draws) return;
  const reason = draws
    ? 'draws its partners by itself, from one graph that all peers know'
    : 'keeps sums over all peers, which a neighbor that comes or goes would break';
  throw new GrapevineError(
    'BAD_CONFIG',
    `algorithm ${name} ${reason}, got the topology ${spec}, which follows its members: choose another topology, or an ` +
      'algorithm that docs/membership.md lists.',
    { algorithm: name, topology: spec },
  );
}

/** @throws GrapevineError BAD_CONFIG where the algorithm, or the pace, cannot run on the topology */
export function requireFit(
  algorithm: AnyAlgorithm,
  topology: Topology,
  { pace = 'lockstep', edgeActivity = 1 }: RoundFacts,
): void {
  const { schedule, spec } = topology;
  if (schedule !== undefined) requireAnyMatrix(algorithm, `the time-varying topology ${spec}`);
  if (edgeActivity < 1) requireAnyMatrix(algorithm, `edgeActivity ${edgeActivity}`);
  algorithm.checkTopology?.(topology);
  if (algorithm.checkEdges !== undefined) requireNeighborhoods(algorithm, topology);
  if (topology.membership !== undefined) requireChange(algorithm, spec, pace);
  if (schedule === undefined || pace === 'lockstep') return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `pace asynchronous has no rounds that neighbors share, and the time-varying topology ${spec} says which edges ` +
      'exchange in which round: choose pace lockstep, or a topology that stays the same.',
    { topology: spec },
  );
}

function requireAnyMatrix({ name, oneMatrix }: AnyAlgorithm, got: string): void {
  if (oneMatrix === undefined) return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `algorithm ${name} ${oneMatrix}, got ${got}: choose a topology that stays the same with all edges active, or ` +
      'algorithm exact, choco or edge-choco.',
    { algorithm: name },
  );
}

/** What any peer would find when it is made is found before the first of them is. */
function requireNeighborhoods({ checkEdges }: AnyAlgorithm, { graph, mixing }: Topology): void {
  for (let node = 0; node < graph.nodes; node++) {
    const first = graph.offsets[node]!;
    checkEdges?.(
      Array.from(neighborsOf(graph, node), (neighbor, k) => ({
        neighbor,
        weight: mixing.weights[first + k]!,
      })),
    );
  }
}
