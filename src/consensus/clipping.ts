/**
 * Clipping of what a neighbor may move (He, Karimireddy and Jaggi 2022, "Byzantine-robust decentralized learning via
 * ClippedGossip"): the difference along edge {i, j} counts up to a radius,
 *
 *     c = w_ij CLIP(x_j - x_i, tau_ij),    CLIP(z, tau) = min(1, tau / ||z||) z
 *
 * so that a neighbor that lies moves a peer by w_ij tau_ij at most. Published, each end clips with a radius of its own,
 * which moves the mean; here both ends use tau_ij = min(tau_i, tau_j), the correction stays antisymmetric and the mean
 * is kept. A liar can only announce a smaller radius than it should, which shuts its own edge.
 *
 * tau_i is given, or automatic: of the distances to i's neighbors the (f + 1)-th largest, where f neighbors may lie. At
 * least one honest neighbor is as far away as that, whatever the f say. With f = 1 it is the second largest, the default
 * of the published code; the theorem's own radius needs to know who is honest.
 *
 * The distances of an exchange are known when both messages are there, and a radius made of them would cost a second
 * exchange a round for one number. It is made of the distances of the last round instead, and travels beside the next
 * message as a stream of its own. In round 1 no distance is known, every radius is 0, and nothing moves: models are
 * equal before training. Where distances change little from round to round this is the published rule.
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom } from '../base/random.js';
import type { Compressor, MatrixBlock } from '../compression/compressor.js';
import { sumOfSquaresInOrder } from '../linalg/pairs.js';
import type { Delta, DeltaPart } from '../wire/frame.js';
import { partsOf } from './dense-exchange.js';
import { requirePlausible } from './mixing-step.js';
import { advanceReplica } from './replica.js';

export interface Clipping {
  /** tau, or 'auto'. */
  readonly radius: number | 'auto';
  /** f: how many neighbors may lie. Used by the automatic radius. */
  readonly byzantine: number;
  /** Sends the radius as it is. */
  readonly identity: Compressor;
}

/** The radius's stream; the parameters' is 0. */
const RADIUS_STREAM = 1;
const radiusBlocks: readonly MatrixBlock[] = [{ name: 'radius', offset: 0, rows: 1, cols: 1 }];

/**
 * Rounds that a distance is good for. A neighbor that was late still counts among the others, and with half of the edges
 * inactive at any time, one round's distances would be too few; in sixteen rounds training does not change their size.
 */
export const DISTANCE_ROUNDS = 16;

interface Seen {
  readonly round: number;
  readonly distance: number;
}

/** What a node has seen of its neighbors' distances. */
export interface Distances {
  /** The round under way. */
  round: number;
  /** For each exchange of a round, by neighbor. */
  readonly latest: readonly Map<number, Seen>[];
}

/** @param exchanges of a round; each has distances of its own. */
export function createDistances(exchanges = 1): Distances {
  return { round: 0, latest: Array.from({ length: exchanges }, () => new Map()) };
}

/** Streams of an algorithm that clips: a given radius is known to both ends, an automatic one is sent. */
export function streamsOf(clipping: Clipping | null): number {
  return clipping?.radius === 'auto' ? 2 : 1;
}

/**
 * @throws GrapevineError BAD_CONFIG where all neighbors of a peer may lie
 */
export function checkByzantine(name: string, byzantine: number, neighbors: number): void {
  if (neighbors > byzantine) return;
  throw new GrapevineError(
    'BAD_CONFIG',
    `algorithm ${name} with byzantine=${byzantine} needs peers with more neighbors than may lie, got one with ` +
      `${neighbors}: choose a denser topology or a smaller byzantine.`,
    { neighbors, byzantine },
  );
}

/** checkEdges of an algorithm that clips. */
export function checkClipping(name: string, clipping: Clipping | null, neighbors: number): void {
  if (clipping?.radius === 'auto') checkByzantine(name, clipping.byzantine, neighbors);
}

/** tau_i of the exchange about to begin: 0 as long as too few distances are known. */
export function automaticRadius(distances: Distances, byzantine: number, exchange = 0): number {
  const { round, latest } = distances;
  const fresh = [...latest[exchange]!.values()].filter((seen) => seen.round >= round - DISTANCE_ROUNDS);
  const descending = fresh.map(({ distance }) => distance).sort((a, b) => b - a);
  return Math.fround(descending[byzantine] ?? 0);
}

/** The parts that tell the neighbor this end's radius: one, or none where it was given. */
export function radiusParts(
  { radius, byzantine, identity }: Clipping,
  distances: Distances,
  exchange = 0,
): DeltaPart[] {
  if (radius !== 'auto') return [];
  const values = Float32Array.of(automaticRadius(distances, byzantine, exchange));
  const state = identity.createState(radiusBlocks, createRandom('radius'));
  const bytes = identity.encode(values, radiusBlocks, state);
  return [{ kind: 'replace', stream: RADIUS_STREAM, bytes }];
}

/** The radius that `delta` carries. @throws GrapevineError PAYLOAD_* */
function readRadius(delta: Delta): number {
  const sent = partsOf(delta, RADIUS_STREAM);
  const value = new Float32Array(1);
  advanceReplica(value, sent, radiusBlocks);
  if (sent.parts.length === 1 && value[0]! >= 0) return value[0]!;
  throw new GrapevineError(
    'PAYLOAD_BAD_VALUE',
    `a difference carries ${sent.parts.length} radii, the last ${value[0]}; wanted one of at least 0`,
    { radii: sent.parts.length },
  );
}

/** One correction to clip. */
export interface Clipped {
  readonly clipping: Clipping;
  readonly distances: Distances;
  readonly neighbor: number;
  readonly own: Delta;
  readonly theirs: Delta;
  /** gamma w_ij. */
  readonly factor: number;
  /** x_i: a neighbor beyond measure is refused, not clipped. Decides nothing else. */
  readonly parameters: Float32Array;
  /** Which exchange of the round, from 0. @default 0 */
  readonly exchange?: number;
}

/**
 * Shortens correction = factor (x_j - x_i) to at most factor tau_ij, with the same bits at both ends, and notes how far
 * away the neighbor is.
 * @throws GrapevineError PAYLOAD_BAD_VALUE, before anything is noted, where the neighbor's numbers are beyond measure
 */
export function clipInto(correction: Float32Array, clipped: Clipped): void {
  const { clipping, distances, neighbor, own, theirs, factor, parameters, exchange = 0 } = clipped;
  const radius = clipping.radius === 'auto' ? Math.min(readRadius(own), readRadius(theirs)) : clipping.radius;
  requirePlausible(correction, parameters, `the difference to peer ${neighbor}`);
  const length = Math.sqrt(sumOfSquaresInOrder(correction));
  if (factor > 0)
    distances.latest[exchange]!.set(neighbor, { round: distances.round, distance: length / factor });
  const longest = factor * radius;
  if (length <= longest) return;
  const scale = longest / length;
  for (let k = 0; k < correction.length; k++) correction[k]! *= scale;
}
