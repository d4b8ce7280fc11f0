/** Naive twins of the gossip algorithms for all peers at once: X is n x d, W dense, everything in float64. */
import { neighborsOf } from '../../src/topology/graph.js';
import type { Topology } from '../../src/topology/topology.js';

export type Dense = readonly (readonly number[])[];

export function denseMixing({ graph, mixing }: Topology): number[][] {
  const w = Array.from({ length: graph.nodes }, () => new Array<number>(graph.nodes).fill(0));
  for (let i = 0; i < graph.nodes; i++) {
    w[i]![i] = mixing.selfWeights[i]!;
    neighborsOf(graph, i).forEach((j, k) => {
      w[i]![j] = mixing.weights[graph.offsets[i]! + k]!;
    });
  }
  return w;
}

/** W X. */
export function multiply(w: Dense, x: Dense): number[][] {
  return w.map((row) => x[0]!.map((_, k) => row.reduce((sum, weight, j) => sum + weight * x[j]![k]!, 0)));
}

/** X(t + 1) = W X(t). */
export function matrixFormExactGossip(
  w: Dense,
  start: readonly ArrayLike<number>[],
  rounds: number,
): number[][][] {
  const trace = [start.map((row) => Array.from(row))];
  for (let t = 0; t < rounds; t++) trace.push(multiply(w, trace[t]!));
  return trace;
}

/**
 * CHOCO-Gossip in matrix form: Xhat += C(X - Xhat) row by row; X += gamma (W - I) Xhat.
 * `compress` is applied to one row.
 */
export function matrixFormChoco(
  w: Dense,
  start: readonly ArrayLike<number>[],
  run: {
    readonly gamma: number;
    readonly rounds: number;
    compress(row: readonly number[], node: number): readonly number[];
  },
): number[][][] {
  const trace = [start.map((row) => Array.from(row))];
  const hat = trace[0]!.map((row) => row.map(() => 0));
  for (let t = 0; t < run.rounds; t++) {
    const x = trace[t]!;
    hat.forEach((row, i) => {
      const q = run.compress(
        row.map((value, k) => x[i]![k]! - value),
        i,
      );
      q.forEach((value, k) => {
        row[k]! += value;
      });
    });
    const mixed = multiply(w, hat);
    trace.push(x.map((row, i) => row.map((value, k) => value + run.gamma * (mixed[i]![k]! - hat[i]![k]!))));
  }
  return trace;
}
