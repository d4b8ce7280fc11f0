/**
 * The same weight on every edge, W = I - alpha L for the Laplacian L = D - A (Xiao and Boyd 2004, "Fast linear iterations
 * for distributed averaging", section 4):
 *
 *     max-degree       alpha = 1 / (1 + d_max)                          W is non-negative, for any graph
 *     best-constant    alpha = 2 / (lambda_2(L) + lambda_max(L))        the largest spectral gap there is
 *
 * with gap 2 lambda_2(L) / (lambda_2(L) + lambda_max(L)) for the latter, whose self weights may be negative.
 */
import { degreeOf, type Graph } from './graph.js';
import { complementsOf } from './mixing.js';
import { spectrumOf } from './spectrum.js';
import type { MixingMatrix } from './topology.js';

/** W = I - alpha L. */
export function constantWeights(graph: Graph, alpha: number): MixingMatrix {
  const weights = new Float64Array(graph.targets.length).fill(alpha);
  return { graph, weights, selfWeights: complementsOf(graph, weights) };
}

export function maxDegreeWeights(graph: Graph): MixingMatrix {
  let most = 0;
  for (let i = 0; i < graph.nodes; i++) most = Math.max(most, degreeOf(graph, i));
  return constantWeights(graph, 1 / (1 + most));
}

/**
 * alpha of the best constant weight of a connected graph, from the spectrum of max-degree's W, in which lambda(L) =
 * (1 - lambda(W)) (1 + d_max).
 * @throws GrapevineError NOT_CONVERGED where the spectrum of a large graph cannot be computed
 */
export function bestConstant(graph: Graph): number {
  if (graph.nodes === 1) return 0;
  const mixing = maxDegreeWeights(graph);
  const { lambda2, lambdaMin } = spectrumOf(mixing);
  return (2 * mixing.weights[0]!) / (2 - lambda2 - lambdaMin);
}

/** @throws GrapevineError NOT_CONVERGED */
export function bestConstantWeights(graph: Graph): MixingMatrix {
  return constantWeights(graph, bestConstant(graph));
}
