/**
 * Fastest distributed linear averaging: of all symmetric W on a graph with rows summing to 1, one of the largest spectral
 * gap (Xiao and Boyd 2004, "Fast linear iterations for distributed averaging", section 5.1). With a weight w_l on each edge
 * l = {i, j} and a_l = e_i - e_j it is a semidefinite program:
 *
 *     minimize t   so that   -t I <= M(w) <= t I,      M(w) = W - J = I - J - sum over l of w_l a_l a_l^T,  J = 11^T / n
 *
 * Solved here by a barrier method (Boyd and Vandenberghe 2004, Convex Optimization, chapter 11): Newton's method on
 *
 *     tau t - log det(t I - M) - log det(t I + M)
 *
 * for a tau that grows; its minimizer is within 2n / tau of the optimum. Both barriers are self-concordant, so a Newton step
 * of decrement lambda, damped by 1 / (1 + lambda), never leaves the feasible set: no line search. Derivatives, with S the
 * inverse of t I - M or t I + M: a_l^T S a_l and its like, four entries of S each.
 */
import { GrapevineError } from '../base/errors.js';
import { cholesky, inverseOf, solveCholesky } from '../linalg/cholesky.js';
import { bestConstant, constantWeights } from './constant-weights.js';
import { edgesOf, type Graph } from './graph.js';
import { mixingFromEdges } from './mixing.js';
import { spectrumOf } from './spectrum.js';
import type { MixingMatrix } from './topology.js';

/** Largest graph: a Newton step costs edges^3 / 3 + 4 nodes^3 multiplications, 0.1 s here, and some 60 are needed. */
export const MAX_FDLA_NODES = 128;
export const MAX_FDLA_EDGES = 512;

/** The optimum is reached within this. */
const ACCURACY = 1e-10;
/** Growth of tau between centerings, and the decrement at which one ends. */
const GROWTH = 8;
const CENTERED = 1e-3;
/** Below this decrement the whole step is safe and converges quadratically. */
const SAFE_DECREMENT = 0.25;
/** Newton steps of one centering. Some ten are usual; rounding ends the last ones. */
const MAX_NEWTON_STEPS = 60;

interface Problem {
  readonly nodes: number;
  readonly edges: readonly (readonly [number, number])[];
}

/** t and the edge weights. */
interface Point {
  readonly t: number;
  readonly weights: Float64Array;
}

/**
 * @param graph connected, at most MAX_FDLA_NODES nodes and MAX_FDLA_EDGES edges
 * @throws GrapevineError BAD_SPEC above
 */
export function fdlaWeights(graph: Graph): MixingMatrix {
  const edges = [...edgesOf(graph)];
  if (graph.nodes > MAX_FDLA_NODES || edges.length > MAX_FDLA_EDGES) {
    throw new GrapevineError(
      'BAD_SPEC',
      `weights=fdla on a graph of ${graph.nodes} nodes and ${edges.length} edges, wanted at most ${MAX_FDLA_NODES} nodes and ` +
        `${MAX_FDLA_EDGES} edges, of which it takes a second or so. Use weights=best-constant.`,
      { nodes: graph.nodes, edges: edges.length },
    );
  }
  const alpha = bestConstant(graph);
  const simple = constantWeights(graph, alpha);
  if (graph.nodes <= 2) return simple; // already W = J
  const start = new Float64Array(edges.length).fill(alpha);
  const weights = minimize({ nodes: graph.nodes, edges }, start, 1 - spectrumOf(simple).gap);
  const best = mixingFromEdges(
    graph.nodes,
    edges.map(([i, j], l) => [i, j, weights[l]!] as const),
  );
  return spectrumOf(best).gap >= spectrumOf(simple).gap ? best : simple; // within ACCURACY either may be ahead
}

/** The optimal weights, from `start`, where ||W - J|| is `norm`. */
function minimize(problem: Problem, start: Float64Array, norm: number): Float64Array {
  let point: Point = { t: 1.1 * norm + 0.01, weights: start };
  for (let tau = 1; (2 * problem.nodes) / tau > ACCURACY; ) {
    tau *= GROWTH;
    point = center(problem, point, tau);
  }
  return point.weights;
}

