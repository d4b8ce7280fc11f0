/**
 * The topology of a swarm whose members change: with all peers present, the graph that membership-topology.ts draws from
 * all places of the swarm; with some of them absent, the one that it draws from the others, which each peer computes by
 * itself from its view of who is there (node/presence.ts). The places are the ids, so a peer that is started again gets
 * back the edges that it had.
 *
 * Weights are Metropolis-Hastings, and no others: the two ends of an edge recompute them from their degrees of the moment
 * (consensus/edge-weight.ts).
 */
import { choiceField, integerField } from '../base/registry.js';
import { badTopology, defineTopology } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';
import { type MembershipTopology, membershipEdges, membershipTopologies } from './membership-topology.js';

type Family = MembershipTopology['family'];

interface MembersOptions {
  readonly graph: Family;
  readonly degree?: number;
}

type Settled = { readonly graph: Family; readonly degree?: number } & Readonly<
  Record<string, number | string>
>;

const DEFAULT_DEGREE = 4;
/** Sixteen circles: beyond, a join touches more edges than it is worth. */
const MAX_DEGREE = 32;

/** A place of the swarm as an id. */
export const idOfPlace = (place: number): string => String(place);

/** The graph of the places that are there, on `nodes` places. */
export function graphOfPlaces(nodes: number, present: readonly number[], rule: MembershipTopology): Graph {
  const edges = membershipEdges(present.map(idOfPlace), rule);
  return graphFromEdges(
    nodes,
    edges.map(([a, b]) => [Number(a), Number(b)] as const),
  );
}

function settle(nodes: number, { graph, degree }: MembersOptions): Settled {
  if (graph === 'random-regular') {
    const wanted = degree ?? DEFAULT_DEGREE;
    if (wanted % 2 === 0) return { graph, degree: wanted };
    throw badTopology(
      'members',
      nodes,
      `degree=${wanted}, wanted an even one: circles have two edges a node`,
    );
  }
  if (degree === undefined) return { graph };
  throw badTopology('members', nodes, `degree=${degree} and graph=${graph}, which has none to choose`);
}

export const members = defineTopology<MembersOptions, Settled>({
  name: 'members',
  summary: 'drawn anew by every peer, alike, from those that are there, as peers come and go',
  seeded: true,
  weights: 'local',
  fields: {
    graph: choiceField<Family>('what is drawn', membershipTopologies[0], membershipTopologies),
    degree: integerField('of random-regular: even; default 4', undefined, 2, MAX_DEGREE),
  },
  settle,
  expectedEdges: (nodes, { graph, degree = 2 }) =>
    ({
      ring: nodes,
      torus: 2 * nodes,
      'random-regular': (nodes * degree) / 2,
      exponential: nodes * Math.log2(nodes + 1),
    })[graph],
  layOut(nodes, { graph: family, degree }, { seed }) {
    const membership: MembershipTopology = { family, seed, ...(degree === undefined ? {} : { degree }) };
    const everybody = Array.from({ length: nodes }, (_, place) => place);
    return { graph: graphOfPlaces(nodes, everybody, membership), membership };
  },
});
