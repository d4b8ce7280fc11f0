/**
 * How fast a mixing matrix mixes. A gossip step x <- W x shrinks the distance to the mean by the factor
 * max(|lambda_2|, |lambda_n|) or better (Boyd, Ghosh, Prabhakar and Shah 2006, section II), so the spectral gap is
 * 1 minus that: both ends of the spectrum count, since -0.6 slows as much as +0.6 (torus 4 x 4).
 *
 * Up to DENSE_NODES nodes every eigenvalue is computed, to about 1e-14. Above, Lanczos with the eigenvector
 * 1 / sqrt(n) deflated, to RELATIVE_TOLERANCE of the distance to 1: what rounds to a target follow from is the gap, and
 * a gap of 1e-4 known to 1e-6 would be known to a hundredth only. It fails rather than guess where the gap is too small
 * to resolve in reasonable time (a ring of many thousand nodes).
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom } from '../base/random.js';
import {
  type ExtremeEigenvalues,
  extremeEigenvalues,
  type LanczosOptions,
  type SymmetricOperator,
  topEigenvector,
} from '../linalg/lanczos.js';
import { symmetricEigenvalues } from '../linalg/symmetric-eigenvalues.js';
import { toDense } from './mixing.js';
import { mixingOperator } from './mixing-operator.js';
import type { MixingMatrix, Spectrum } from './topology.js';

/** Largest graph treated as a dense matrix: 600^3 * 4/3 multiplications are a fraction of a second. */
export const DENSE_NODES = 600;

/** Error allowed to a Lanczos eigenvalue, times its distance from the nearer of 1 and -1. */
const RELATIVE_TOLERANCE = 1e-8;

/** Least error asked for: rounding of some thousand steps, ||W|| being 1. */
const LEAST_TOLERANCE = 1e-13;

/** Most Lanczos steps: enough for a ring of 20,000 nodes. */
const MAX_LANCZOS_STEPS = 16_000;

/** Most multiplications by entries of W, a few seconds' worth: 4,000 steps at 100,000 nodes of degree 4. */
const MAX_LANCZOS_PRODUCTS = 2e9;

/**
 * lambda_2, lambda_n, gap and beta of W. One node alone counts as mixed at once, like a complete graph: gap 1,
 * beta 1, so that step size rules which divide by them stay finite.
 * @throws GrapevineError NOT_CONVERGED above DENSE_NODES nodes, when the tolerance is out of reach
 */
export function spectrumOf(mixing: MixingMatrix): Spectrum {
  const eigenvalues = eigenvaluesOf(mixing);
  return eigenvalues === null ? lanczosSpectrumOf(mixing) : spectrumFrom(eigenvalues);
}

/** All eigenvalues of W, ascending; null above DENSE_NODES nodes. */
export function eigenvaluesOf(mixing: MixingMatrix): Float64Array | null {
  const { nodes } = mixing.graph;
  return nodes > DENSE_NODES ? null : symmetricEigenvalues(toDense(mixing), nodes);
}

/** What `spectrumOf` gives, from all eigenvalues, ascending. */
export function spectrumFrom(eigenvalues: Float64Array): Spectrum {
  if (eigenvalues.length === 1) return fromExtremes(0, 0);
  return fromExtremes(eigenvalues.at(-2)!, eigenvalues[0]!);
}

/**
 * The same by Lanczos, at any size from 2 nodes.
 * @param maxSteps most products with W
 * @throws GrapevineError NOT_CONVERGED
 */
export function lanczosSpectrumOf(mixing: MixingMatrix, maxSteps = stepsAllowed(mixing)): Spectrum {
  const found = extremeEigenvalues(withoutMean(mixing), lanczosOptions(mixing, maxSteps));
  return fromExtremes(...convergedEnds(found, mixing.graph.nodes));
}

/**
 * Unit eigenvector of W to lambda_2: the Fiedler vector of the graph (Fiedler 1973; I - W is a weighted Laplacian),
 * whose signs part it where few and light edges are cut. Where lambda_2 is a multiple eigenvalue, as on a ring, one
 * of its eigenvectors, the same for the same matrix. From 2 nodes.
 * @throws GrapevineError NOT_CONVERGED
 */
export function fiedlerVectorOf(mixing: MixingMatrix): Float64Array {
  const { vector, found } = topEigenvector(withoutMean(mixing), lanczosOptions(mixing, stepsAllowed(mixing)));
  convergedEnds(found, mixing.graph.nodes);
  return vector;
}

function withoutMean(mixing: MixingMatrix): SymmetricOperator {
  const size = mixing.graph.nodes;
  return {
    size,
    multiplyInto: mixingOperator(mixing),
    deflated: [new Float64Array(size).fill(1 / Math.sqrt(size))],
  };
}

function lanczosOptions({ graph }: MixingMatrix, maxSteps: number): LanczosOptions {
  return {
    random: () => createRandom('spectrum', graph.nodes),
    tolerance: (value) => Math.max(LEAST_TOLERANCE, RELATIVE_TOLERANCE * (1 - Math.abs(value))),
    maxSteps,
  };
}

function convergedEnds(
  { largest, smallest, converged, steps }: ExtremeEigenvalues,
  nodes: number,
): readonly [number, number] {
  if (converged) return [largest.value, smallest.value];
  // Eigenvalues of T never lie outside the spectrum of W, so this bound is certain where the estimate of errors is not.
  const atMost = 1 - Math.max(largest.value, -smallest.value);
  throw new GrapevineError(
    'NOT_CONVERGED',
    `the spectral gap of this graph of ${nodes} nodes is too small to compute: at most ${atMost.toPrecision(3)}, as ${steps} Lanczos ` +
      `steps tell. Use fewer nodes or a better connected topology, for example random-regular.`,
    { nodes, atMost, steps },
  );
}

function stepsAllowed({ graph }: MixingMatrix): number {
  return Math.min(MAX_LANCZOS_STEPS, Math.ceil(MAX_LANCZOS_PRODUCTS / (graph.nodes + graph.targets.length)));
}

function fromExtremes(lambda2: number, lambdaMin: number): Spectrum {
  return {
    lambda2,
    lambdaMin,
    gap: 1 - Math.max(Math.abs(lambda2), Math.abs(lambdaMin)),
    beta: 1 - lambdaMin,
  };
}
