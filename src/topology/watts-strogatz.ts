/**
 * Small worlds (Watts and Strogatz 1998, "Collective dynamics of 'small-world' networks"): a ring in which each node is
 * joined to its `degree` nearest, and then, lap by lap, the far end of each edge moves with probability `rewire` to a node
 * drawn from all that are not yet neighbors. A few such edges make the diameter of a ring of n nodes fall to about log n. Redrawn
 * until connected.
 */
import { type Random, uniform, uniformInt } from '../base/random.js';
import { integerField, numberField } from '../base/registry.js';
import { defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';
import { drawConnected } from './redraw.js';

type Options = { readonly degree: number; readonly rewire: number };

/** One draw, connected or not. `degree` is even; where it is nodes - 1 or more, the graph is complete. */
export function wattsStrogatzGraph(nodes: number, { degree, rewire }: Options, random: Random): Graph {
  const near = Array.from({ length: nodes }, () => new Set<number>());
  const join = (i: number, j: number): void => {
    near[i]!.add(j);
    near[j]!.add(i);
  };
  const laps = Math.min(degree / 2, Math.floor(nodes / 2));
  for (let lap = 1; lap <= laps; lap++) for (let i = 0; i < nodes; i++) join(i, (i + lap) % nodes);
  for (let lap = 1; lap <= laps; lap++) {
    for (let i = 0; i < nodes; i++) {
      const end = (i + lap) % nodes;
      if (!near[i]!.has(end) || near[i]!.size >= nodes - 1 || uniform(random) >= rewire) continue;
      let far = uniformInt(random, nodes);
      while (far === i || near[i]!.has(far)) far = uniformInt(random, nodes);
      near[i]!.delete(end);
      near[end]!.delete(i);
      join(i, far);
    }
  }
  return graphFromEdges(nodes, pairsOf(near));
}

function* pairsOf(near: readonly Set<number>[]): Generator<readonly [number, number]> {
  for (const [i, ends] of near.entries()) for (const j of ends) if (i < j) yield [i, j];
}

export const wattsStrogatz = defineTopology<Options, Options>({
  name: 'watts-strogatz',
  summary: 'a small world: a ring of near neighbors, some of whose edges are moved to random nodes',
  seeded: true,
  fields: {
    degree: {
      ...integerField('neighbors of each node before edges move, an even number', 4, 2, MAX_NODES),
      read(text) {
        const value = Number(text);
        const fine = Number.isInteger(value) && value % 2 === 0 && value >= 2 && value <= MAX_NODES;
        return fine ? { value } : { wanted: `an even integer from 2 to ${MAX_NODES}` };
      },
    },
    rewire: numberField('chance that an edge moves, 0 to 1', 0.2, 0, 1),
  },
  settle: (_nodes, { degree, rewire }) => ({ degree, rewire }),
  expectedEdges: (nodes, { degree }) => (nodes * Math.min(degree, nodes)) / 2,
  layOut: (nodes, options, { random }) => ({
    graph: drawConnected(
      { name: 'watts-strogatz', nodes, options: `rewire=${options.rewire}`, remedy: 'raise the degree' },
      () => wattsStrogatzGraph(nodes, options, random),
    ),
  }),
});