/** The minimizer for `tau`, or where rounding ends the search. */
function center(problem: Problem, from: Point, tau: number): Point {
  let point = from;
  for (let step = 0; step < MAX_NEWTON_STEPS; step++) {
    const derivatives = differentiate(problem, point, tau);
    if (derivatives === undefined) return point;
    const { gradient, hessian } = derivatives;
    const factor = cholesky(hessian, gradient.length);
    if (factor === undefined) return point;
    const direction = solveCholesky(factor, gradient);
    let decrement = 0;
    for (let k = 0; k < gradient.length; k++) decrement += direction[k]! * gradient[k]!;
    decrement = Math.sqrt(Math.max(0, decrement));
    const length = decrement < SAFE_DECREMENT ? 1 : 1 / (1 + decrement);
    const next = {
      t: point.t - length * direction[0]!,
      weights: point.weights.map((weight, l) => weight - length * direction[l + 1]!),
    };
    if (!isFeasible(problem, next)) return point;
    point = next;
    if (decrement < CENTERED) return point;
  }
  return point;
}

/** t I + sign M(w), n x n. */
function slack({ nodes, edges }: Problem, { t, weights }: Point, sign: 1 | -1): Float64Array {
  const matrix = new Float64Array(nodes * nodes).fill(-sign / nodes);
  for (let i = 0; i < nodes; i++) matrix[i * nodes + i]! += t + sign;
  edges.forEach(([i, j], l) => {
    const weight = sign * weights[l]!;
    matrix[i * nodes + i]! -= weight;
    matrix[j * nodes + j]! -= weight;
    matrix[i * nodes + j]! += weight;
    matrix[j * nodes + i]! += weight;
  });
  return matrix;
}

function isFeasible(problem: Problem, point: Point): boolean {
  const { nodes } = problem;
  return ([1, -1] as const).every((sign) => cholesky(slack(problem, point, sign), nodes) !== undefined);
}

interface Derivatives {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** By (t, w_1, w_2, ...); undefined where rounding makes the point infeasible. */
function differentiate(problem: Problem, point: Point, tau: number): Derivatives | undefined {
  const { nodes, edges } = problem;
  const size = edges.length + 1;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  gradient[0] = tau;
  for (const sign of [1, -1] as const) {
    const inverse = inverseOf(slack(problem, point, sign), nodes);
    if (inverse === undefined) return undefined;
    addBarrier({ gradient, hessian }, { inverse, edges, nodes, sign });
  }
  return { gradient, hessian };
}

/**
 * Adds the derivatives of -log det(t I + sign M): with B_0 = I and B_l = -sign a_l a_l^T the derivative by coordinate k is
 * -tr(S B_k), the second by k and l tr(S B_k S B_l).
 */
function addBarrier(
  { gradient, hessian }: Derivatives,
  part: {
    readonly inverse: Float64Array;
    readonly edges: Problem['edges'];
    readonly nodes: number;
    readonly sign: 1 | -1;
  },
): void {
  const { inverse, edges, nodes, sign } = part;
  const size = edges.length + 1;
  for (let i = 0; i < nodes; i++) gradient[0]! -= inverse[i * nodes + i]!;
  for (let k = 0; k < inverse.length; k++) hessian[0]! += inverse[k]! * inverse[k]!;
  const column = new Float64Array(nodes);
  edges.forEach(([i, j], l) => {
    let square = 0;
    for (let r = 0; r < nodes; r++) {
      column[r] = inverse[i * nodes + r]! - inverse[j * nodes + r]!; // S a_l
      square += column[r]! * column[r]!;
    }
    gradient[l + 1]! += sign * (column[i]! - column[j]!);
    hessian[l + 1]! -= sign * square;
    hessian[(l + 1) * size]! -= sign * square;
    for (let m = 0; m < edges.length; m++) {
      const [p, q] = edges[m]!;
      hessian[(l + 1) * size + m + 1]! += (column[p]! - column[q]!) ** 2;
    }
  });
}
