/**
 * How large CHOCO's consensus step gamma may be, for a spectral gap delta, beta = ||I - W|| and a contraction omega:
 *
 *     automatic   min(1, (1 / sqrt(1 - omega) - 1) / beta)                    ours, a heuristic, near the best grid value
 *     theory      delta^2 omega / (16 delta + delta^2 + 4 beta^2 + 2 delta beta^2 - 8 delta omega)
 *                 (Koloskova, Lin, Stich and Jaggi 2020, "Decentralized deep learning with arbitrary communication
 *                 compression", Theorem 4.1): proved to converge, a hundred times smaller
 *     bound       delta (1 - a) / (a beta (beta + delta)), a = sqrt(1 - omega): below it the two norms ||x - mean|| and
 *                 ||x - xHat|| cannot both grow, by the triangle inequality alone
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
