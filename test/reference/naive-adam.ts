/**
 * Twin of adam.ts in float64, one number at a time: Algorithm 1 of Kingma and Ba 2015 with the corrected moments written
 * out, and Algorithm 2 of Loshchilov and Hutter 2019, whose lambda eta_t x is subtracted beside the step.
 */
export interface NaiveAdamOptions {
  readonly eta: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly lambda: number;
  readonly decoupled: boolean;
}

/** theta_0, theta_1, ... under the gradients g_t = gradient(theta_(t - 1)). */
export function naiveAdam(
  start: number,
  steps: number,
  options: NaiveAdamOptions & { readonly gradient: (theta: number, t: number) => number },
): number[] {
  const { eta, beta1, beta2, epsilon, lambda, decoupled, gradient } = options;
  const thetas = [start];
  let [m, v] = [0, 0];
  for (let t = 1; t <= steps; t++) {
    const theta = thetas[t - 1]!;
    const g = gradient(theta, t) + (decoupled ? 0 : lambda * theta);
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const mHat = m / (1 - beta1 ** t);
    const vHat = v / (1 - beta2 ** t);
    const step = (eta * mHat) / (Math.sqrt(vHat) + epsilon);
    thetas.push(theta - step - (decoupled ? eta * lambda * theta : 0));
  }
  return thetas;
}
