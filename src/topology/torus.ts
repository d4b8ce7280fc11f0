/**
 * The two-dimensional torus: a grid of rows x cols nodes, row-major, whose opposite sides are joined. With both
 * sides above 2 every node has four neighbors and weight 1/5 to each, and the eigenvalues of W are
 * (1 + 2 cos(2 pi a / rows) + 2 cos(2 pi b / cols)) / 5.
 *
 * Short sides: along a side of 2 both neighbors are the same node, which makes one edge and not two (doubling
 * its weight is a known slip: it makes 2 x 2 worse than the ring of 4, which it is); along a side of 1 there
 * is none. So 1 x n is the ring, and a prime number of nodes, which has no other factorization, gets exactly that.
 */
import { integerField } from '../base/registry.js';
import { badTopology, defineTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

export interface TorusOptions {
  readonly rows?: number;
  readonly cols?: number;
}

type TorusSides = { readonly rows: number; readonly cols: number };

/** Node (r, c) is r * cols + c. */
export function torusGraph({ rows, cols }: TorusSides): Graph {
  const pairs: [number, number][] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const node = r * cols + c;
      if (cols > 1) pairs.push([node, r * cols + ((c + 1) % cols)]);
      if (rows > 1) pairs.push([node, ((r + 1) % rows) * cols + c]);
    }
  }
  return graphFromEdges(rows * cols, pairs);
}

/** The factorization of `nodes` nearest to a square, rows <= cols. */
export function mostSquareSides(nodes: number): TorusSides {
  let rows = Math.floor(Math.sqrt(nodes));
  while (nodes % rows !== 0) rows--;
  return { rows, cols: nodes / rows };
}

/** Fills in the side or sides left open. @throws GrapevineError BAD_SPEC unless rows * cols = nodes */
export function settleTorus(nodes: number, options: TorusOptions): TorusSides {
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

export const torus = defineTopology<TorusOptions, TorusSides>({
  name: 'torus',
  summary: 'a rows x cols grid with opposite sides joined; a prime number of nodes gives the ring',
  seeded: false,
  fields: {
    rows: integerField(
      'rows of the grid; default: the most square grid with rows <= cols',
      undefined,
      1,
      MAX_NODES,
    ),
    cols: integerField('columns of the grid; default: nodes / rows', undefined, 1, MAX_NODES),
  },
  settle: settleTorus,
  expectedEdges: (nodes) => 2 * nodes,
  generate: (_nodes, sides) => torusGraph(sides),
});
