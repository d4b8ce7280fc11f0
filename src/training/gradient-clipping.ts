/**
 * Gradient clipping by the norm of the whole gradient (Pascanu, Mikolov and Bengio 2013, "On the difficulty of training
 * recurrent neural networks", Algorithm 1): g = g min(1, limit / ||g||), before momentum and weight decay see it.
 */
import { sumOfSquares } from '../linalg/pairs.js';

/** Scales `gradient` in place; one that is not finite stays so. */
export function clipInPlace(gradient: Float32Array, limit: number): void {
  const norm = Math.sqrt(sumOfSquares(gradient));
  if (!(norm > limit)) return;
  const factor = limit / norm;
  for (let k = 0; k < gradient.length; k++) gradient[k]! *= factor;
}
