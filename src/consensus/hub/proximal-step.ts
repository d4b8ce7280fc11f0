/**
 * The server's step of OLGA: argmin_x <t, x - c> + ||x - c||^2 / (2 theta) + f_1(x), exact but for rounding.
 * No communication: f_1 is the server's own data.
 */
import { minimizeSmooth, type SmoothFunction } from '../../linalg/newton-method.js';
import { squaredDistance } from '../../linalg/real-vectors.js';

export interface ProximalStep {
  /** f_1 */
  readonly server: SmoothFunction;
  /** t */
  readonly slope: Float64Array;
  /** c, where the search begins too. */
  readonly center: Float64Array;
  readonly theta: number;
}

/** Share of the first gradient at which the step is exact: what is left is far below that of the outer method. */
const RELATIVE_TOLERANCE = 1e-13;

/** The minimizer; a new vector. */
export function proximalStep({ server, slope, center, theta }: ProximalStep): Float64Array {
  const penalized: SmoothFunction = {
    gradientInto(out, x) {
      server.gradientInto(out, x);
      for (let k = 0; k < out.length; k++) out[k] += slope[k] + (x[k] - center[k]) / theta;
    },
    hessianProductInto(out, x, v) {
      server.hessianProductInto(out, x, v);
      for (let k = 0; k < out.length; k++) out[k] += v[k] / theta;
    },
  };
  const first = new Float64Array(center.length);
  penalized.gradientInto(first, center);
  return minimizeSmooth(penalized, center, {
    tolerance: RELATIVE_TOLERANCE * Math.sqrt(squaredDistance(first)),
  });
}
