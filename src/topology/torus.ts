/**
 * The torus: a grid, row-major, whose opposite sides are joined; of rows x cols, or with `dims` of any number of sides. With
 * all k sides above 2 every node has 2 k neighbors and weight 1 / (2 k + 1) to each, and the eigenvalues of W are
 *
 *     (1 + sum over the sides s of 2 cos(2 pi a_s / s)) / (2 k + 1),      0 <= a_s < s
 *
 * Short sides: along a side of 2 both neighbors are the same node, which makes one edge and not two (doubling
 * its weight is a known slip: it makes 2 x 2 worse than the ring of 4, which it is); along a side of 1 there
 * is none. So 1 x n is the ring, and a prime number of nodes, which has no other factorization, gets exactly that.
 */
import { integerField } from '../base/registry.js';
import { badTopology, defineTopology, MAX_NODES } from './family.js';
import { dimsField, latticeGraph, mostSquareSides, requireSides, sidesOf } from './lattice.js';

export interface TorusOptions {
  readonly rows?: number;
  readonly cols?: number;
  readonly dims?: string;
}

type TorusSides = { readonly rows: number; readonly cols: number };

/** Fills in the side or sides left open. @throws GrapevineError BAD_SPEC unless rows * cols = nodes */
function settleTorus(nodes: number, options: TorusOptions): TorusSides | { readonly dims: string } {
  const { dims } = options;
  if (dims !== undefined) {
    if (options.rows !== undefined || options.cols !== undefined)
      throw badTopology('torus', nodes, `dims=${dims} and rows or cols, wanted one or the other`);
    requireSides('torus', nodes, dims);
    return { dims };
  }
  const square = mostSquareSides(nodes);
  if (options.rows === undefined && options.cols === undefined) return square;
  const rows = options.rows ?? nodes / options.cols!;
  const cols = options.cols ?? nodes / options.rows!;
  if (Number.isInteger(rows) && Number.isInteger(cols) && rows * cols === nodes) return { rows, cols };
  const given = [options.rows && `rows=${options.rows}`, options.cols && `cols=${options.cols}`].filter(
    Boolean,
  );
  throw badTopology(
    'torus',
    nodes,
    `${given.join(',')}, wanted rows x cols = ${nodes}, for example rows=${square.rows},cols=${square.cols}`,
  );
}

export const torus = defineTopology<TorusOptions, TorusSides | { readonly dims: string }>({
  name: 'torus',
  summary:
    'a rows x cols grid, or one of more dimensions, with opposite sides joined; a prime number of nodes gives the ring',
  seeded: false,
  fields: {
    rows: integerField(
      'rows of the grid; default: the most square grid with rows <= cols',
      undefined,
      1,
      MAX_NODES,
    ),
    cols: integerField('columns of the grid; default: nodes / rows', undefined, 1, MAX_NODES),
    dims: { ...dimsField, doc: 'instead of rows and cols, sides in any number of dimensions: 4x4x4' },
  },
  settle: settleTorus,
  expectedEdges: (nodes, settled) => nodes * ('dims' in settled ? sidesOf(settled.dims).length : 2),
  layOut: (_nodes, settled) => ({
    graph: latticeGraph('dims' in settled ? sidesOf(settled.dims) : [settled.rows, settled.cols], true),
  }),
});
