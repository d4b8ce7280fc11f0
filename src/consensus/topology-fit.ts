/**
 * Which algorithms bear a topology whose matrix changes, from round to round or with its members, and at which pace. What a round's exchanges are
 * sums of antisymmetric corrections for, keeps the mean whatever W_t is; other things were derived for one W.
 */
import { GrapevineError } from '../base/errors.js';
import type { Topology } from '../topology/topology.js';
import type { AnyAlgorithm, Pace } from './algorithm.js';

/**
 * A `checkTopology` that refuses time-varying topologies.
 * @param reason a sentence part behind "algorithm <name>", without a period at its end
 */
export function fixedOnly(name: string, reason: string): (topology: Topology) => void {
  return ({ spec, schedule }) => {
    if (schedule === undefined) return;
    throw new GrapevineError(
      'BAD_CONFIG',
      `algorithm ${name} ${reason}, got the time-varying topology ${spec}: choose a topology that stays the same, or ` +
        'algorithm exact, choco or edge-choco.',
      { algorithm: name, topology: spec },
    );
  };
}

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
export function requireFit(algorithm: AnyAlgorithm, topology: Topology, pace: Pace): void {
  algorithm.checkTopology?.(topology);
  if (topology.membership !== undefined) requireChange(algorithm, topology.spec, pace);
  if (topology.schedule === undefined || pace === 'lockstep') return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `pace asynchronous has no rounds that neighbors share, and the time-varying topology ${topology.spec} says which edges ` +
      'exchange in which round: choose pace lockstep, or a topology that stays the same.',
    { topology: topology.spec },
  );
}
