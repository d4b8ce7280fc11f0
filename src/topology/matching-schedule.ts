/**
 * The time-varying family `random-matching`: each round another random maximal matching (random-matching.ts) of a graph `on`
 * which peers keep their links, partners meeting in the middle, w_ij = 1/2 (randomized gossip in parallel: Boyd, Ghosh,
 * Prabhakar and Shah 2006, "Randomized gossip algorithms"). One message a peer and round, whatever the degree of the graph.
 *
 * ad-psgd and noloco draw such pairs by themselves, on any topology; here every algorithm does.
 */
import { textField } from '../base/registry.js';
import { defineTopology, type TopologyFamily } from './family.js';
import type { Graph } from './graph.js';
import { mixingFromEdges, type WeightedEdge } from './mixing.js';
import { matchingOf, partnersOf } from './random-matching.js';
import { createSchedule } from './schedule.js';
import type { MixingMatrix } from './topology.js';

type Options = { readonly on: string };

/** W of the matching that the run of `seed` draws in `round`. */
export function matchingMixing(
  graph: Graph,
  at: { readonly seed: number; readonly round: number },
): MixingMatrix {
  const matching = matchingOf(graph, 1, at);
  const pairs: WeightedEdge[] = [];
  for (let i = 0; i < graph.nodes; i++)
    for (const j of partnersOf(matching, i)) if (i < j) pairs.push([i, j, 1 / 2]);
  return mixingFromEdges(graph.nodes, pairs);
}

/** @param resolve the family that a spec names, of those that can stand below: static ones */
export function defineRandomMatching(resolve: (spec: string) => TopologyFamily) {
  const underlying = (nodes: number, { on }: Options, seed: number): Graph =>
    resolve(on).build(nodes, seed).graph;
  return defineTopology<Options, Options>({
    name: 'random-matching',
    summary: 'time-varying: random pairs of neighbors meet, other ones each round',
    seeded: true,
    weights: 'scheduled',
    fields: {
      on: textField('the topology whose edges take turns, a spec, in quotes if it has a comma', 'complete'),
    },
    settle: (_nodes, { on }) => ({ on: resolve(on).spec }),
    expectedEdges: () => 0, // the graph below counts its own
    layOut(nodes, options, { seed }) {
      const graph = underlying(nodes, options, seed);
      return { graph, schedule: createSchedule(null, (round) => matchingMixing(graph, { seed, round })) };
    },
  });
}
