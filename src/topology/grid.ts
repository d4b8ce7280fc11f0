/**
 * The grid: a box of nodes in any number of dimensions, each beside the next along each side. A torus with its seams open:
 * of k sides the degrees run from k at the corners to 2 k inside, and information crosses it twice as slowly.
 */
import { defineTopology } from './family.js';
import { dimsField, latticeGraph, mostSquareSides, requireSides, sidesOf } from './lattice.js';

interface GridOptions {
  readonly dims?: string;
}

type Settled = { readonly dims: string };

/** @throws GrapevineError BAD_SPEC unless the sides multiply to `nodes` */
function settle(nodes: number, options: GridOptions): Settled {
  const { rows, cols } = mostSquareSides(nodes);
  const { dims = `${rows}x${cols}` } = options;
  requireSides('grid', nodes, dims);
  return { dims };
}

export const grid = defineTopology<GridOptions, Settled>({
  name: 'grid',
  summary: 'a box of nodes in any number of dimensions, each beside the next',
  seeded: false,
  fields: { dims: { ...dimsField, doc: 'sides, for example 4x4x4; default: the most square rows x cols' } },
  settle,
  expectedEdges: (nodes, { dims }) => nodes * sidesOf(dims).length,
  layOut: (_nodes, { dims }) => ({ graph: latticeGraph(sidesOf(dims), false) }),
});
