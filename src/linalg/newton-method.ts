/**
 * The minimizer of a smooth strongly convex function, to working precision.
 *
 * Newton's method; each step solves H p = -g by conjugate gradients on Hessian products (Nocedal and Wright 2006,
 * Numerical Optimization, algorithm 7.1). The step is halved until ||g|| falls: along the Newton direction the
 * derivative of ||g||^2 is -2 ||g||^2, so some step always does, and near the minimizer the whole step does. It ends
 * when no step of the last halvings makes ||g|| smaller, which is rounding, or when ||g|| is below `tolerance`.
 */
import { GrapevineError } from '../base/errors.js';
import { addScaledInto, dot, squaredDistance } from './real-vectors.js';

/** A function that has Hessian products; both write into `out`. */
export interface SmoothFunction {
  gradientInto(out: Float64Array, x: Float64Array): void;
  /** out = (Hessian at x) v. */
  hessianProductInto(out: Float64Array, x: Float64Array, v: Float64Array): void;
}

export interface NewtonOptions {
  /** ||gradient|| at which the search ends, >= 0. */
  readonly tolerance: number;
  /** A gradient at which rounding may end the search; above it NOT_CONVERGED. Absent: whatever is reached. */
  readonly acceptable?: number;
}

/** Ten are usual from afar; more means that the function is not what it says. */
const MAX_NEWTON_STEPS = 100;
/** 2^-30 of a step changes nothing in a double that 30 more halvings would mend. */
const MAX_HALVINGS = 30;
/** Products for d unknowns: rounding makes conjugate gradients need more than d. */
const PRODUCTS_PER_UNKNOWN = 4;
const LINEAR_TOLERANCE = 1e-12;

/** p with H(x) p = -g, by conjugate gradients from 0. */
function newtonDirection(f: SmoothFunction, x: Float64Array, gradient: Float64Array): Float64Array {
  const p = new Float64Array(x.length);
  const residual = gradient.map((value) => -value);
  const direction = residual.slice();
  const product = new Float64Array(x.length);
  let energy = dot(residual, residual);
  const enough = energy * LINEAR_TOLERANCE ** 2;
  for (let k = 0; k < PRODUCTS_PER_UNKNOWN * x.length && energy > enough; k++) {
    f.hessianProductInto(product, x, direction);
    const step = energy / dot(direction, product);
    addScaledInto(p, direction, step);
    addScaledInto(residual, product, -step);
    const next = dot(residual, residual);
    for (let i = 0; i < direction.length; i++) direction[i] = residual[i] + (next / energy) * direction[i];
    energy = next;
  }
  return p;
}

/**
 * argmin f, from `start`.
 * @throws GrapevineError NOT_CONVERGED when ||gradient|| stays above `acceptable`.
 */
export function minimizeSmooth(f: SmoothFunction, start: Float64Array, options: NewtonOptions): Float64Array {
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  f.gradientInto(gradient, x);
  let squares = squaredDistance(gradient);
  for (let k = 0; k < MAX_NEWTON_STEPS && squares > options.tolerance ** 2; k++) {
    const direction = newtonDirection(f, x, gradient);
    let improved = false;
    for (let halving = 0; halving < MAX_HALVINGS && !improved; halving++) {
      const trial = x.slice();
      addScaledInto(trial, direction, 2 ** -halving);
      const there = new Float64Array(x.length);
      f.gradientInto(there, trial);
      const reached = squaredDistance(there);
      if (reached < squares) [x, gradient, squares, improved] = [trial, there, reached, true];
    }
    if (!improved) break;
  }
  const norm = Math.sqrt(squares);
  if (options.acceptable !== undefined && !(norm <= options.acceptable)) {
    throw new GrapevineError(
      'NOT_CONVERGED',
      `Newton's method stopped at a gradient of norm ${norm}, wanted ${options.acceptable}. Use a smaller condition number.`,
      { norm },
    );
  }
  return x;
}
