/**
 * Step size, rate and noise floor of Artemis, for any number of workers, participation and compressors.
 *
 * Gorbunov, Hanzely and Richtarik 2020, theorem 4.1: from
 *
 *     E ||step||^2 <= 2 A (f - f*) + B s^2 + D1,      E s_{t+1}^2 <= (1 - rho) s_t^2 + 2 C (f - f*) + D2
 *
 * follows, for M > B / rho and gamma <= 1 / (A + C M), that E ||w - w*||^2 + M gamma^2 s^2 falls by
 * max{1 - gamma mu, 1 + B / M - rho} a round down to gamma^2 (D1 + M D2) / (gamma mu). Here s^2 = mean_i ||h_i - grad
 * f_i(w*)||^2, M = 2 B / rho, U = (1 + U_up) / p - 1 (compression and participation together), rho = alpha p, and with
 * E ||g_i - grad f_i(w*)||^2 <= 2 l (f_i's Bregman distance) + v:
 *
 *     full gradients      l = L_max, v = 0
 *     batches             l = 2 l_sample, v = 2 sigma_*^2 / batch;  the gradient's variance is at most that, too
 *     A = (1 + U_dwn) (L + 2 U l / N [+ (1 + U) l / N for batches])    B = (1 + U_dwn) 2 U / N      C = rho l
 *     D1 = (1 + U_dwn) (1 + U) v / N,   D2 = rho v
 *
 * Without memory s^2 = B^2, the heterogeneity at the optimum, is constant: M = 0, and B s^2 adds to D1.
 */
import type { HubConstants } from './hub-algorithm.js';

export interface ArtemisSetting {
  readonly constants: HubConstants;
  /** N */
  readonly workers: number;
  /** Probability of taking part. */
  readonly p: number;
  readonly upU: number;
  readonly downU: number;
  /** 0: no memory. */
  readonly alpha: number;
  /** Gradients of batches. */
  readonly stochastic: boolean;
}

export interface ArtemisTheory {
  readonly gamma: number;
  /** alpha p; 2 without memory, where it limits nothing. */
  readonly rho: number;
  /** The floor of E ||w - w*||^2 is gamma / mu times (floorFactor v + heterogeneityFactor B^2), v = 2 sigma_*^2 / batch. */
  readonly floorFactor: number;
  readonly heterogeneityFactor: number;
}

export function artemisTheory(setting: ArtemisSetting): ArtemisTheory {
  const { constants, workers, p, upU, downU, alpha, stochastic } = setting;
  const U = (1 + upU) / p - 1;
  const l = stochastic ? 2 * constants.sampleL : Math.max(...constants.workerL);
  const batchTerm = stochastic ? ((1 + U) * l) / workers : 0;
  const A = (1 + downU) * (constants.L + (2 * U * l) / workers + batchTerm);
  const B = ((1 + downU) * 2 * U) / workers;
  const D1 = ((1 + downU) * (1 + U)) / workers;
  if (alpha === 0) return { gamma: 1 / A, rho: 2, floorFactor: D1, heterogeneityFactor: B };
  // C M = rho l (2 B / rho), and M D2 = (2 B / rho) rho v
  return { gamma: 1 / (A + 2 * B * l), rho: alpha * p, floorFactor: D1 + 2 * B, heterogeneityFactor: 0 };
}
