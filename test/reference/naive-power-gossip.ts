/**
 * PowerGossip for all edges at once, each vertex a rows x cols matrix, by Gram-Schmidt on columns and triple loops.
 * Vogels et al. 2020, Algorithm 1, with the warm starts p and q given for each edge.
 */

import { neighborsOf } from '../../src/topology/graph.js';
import type { Topology } from '../../src/topology/topology.js';
import { denseMixing } from './matrix-form.js';

type Matrix = number[][];

const transpose = (x: Matrix): Matrix => x[0]!.map((_, j) => x.map((row) => row[j]!));
const product = (x: Matrix, y: Matrix): Matrix =>
  x.map((row) => y[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * y[k]![j]!, 0)));
const minus = (x: Matrix, y: Matrix): Matrix => x.map((row, i) => row.map((value, j) => value - y[i]![j]!));

/** Columns made orthonormal. */
export function naiveOrthonormal(x: Matrix): Matrix {
  const columns = transpose(x);
  for (let c = 0; c < columns.length; c++) {
    for (let pass = 0; pass < 2; pass++)
      for (let b = 0; b < c; b++) {
        const dot = columns[c]!.reduce((sum, value, k) => sum + value * columns[b]![k]!, 0);
        columns[c] = columns[c]!.map((value, k) => value - dot * columns[b]![k]!);
      }
    const norm = Math.sqrt(columns[c]!.reduce((sum, value) => sum + value * value, 0));
    columns[c] = columns[c]!.map((value) => value / norm);
  }
  return transpose(columns);
}

/** p (m x r) and q (n x r) of one edge. */
export interface NaiveEdge {
  p: Matrix;
  q: Matrix;
}

/** X after each exchange; `startOf` gives the edge's p and q. */
export function naivePowerGossip(
  topology: Topology,
  start: readonly Matrix[],
  run: { readonly exchanges: number; startOf(i: number, j: number): NaiveEdge },
): Matrix[][] {
  const w = denseMixing(topology);
  const edges = start.flatMap((_, i) =>
    [...neighborsOf(topology.graph, i)].filter((j) => i < j).map((j) => ({ i, j, ...run.startOf(i, j) })),
  );
  const trace = [start.map((x) => x)];
  for (let k = 0; k < run.exchanges; k++) {
    const x = trace[k]!;
    const next = x.map((matrix) => matrix.map((row) => [...row]));
    for (const edge of edges) {
      const difference = minus(x[edge.j]!, x[edge.i]!);
      let update: Matrix;
      if (k % 2 === 0) {
        const basis = naiveOrthonormal(edge.p);
        edge.q = product(transpose(difference), basis);
        update = product(basis, transpose(edge.q));
      } else {
        const basis = naiveOrthonormal(edge.q);
        edge.p = product(difference, basis);
        update = product(edge.p, transpose(basis));
      }
      update.forEach((row, a) =>
        row.forEach((value, b) => {
          next[edge.i]![a]![b]! += w[edge.i]![edge.j]! * value;
          next[edge.j]![a]![b]! -= w[edge.i]![edge.j]! * value;
        }),
      );
    }
    trace.push(next);
  }
  return trace;
}
