/**
 * The time-varying family `base`: Base-(k + 1) graphs (base-graph.ts), after one period of which exact gossip has averaged
 * exactly, for every number of nodes. Edges come back once a period, so what compressed gossip keeps an edge is older than
 * on a fixed graph.
 */
import { choiceField, integerField } from '../base/registry.js';
import { type BaseRound, baseGraph, hyperHypercube, simpleBaseGraph } from './base-graph.js';
import { badTopology, defineTopology, MAX_NODES } from './family.js';
import { mixingFromEdges } from './mixing.js';
import { periodicSchedule, unionOf } from './schedule.js';

const variants = ['base', 'simple', 'hyper-hypercube'] as const;

type Options = { readonly k: number; readonly variant: (typeof variants)[number] };

/** @throws GrapevineError BAD_SPEC where a hyper-hypercube does not exist */
function roundsFor(nodes: number, { k, variant }: Options): BaseRound[] {
  const all = Array.from({ length: nodes }, (_, i) => i);
  if (variant === 'base') return baseGraph(all, k);
  if (variant === 'simple') return simpleBaseGraph(all, k);
  const rounds = hyperHypercube(all, k);
  if (rounds !== undefined) return rounds;
  throw badTopology(
    'base',
    nodes,
    `variant=hyper-hypercube with k=${k} wants a number of nodes without a prime factor above ${k + 1}. Use variant=base`,
  );
}

export const base = defineTopology<Options, Options>({
  name: 'base',
  summary: 'time-varying: Base-(k+1), at most k neighbors a round, the exact average after each period',
  seeded: false,
  weights: 'scheduled',
  fields: {
    k: integerField('neighbors of a node in a round, at most', 1, 1, MAX_NODES),
    variant: choiceField('base: the shortest; simple; or hyper-hypercube', 'base', variants),
  },
  settle: (_nodes, { k, variant }) => ({ k, variant }),
  expectedEdges: (nodes, { k }) =>
    ((nodes * Math.min(k, nodes) * (2 * Math.log(nodes))) / Math.log(k + 1) + 2) / 2,
  layOut(nodes, options) {
    const found = roundsFor(nodes, options);
    const rounds = (found.length === 0 ? [[]] : found).map((edges) => mixingFromEdges(nodes, edges));
    const graphs = rounds.map(({ graph }) => graph);
    return { graph: unionOf(nodes, graphs), schedule: periodicSchedule(rounds) };
  },
});
