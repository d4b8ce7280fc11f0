/**
 * How fast a mixing matrix mixes. A gossip step x <- W x shrinks the distance to the mean by the factor
 * max(|lambda_2|, |lambda_n|) or better (Boyd, Ghosh, Prabhakar and Shah 2006, section II), so the spectral gap is
 * 1 minus that: both ends of the spectrum count, since -0.6 slows as much as +0.6 (torus 4 x 4).
 *
 * Up to DENSE_NODES nodes every eigenvalue is computed, to about 1e-14. Above, Lanczos with the eigenvector
 * 1 / sqrt(n) deflated, to SPECTRUM_TOLERANCE; it fails rather than guess where the gap is too small to resolve
 * in reasonable time (a ring of many thousand nodes).
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom } from '../base/random.js';
import { extremeEigenvalues } from '../linalg/lanczos.js';
import { symmetricEigenvalues } from '../linalg/symmetric-eigenvalues.js';
import { mixInto, toDense } from './mixing.js';
import type { MixingMatrix, Spectrum } from './topology.js';

/** Largest graph treated as a dense matrix: 600^3 * 4/3 multiplications are a fraction of a second. */
export const DENSE_NODES = 600;

/** Absolute error allowed to a Lanczos eigenvalue; ||W|| = 1, so it is relative too. */
const SPECTRUM_TOLERANCE = 1e-9;

/** Most Lanczos steps: enough for a ring of 7,000 nodes; the tridiagonal problem of that size takes a second. */
const MAX_LANCZOS_STEPS = 4000;

/** Most multiplications by entries of W, a few seconds' worth: 2,000 steps at 100,000 nodes of degree 4. */
const MAX_LANCZOS_PRODUCTS = 1e9;

/**
 * lambda_2, lambda_n, gap and beta of W. One node alone counts as mixed at once, like a complete graph: gap 1,
 * beta 1, so that step size rules which divide by them stay finite.
 * @throws GrapevineError NOT_CONVERGED above DENSE_NODES nodes, when the tolerance is out of reach
 */
export function spectrumOf(mixing: MixingMatrix): Spectrum {
  const { nodes } = mixing.graph;
  if (nodes === 1) return fromExtremes(0, 0);
  if (nodes > DENSE_NODES) return lanczosSpectrumOf(mixing);
  const ascending = symmetricEigenvalues(toDense(mixing), nodes);
  return fromExtremes(ascending[nodes - 2]!, ascending[0]!);
}

/**
 * The same by Lanczos, at any size from 2 nodes.
 * @param maxSteps most products with W
 * @throws GrapevineError NOT_CONVERGED
 */
export function lanczosSpectrumOf(mixing: MixingMatrix, maxSteps = stepsAllowed(mixing)): Spectrum {
  const size = mixing.graph.nodes;
  const found = extremeEigenvalues(
    {
      size,
      multiplyInto: (out, x) => mixInto(out, mixing, x),
      deflated: [new Float64Array(size).fill(1 / Math.sqrt(size))],
    },
    { random: createRandom('spectrum', size), tolerance: SPECTRUM_TOLERANCE, maxSteps },
  );
  if (found.residual > SPECTRUM_TOLERANCE) {
    throw new GrapevineError(
      'NOT_CONVERGED',
      `the spectral gap of this graph of ${size} nodes is too small to compute: residual ${found.residual.toExponential(1)} after ` +
        `${found.steps} Lanczos steps, wanted ${SPECTRUM_TOLERANCE}. Use fewer nodes or a better connected topology, for example random-regular.`,
      { nodes: size, residual: found.residual, steps: found.steps },
    );
  }
  return fromExtremes(found.largest, found.smallest);
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
