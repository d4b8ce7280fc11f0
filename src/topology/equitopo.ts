/**
 * EquiTopo (Song, Li, Jin, Shi, Yan, Yin and Yuan 2022, "Communication-efficient topologies for decentralized learning with
 * O(1) consensus rate"): circulant matrices of random distances, whose gap does not fall with n. With the basis
 * A^(a) = I / n + (n - 1) / n S^a, where S^a gives from j to j + a mod n, and M distances a_1, ..., a_M drawn from 1, ..., n - 1:
 *
 *     equitopo           D-EquiStatic   P = (1 / M) sum over m of A^(a_m);      U-EquiStatic   W = (P + P^T) / 2
 *     equitopo-dynamic   OD-EquiDyn     P_t = (1 - eta) I + eta A^(a_m) with a random m each round
 *                        OU-EquiDyn     W_t = (1 - eta) I + eta B: from a random node s on, s, s + 1, ..., each node that is
 *                                       free is paired with the one a_m ahead, if that is free too; a pair has the entries
 *                                       (n - 1) / n beside the diagonal of B and 1 / n on it, whoever is left has 1
 *
 * M = 8 ln(2 n / p) / (3 eps^2) distances bring ||W - J|| below eps with probability 1 - p (theorem 1); the default is
 * ceil(log2 n), the degree of an exponential graph. Redrawn until the graph of all distances is connected.
 */
import { createRandom, type Random, uniformInt } from '../base/random.js';
import { integerField, numberField } from '../base/registry.js';
import { circulant, type Shift, symmetrized } from './directed.js';
import { exponentialSteps } from './exponential.js';
import { badTopology, defineTopology, MAX_NODES } from './family.js';
import { mixingFromEdges, type WeightedEdge } from './mixing.js';
import { createDirectedSchedule, createSchedule } from './schedule.js';
import type { DirectedMatrix, MixingMatrix } from './topology.js';

interface EquiTopoOptions {
  readonly shifts?: number;
}

type Settled = { readonly shifts: number };
type SettledDynamic = Settled & { readonly eta: number };

/** Draws of the distances before giving up: one in two is connected even for a single distance, and nearly all for more. */
const MAX_DRAWS = 1000;

/** `count` distances that reach every node, each drawn from 1, ..., n - 1; [] for one node. */
function drawDistances(nodes: number, count: number, random: Random): number[] {
  if (nodes === 1) return [];
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const distances = Array.from({ length: count }, () => 1 + uniformInt(random, nodes - 1));
    if (distances.reduce(greatestDivisor, nodes) === 1) return distances;
  }
  throw badTopology(
    'equitopo',
    nodes,
    `shifts=${count} gave no connected graph in ${MAX_DRAWS} draws; raise it`,
  );
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** P of D-EquiStatic. */
export function equiStatic(nodes: number, distances: readonly number[]): DirectedMatrix {
  const share = (nodes - 1) / nodes / distances.length;
  return circulant(
    nodes,
    distances.map((distance): Shift => [distance, share]),
  );
}

/** P_t of OD-EquiDyn for the distance drawn. */
export function oneDirected(nodes: number, distance: number, eta: number): DirectedMatrix {
  return circulant(nodes, [[distance, (eta * (nodes - 1)) / nodes]]);
}

/** W_t of OU-EquiDyn for the distance and the first node drawn. */
export function oneUndirected(
  nodes: number,
  { distance, start }: { readonly distance: number; readonly start: number },
  eta: number,
): MixingMatrix {
  const taken = new Uint8Array(nodes);
  const pairs: WeightedEdge[] = [];
  for (let k = 0; k < nodes; k++) {
    const i = (start + k) % nodes;
    const j = (i + distance) % nodes;
    if (taken[i] === 1 || taken[j] === 1) continue;
    taken[i] = 1;
    taken[j] = 1;
    pairs.push([i, j, (eta * (nodes - 1)) / nodes]);
  }
  return mixingFromEdges(nodes, pairs);
}

const shiftsField = integerField('distances drawn, M; default: ceil(log2 n)', undefined, 1, MAX_NODES);

function settleShifts(nodes: number, { shifts }: EquiTopoOptions): number {
  return Math.max(1, shifts ?? exponentialSteps(nodes));
}

export const equiTopo = defineTopology<EquiTopoOptions, Settled>({
  name: 'equitopo',
  summary: 'neighbors at random distances, the same for all; both ways unless push-sum runs it',
  seeded: true,
  weights: 'published',
  fields: { shifts: shiftsField },
  settle: (nodes, options) => ({ shifts: settleShifts(nodes, options) }),
  expectedEdges: (nodes, { shifts }) => nodes * Math.min(shifts, nodes / 2),
  layOut(nodes, { shifts }, { random }) {
    const matrix = equiStatic(nodes, drawDistances(nodes, shifts, random));
    const published = symmetrized(matrix);
    return { graph: published.graph, published, directed: createDirectedSchedule(1, () => matrix) };
  },
});

export const equiTopoDynamic = defineTopology<EquiTopoOptions & { readonly eta: number }, SettledDynamic>({
  name: 'equitopo-dynamic',
  summary: 'time-varying: one of the random distances a round, in pairs unless push-sum runs it',
  seeded: true,
  weights: 'scheduled',
  fields: { shifts: shiftsField, eta: numberField('how far a round moves', 0.5, 0.01, 1) },
  settle: (nodes, options) => ({ shifts: settleShifts(nodes, options), eta: options.eta }),
  expectedEdges: (nodes, { shifts }) => nodes * Math.min(shifts, nodes / 2),
  layOut(nodes, { shifts, eta }, { random, seed }) {
    const distances = drawDistances(nodes, shifts, random);
    const { graph } = symmetrized(equiStatic(nodes, distances));
    if (nodes === 1) {
      return { graph, schedule: createSchedule(1, () => mixingFromEdges(1, [])) };
    }
    const drawnIn = (round: number): { readonly distance: number; readonly start: number } => {
      const drawn = createRandom(seed, 'equitopo round', round);
      return { distance: distances[uniformInt(drawn, shifts)]!, start: uniformInt(drawn, nodes) };
    };
    return {
      graph,
      schedule: createSchedule(null, (round) => oneUndirected(nodes, drawnIn(round), eta)),
      directed: createDirectedSchedule(null, (round) => oneDirected(nodes, drawnIn(round).distance, eta)),
    };
  },
});
