/**
 * How large CHOCO's consensus step gamma may be, for a spectral gap delta, beta = ||I - W|| and a contraction omega:
 *
 *     automatic   min(1, (1 / sqrt(1 - omega) - 1) / beta)                    ours, a heuristic, near the best grid value
 *     theory      delta^2 omega / (16 delta + delta^2 + 4 beta^2 + 2 delta beta^2 - 8 delta omega)
 *                 (Koloskova, Lin, Stich and Jaggi 2020, "Decentralized deep learning with arbitrary communication
 *                 compression", Theorem 4.1): proved to converge, a hundred times smaller
 *     bound       delta (1 - a) / (a beta (beta + delta)), a = sqrt(1 - omega): below it the two norms ||x - mean|| and
 *                 ||x - xHat|| cannot both grow, by the triangle inequality alone
 *     values      min(automatic, (delta omega / (beta^4 (1 - omega)))^(1/3))    ours, where values are compressed with
 *                 error feedback: e never vanishes, ||e||^2 is about (1 - omega) / omega ||x||^2. In
 *                 y = x - gamma (I - W) e the errors telescope but for gamma^2 (I - W)^2 e a round, which adds
 *                 gamma^4 beta^4 ||e||^2 where gossip takes 2 gamma delta ||x||^2; the step is where the first is half of the second
 */

/** Of a topology. */
export interface MixingConstants {
  /** delta. */
  readonly gap: number;
  readonly beta: number;
}

/** 0 while nothing has been measured. */
export function automaticGamma(omega: number | null, beta: number): number {
  if (omega === null || omega <= 0) return 0;
  return omega >= 1 ? 1 : Math.min(1, (1 / Math.sqrt(1 - omega) - 1) / beta);
}

/** The automatic step for algorithms that compress values: smaller where a graph mixes slowly and the compressor is rough. */
export function automaticValueGamma(omega: number | null, { gap, beta }: MixingConstants): number {
  const step = automaticGamma(omega, beta);
  if (omega === null || step === 0 || omega >= 1) return step;
  return Math.min(step, Math.cbrt((gap * omega) / (beta ** 4 * (1 - omega))));
}

/** The step of the theorem; 0 while nothing has been measured. */
export function theoreticalGamma(omega: number | null, { gap, beta }: MixingConstants): number {
  if (omega === null || omega <= 0) return 0;
  const square = gap * gap;
  return (square * omega) / (16 * gap + square + 4 * beta ** 2 + 2 * gap * beta ** 2 - 8 * gap * omega);
}

/** Stable below; infinite where nothing is lost. */
export function stableGammaBound(omega: number, { gap, beta }: MixingConstants): number {
  const a = Math.sqrt(1 - omega);
  return (gap * (1 - a)) / (a * beta * (beta + gap));
}
