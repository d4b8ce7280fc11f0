/**
 * Adam (Kingma and Ba 2015, "Adam: a method for stochastic optimization", Algorithm 1):
 *
 *     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2,   t = t + 1
 *     x = x - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * with g = grad + lambda x, or, decoupled (AdamW: Loshchilov and Hutter 2019, "Decoupled weight decay regularization",
 * Algorithm 2), g = grad and x = (1 - eta lambda) x before the step.
 *
 * m and v stay with the peer; gossip moves x alone. t counts the steps of all rounds.
 */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** lambda. */
  readonly weightDecay: number;
  /** 1: AdamW. */
  readonly decoupled: 0 | 1;
}

/** Plain arrays, for a checkpoint. */
export type AdamState = {
  /** m. */
  readonly mean: Float32Array;
  /** v. */
  readonly variance: Float32Array;
  /** One entry: t. */
  readonly steps: Uint32Array;
};

export interface AdamRun {
  readonly state: AdamState;
  /** eta of the step. */
  readonly learningRate: number;
}

export function createAdamState(size: number): AdamState {
  return { mean: new Float32Array(size), variance: new Float32Array(size), steps: new Uint32Array(1) };
}

export function adamStepInto(
  parameters: Float32Array,
  gradient: Float32Array,
  step: { readonly run: AdamRun; readonly options: AdamOptions },
): void {
  const { beta1, beta2, epsilon, weightDecay, decoupled } = step.options;
  const { learningRate } = step.run;
  const { mean, variance, steps } = step.run.state;
  const t = ++steps[0]!;
  const [coupled, kept] = decoupled === 1 ? [0, 1 - learningRate * weightDecay] : [weightDecay, 1];
  const rate = learningRate / (1 - beta1 ** t);
  const scale = 1 / Math.sqrt(1 - beta2 ** t);
  for (let k = 0; k < parameters.length; k++) {
    const x = parameters[k]!;
    const g = gradient[k]! + coupled * x;
    const m = beta1 * mean[k]! + (1 - beta1) * g;
    const v = beta2 * variance[k]! + (1 - beta2) * g * g;
    mean[k] = m;
    variance[k] = v;
    parameters[k] = kept * x - (rate * m) / (Math.sqrt(v) * scale + epsilon);
  }
}
