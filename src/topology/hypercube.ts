/**
 * The hypercube: 2^k nodes, two of them joined where their numbers differ in one binary digit. Degree and diameter are
 * log2 n, and with weights 1 / (k + 1) the gap is 2 / (k + 1): it falls with log n only.
 */
import { badTopology, defineTopology, type NoOptions, type SettledOptions } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

/** `nodes` is a power of 2. */
export function hypercubeGraph(nodes: number): Graph {
  return graphFromEdges(nodes, digitPairs(nodes));
}

function* digitPairs(nodes: number): Generator<readonly [number, number]> {
  for (let node = 0; node < nodes; node++)
    for (let bit = 1; bit < nodes; bit *= 2) if ((node & bit) === 0) yield [node, node | bit];
}

/** @throws GrapevineError BAD_SPEC unless `nodes` is a power of 2 */
function settle(nodes: number): SettledOptions {
  const below = 2 ** Math.floor(Math.log2(nodes));
  if (below === nodes) return {};
  throw badTopology('hypercube', nodes, `wanted a power of 2 of nodes, such as ${below} or ${2 * below}`);
}

export const hypercube = defineTopology<NoOptions, SettledOptions>({
  name: 'hypercube',
  summary: '2^k nodes, joined where one binary digit of their numbers differs',
  seeded: false,
  fields: {},
  settle,
  expectedEdges: (nodes) => (nodes * Math.log2(nodes)) / 2,
  layOut: (nodes) => ({ graph: hypercubeGraph(nodes) }),
});
