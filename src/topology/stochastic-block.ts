/**
 * Stochastic block model (Holland, Laskey and Leinhardt 1983): the nodes in `blocks` blocks of equal size, one more node in
 * the first ones where it does not come out even; two nodes are joined with probability `within` in one block and `between`
 * across. Data centers, or groups of friends: the gap is set by how few edges cross. Redrawn until connected.
 *
 * Pairs are numbered and skipped over geometric gaps (Batagelj and Brandes 2005): O(nodes + edges).
 */
import { type Random, uniform } from '../base/random.js';
import { integerField, numberField } from '../base/registry.js';
import { defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';
import { drawConnected } from './redraw.js';

interface BlockOptions {
  readonly blocks: number;
  readonly within?: number;
  readonly between?: number;
}

type Settled = { readonly blocks: number; readonly within: number; readonly between: number };

/** Expected edges between two blocks, at least: one in 20 pairs of blocks would have none. */
const LEAST_BRIDGES = 3;

/** First node of each block, and behind them `nodes`. */
export function blockStarts(nodes: number, blocks: number): number[] {
  return Array.from(
    { length: blocks + 1 },
    (_, b) => Math.floor(nodes / blocks) * b + Math.min(b, nodes % blocks),
  );
}

/** Of 0, 1, ..., count - 1, each with the same probability, ascending. */
function* sample(count: number, probability: number, random: Random): Generator<number> {
  if (probability <= 0) return;
  const logMiss = Math.log1p(-probability);
  for (let at = -1; ; ) {
    at += 1 + Math.floor(Math.log1p(-uniform(random)) / logMiss);
    if (!(at < count)) return;
    yield at;
  }
}

function* blockPairs(
  nodes: number,
  { blocks, within, between }: Settled,
  random: Random,
): Generator<readonly [number, number]> {
  const starts = blockStarts(nodes, blocks);
  for (let b = 0; b < blocks; b++) {
    const [first, end] = [starts[b]!, starts[b + 1]!];
    const size = end - first;
    for (const at of sample((size * (size - 1)) / 2, within, random)) {
      // Pair `at` of a triangle: row i holds the pairs {j, i} with j < i.
      let i = Math.floor((1 + Math.sqrt(1 + 8 * at)) / 2);
      while ((i * (i - 1)) / 2 > at) i--;
      yield [first + at - (i * (i - 1)) / 2, first + i];
    }
    // Every node of this block beside every node of the later ones.
    for (const at of sample(size * (nodes - end), between, random))
      yield [first + Math.floor(at / (nodes - end)), end + (at % (nodes - end))];
  }
}

/** One draw, connected or not. */
export function stochasticBlockGraph(nodes: number, options: Settled, random: Random): Graph {
  return graphFromEdges(nodes, blockPairs(nodes, options, random));
}

/** Within: min(1, 2 ln s / s) for blocks of s nodes. Between: a tenth of it, or what gives LEAST_BRIDGES between two blocks. */
function settle(nodes: number, options: BlockOptions): Settled {
  const blocks = Math.min(options.blocks, nodes);
  const size = nodes / blocks;
  const within = options.within ?? Math.min(1, (2 * Math.log(size)) / size);
  const between = options.between ?? Math.min(1, Math.max(within / 10, LEAST_BRIDGES / size ** 2));
  return { blocks, within, between };
}

export const stochasticBlock = defineTopology<BlockOptions, Settled>({
  name: 'stochastic-block',
  summary: 'blocks with many edges within and few between; redrawn until connected',
  seeded: true,
  fields: {
    blocks: integerField('blocks of nodes', 4, 1, MAX_NODES),
    within: numberField(
      'chance of an edge in a block; default: min(1, 2 ln s / s) for s nodes',
      undefined,
      0,
      1,
    ),
    between: numberField(
      'chance of an edge across; default: a tenth of it, 3 / s^2 at least',
      undefined,
      0,
      1,
    ),
  },
  settle,
  expectedEdges(nodes, { blocks, within, between }) {
    const size = nodes / blocks;
    return (nodes * (within * (size - 1) + between * (nodes - size))) / 2;
  },
  layOut: (nodes, options, { random }) => ({
    graph: drawConnected(
      {
        name: 'stochastic-block',
        nodes,
        options: `within=${options.within}, between=${options.between}`,
        remedy: 'raise them, or leave them out',
      },
      () => stochasticBlockGraph(nodes, options, random),
    ),
  }),
});
