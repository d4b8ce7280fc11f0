/**
 * Who is whose neighbor in a swarm whose members change: a pure function of the members' ids, so that all peers with the
 * same membership view draw the same graph without a word, and a join or a departure changes few edges.
 *
 * Ids are placed on a circle of 2^48 points by SHA-256, as in consistent hashing (Karger et al. 1997). A newcomer falls between
 * two members and touches only what passes there:
 *
 *     ring             next and previous on the circle                                  a join changes 3 edges
 *     random-regular   degree / 2 circles, each with hashes of its own: the union of Hamiltonian cycles drawn at random, which
 *                      expands well (Friedman 2008; Law and Siu 2003)                   3 edges a circle
 *     exponential      next on the circle, and the first members at 1/2, 1/4, 1/8, ... of it ahead: Chord's fingers (Stoica
 *                      et al. 2001), in both directions                                 O(log n) edges on average
 *     torus            next on the circle, and w further on, w = 2^floor(log2(n) / 2): a torus of rows of w, whose rows are one
 *                      spiral, so that it exists for every n                            3 + 2 w edges, and about 2 n where n
 *                                                                                       comes to a power of 4
 *
 * All are connected, since each contains a cycle through all members. Two circles may give the same edge, so a degree may
 * be less than asked for; in small swarms it is.
 *
 * But for the torus, which counts members, two that are neighbors among all stay so among fewer: whoever has heard of a
 * part of the members misses none of its edges to them, and at most has some that the other end does not want.
 */
import { createHash } from 'node:crypto';
import { GrapevineError } from '../base/errors.js';

export const membershipTopologies = ['ring', 'torus', 'random-regular', 'exponential'] as const;

export interface MembershipTopology {
  readonly family: (typeof membershipTopologies)[number];
  /** Of random-regular: even. @default 4 */
  readonly degree?: number;
  /** What all peers have in common besides the members. */
  readonly seed: number;
}

const CIRCLE = 2 ** 48;

interface Placed {
  readonly id: string;
  readonly at: number;
}

/** Members by their place on circle `circle`, of two in one place the lesser id first. */
function placed(members: readonly string[], seed: number, circle: number): Placed[] {
  return members
    .map((id) => ({
      id,
      at: createHash('sha256').update(`${seed}/${circle}/${id}`).digest().readUIntBE(0, 6),
    }))
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** Index of the first member at or after `at`, around the circle. Binary search. */
function firstFrom(circle: readonly Placed[], at: number): number {
  let low = 0;
  let high = circle.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (circle[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  return low % circle.length;
}

/** From each member to the one `ahead` of it. */
function cycleEdges(circle: readonly Placed[], ahead = 1): [string, string][] {
  return circle.map(({ id }, k) => [id, circle[(k + ahead) % circle.length]!.id]);
}

/** Members in a row of the torus of `members`. */
function rowOf(members: number): number {
  return 2 ** Math.floor(Math.log2(members) / 2);
}

function fingerEdges(circle: readonly Placed[]): [string, string][] {
  const reach = Math.ceil(Math.log2(circle.length)) + 1;
  return circle.flatMap(({ id, at }) =>
    Array.from({ length: reach }, (_, j): [string, string] => {
      const target = (at + CIRCLE / 2 ** (j + 1)) % CIRCLE;
      return [id, circle[firstFrom(circle, target)]!.id];
    }),
  );
}

function edgesOf(
  members: readonly string[],
  { family, degree = 4, seed }: MembershipTopology,
): [string, string][] {
  if (family === 'random-regular')
    return Array.from({ length: degree / 2 }, (_, k) => cycleEdges(placed(members, seed, k))).flat();
  const circle = placed(members, seed, 0);
  const around = cycleEdges(circle);
  if (family === 'ring') return around;
  return [
    ...around,
    ...(family === 'torus' ? cycleEdges(circle, rowOf(circle.length)) : fingerEdges(circle)),
  ];
}

/**
 * Most neighbors that a member can have among `members`; of the exponential family, whose fingers may all end at one member,
 * all others.
 */
export function mostNeighbors({ family, degree = 4 }: MembershipTopology, members: number): number {
  const most = { ring: 2, torus: 4, 'random-regular': degree, exponential: members };
  return Math.min(members - 1, most[family]);
}

/**
 * All edges between `members`, each once, as pairs in ascending order. The order and repetition of members is of no account.
 * @throws GrapevineError BAD_CONFIG for a degree that is not even and positive
 */
export function membershipEdges(
  members: readonly string[],
  topology: MembershipTopology,
): readonly (readonly [string, string])[] {
  const { family, degree = 4 } = topology;
  if (family === 'random-regular' && !(Number.isInteger(degree) && degree >= 2 && degree % 2 === 0)) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `degree ${degree}: wanted an even number from 2, of circles two each.`,
    );
  }
  const unique = new Map<string, [string, string]>();
  for (const [a, b] of edgesOf([...new Set(members)], topology)) {
    const [low, high] = a < b ? [a, b] : [b, a];
    if (low !== high) unique.set(`${low}\n${high}`, [low, high]);
  }
  return [...unique.values()].sort(([a, b], [c, d]) => (a === c ? (b < d ? -1 : 1) : a < c ? -1 : 1));
}

/**
 * The neighbors of `self` in the view that holds `members`, ascending; none where it is not a member.
 * @throws GrapevineError BAD_CONFIG as membershipEdges
 */
export function neighborsFor(
  members: readonly string[],
  self: string,
  topology: MembershipTopology,
): readonly string[] {
  return membershipEdges(members, topology)
    .flatMap(([a, b]) => (a === self ? [b] : b === self ? [a] : []))
    .sort((a, b) => (a < b ? -1 : 1));
}
