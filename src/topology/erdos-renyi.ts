/**
 * Random graphs G(n, p): each pair of nodes is joined with probability p, independently (Gilbert 1959; Erdos and
 * Renyi 1959). Redrawn until connected, that is, drawn from G(n, p) conditioned on connectivity.
 *
 * Connectivity has its threshold at p = ln n / n (Erdos and Renyi 1960); the default of twice that fails with
 * probability about 1/n. Drawing jumps from edge to edge over geometric gaps (Batagelj and Brandes 2005, algorithm
 * 1), in O(nodes + edges) instead of O(nodes^2).
 */
import { type Random, uniform } from '../base/random.js';
import { numberField } from '../base/registry.js';
import { badTopology, defineTopology } from './family.js';
import { type Graph, graphFromEdges, isConnected } from './graph.js';

/**
 * Draws before giving up. At p = ln n / n one in e draws is connected, at (ln n - 1) / n one in 15, so 100 suffice
 * (but for one run in 1,000) anywhere a connected graph is not a rarity.
 */
const MAX_DRAWS = 100;

export interface ErdosRenyiOptions {
  readonly probability?: number;
}

type Settled = { readonly probability: number };

/** min(1, 2 ln n / n). */
export function defaultProbability(nodes: number): number {
  return Math.min(1, (2 * Math.log(nodes)) / nodes);
}

/** One draw of G(n, p), connected or not; 0 < p <= 1. */
export function erdosRenyiGraph(nodes: number, probability: number, random: Random): Graph {
  const pairs: [number, number][] = [];
  const logMiss = Math.log1p(-probability);
  let higher = 1;
  let lower = -1;
  while (higher < nodes) {
    lower += 1 + Math.floor(Math.log1p(-uniform(random)) / logMiss);
    while (lower >= higher && higher < nodes) lower -= higher++;
    if (higher < nodes) pairs.push([lower, higher]);
  }
  return graphFromEdges(nodes, pairs);
}

/** @throws GrapevineError BAD_SPEC when MAX_DRAWS draws were all disconnected */
function connectedErdosRenyi(nodes: number, { probability }: Settled, random: Random): Graph {
  if (nodes === 1) return graphFromEdges(1, []);
  for (let draw = 0; draw < MAX_DRAWS && probability > 0; draw++) {
    const graph = erdosRenyiGraph(nodes, probability, random);
    if (isConnected(graph)) return graph;
  }
  throw badTopology(
    'random',
    nodes,
    `probability=${probability} gave no connected graph in ${MAX_DRAWS} draws; ` +
      `leave it out for the default of ${defaultProbability(nodes).toPrecision(3)}, or raise it`,
  );
}

export const erdosRenyi = defineTopology<ErdosRenyiOptions, Settled>({
  name: 'random',
  summary: 'Erdos-Renyi: each pair is joined with the same probability, redrawn until connected',
  seeded: true,
  fields: {
    probability: numberField('chance of each edge, 0 to 1; default: min(1, 2 ln n / n)', undefined, 0, 1),
  },
  settle: (nodes, options) => ({ probability: options.probability ?? defaultProbability(nodes) }),
  expectedEdges: (nodes, { probability }) => (probability * nodes * (nodes - 1)) / 2,
  layOut: (nodes, options, { random }) => ({ graph: connectedErdosRenyi(nodes, options, random) }),
});
