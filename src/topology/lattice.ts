/**
 * Boxes of nodes in k dimensions, row-major: what the grid and the torus have in common. Node (c_1, ..., c_k) of a box with
 * sides s_1 x ... x s_k has the number (...(c_1 s_2 + c_2) s_3 + ...) s_k + c_k.
 */
import type { OptionField } from '../base/registry.js';
import { badTopology, MAX_NODES } from './family.js';
import { type Graph, graphFromEdges } from './graph.js';

/** More dimensions than 2^20 nodes have: all sides above would be 1. */
const MAX_DIMENSIONS = 20;

/** 4x4x4. */
export const dimsField: OptionField<string> = {
  doc: 'sides of the box, for example 4x4x4',
  default: undefined,
  read(text) {
    const sides = sidesOf(text);
    const fine = sides.length <= MAX_DIMENSIONS && sides.every((side) => side >= 1 && side <= MAX_NODES);
    return /^\d+(x\d+)*$/.test(text) && fine
      ? { value: sides.join('x') }
      : { wanted: `sides from 1 to ${MAX_NODES} with an x between them, such as 4x4x4` };
  },
};

export function sidesOf(dims: string): number[] {
  return dims.split('x').map(Number);
}

/** @throws GrapevineError BAD_SPEC unless the sides multiply to `nodes` */
export function requireSides(name: string, nodes: number, dims: string): void {
  const product = sidesOf(dims).reduce((all, side) => all * side, 1);
  if (product === nodes) return;
  const { rows, cols } = mostSquareSides(nodes);
  throw badTopology(
    name,
    nodes,
    `dims=${dims} hold ${product}, wanted sides that multiply to ${nodes}, for example dims=${rows}x${cols}`,
  );
}

/** The factorization of `nodes` nearest to a square, rows <= cols. */
export function mostSquareSides(nodes: number): { readonly rows: number; readonly cols: number } {
  let rows = Math.floor(Math.sqrt(nodes));
  while (nodes % rows !== 0) rows--;
  return { rows, cols: nodes / rows };
}

/**
 * Each node beside the next along each side; `wrap` joins the ends of a side as well. A side of 2 has one edge either way,
 * a side of 1 none.
 */
export function latticeGraph(sides: readonly number[], wrap: boolean): Graph {
  return graphFromEdges(
    sides.reduce((product, side) => product * side, 1),
    latticeEdges(sides, wrap),
  );
}

function* latticeEdges(sides: readonly number[], wrap: boolean): Generator<readonly [number, number]> {
  const nodes = sides.reduce((product, side) => product * side, 1);
  let stride = nodes;
  for (const side of sides) {
    stride /= side;
    if (side === 1) continue;
    for (let node = 0; node < nodes; node++) {
      const at = Math.floor(node / stride) % side;
      if (at + 1 < side) yield [node, node + stride];
      else if (wrap) yield [node, node - at * stride];
    }
  }
}
