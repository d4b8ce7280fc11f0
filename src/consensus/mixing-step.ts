/**
 * The one formula that moves parameters along an edge {i, j}:
 *
 *     c = gamma w_ij (b - a)
 *
 * Both ends compute it in the same direction, from the lower node to the higher, in float64 rounded once to
 * float32, so their bits agree; the lower end adds c, the higher subtracts it.
 */

import { GrapevineError } from '../base/errors.js';
import { addSignedInto, scaledDifferenceInto, sumOfSquares } from '../linalg/pairs.js';

/** The pair of vectors of an edge, by node order rather than by whose they are. */
export interface OrderedPair {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

export function ordered(
  node: number,
  neighbor: number,
  own: Float32Array,
  theirs: Float32Array,
): OrderedPair {
  return node < neighbor ? { low: own, high: theirs } : { low: theirs, high: own };
}

/** c = factor (high - low), entry by entry. */
export function correctionInto(out: Float32Array, { low, high }: OrderedPair, factor: number): void {
  scaledDifferenceInto(out, { x: high, y: low }, factor);
}

/** How a vector beside the parameters (a tracker) moves along an edge. */
export interface SideStep {
  readonly node: number;
  readonly neighbor: number;
  /** This end's and the neighbor's vector as both ends know them. */
  readonly own: Float32Array;
  readonly theirs: Float32Array;
  /** gamma w_ij. */
  readonly factor: number;
  /** Work space. */
  readonly work: Float32Array;
}

/**
 * target += factor (theirs - own), by the same law as the parameters: what this end adds the other subtracts.
 * @throws GrapevineError PAYLOAD_BAD_VALUE, before anything has moved, when the step is not plausible
 */
export function moveAlongEdge(target: Float32Array, step: SideStep): void {
  const { node, neighbor, own, theirs, factor, work } = step;
  correctionInto(work, ordered(node, neighbor, own, theirs), factor);
  requirePlausible(work, target, `the tracker of peer ${neighbor}`);
  addSignedInto(target, work, node < neighbor ? 1 : -1);
}

/** Sum of the entries in float64. */
export function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

/**
 * A correction may be this many times as long as the parameters that it corrects. Neighbors start from one model
 * and their corrections are shorter than the parameters by far; a neighbor whose numbers are beyond this is broken
 * or wants to break others, and one such step would undo all training.
 */
export const MAX_CORRECTION_RATIO = 1e4;

/**
 * ||correction|| <= MAX_CORRECTION_RATIO max(||parameters||, sqrt(d)); false, too, when an entry is not finite.
 * @param energy ||correction||^2
 */
export function isPlausible(energy: number, parameters: Float32Array): boolean {
  const most = MAX_CORRECTION_RATIO ** 2;
  // The second is looked at only where the first, which needs no pass over the parameters, does not tell.
  return energy <= most * parameters.length || energy <= most * sumOfSquares(parameters);
}

/**
 * For corrections of vectors beside the parameters, and for vectors that move parameters later than `apply`: the caller
 * of `apply` sees none of these.
 * @throws GrapevineError PAYLOAD_BAD_VALUE when isPlausible says no
 */
export function requirePlausible(correction: Float32Array, target: Float32Array, what: string): void {
  if (isPlausible(sumOfSquares(correction), target)) return;
  throw new GrapevineError('PAYLOAD_BAD_VALUE', `${what} moves a vector of this peer beyond measure`);
}
