/**
 * Quasi-global momentum (Lin, Karimireddy, Stich and Jaggi 2021, "Quasi-global momentum: accelerating
 * decentralized deep learning on heterogeneous data", ICML, Algorithm 1). Local momentum amplifies each peer's
 * own direction, which on skewed data points away from the others'. QG remembers instead how far the parameters
 * have moved over a round, gossip included: a local stand-in for the momentum of the mean model, at no byte.
 *
 *     in a step     g = grad + lambda x,  m = mu m^ + g,  u = g + mu m (Nesterov) or m,  x = x - eta u
 *     once a round  m^ = mu m^ + (1 - mu) (x_start - x_now) / (eta H)
 *
 * x_start is where the last round began, x_now where this one begins; H = 1 is the paper's algorithm. Where a schedule
 * moves eta, the last round's mean divides what the last round has moved.
 *
 * Guard, ours: where consensus is weak, gossip can move the parameters much farther than gradients do, and dividing that
 * by eta blows m^ up: m^ drives peers apart, gossip pulls them back, and that enters m^ again. With x_end what training
 * handed to gossip, the displacement is (x_start - x_end) + (x_end - x_now), and its gossip part is clipped to KAPPA times
 * the norm of what *gradients* moved, x_start - x_end - eta H mu^2 m^ (mu m^ without Nesterov). Not of all that training
 * moved: m^ would raise its own bound, and did (docs/consensus.md). So
 *
 *     ||m^'|| <= (mu + (1 - mu) mu^2) ||m^|| + (1 - mu) (1 + KAPPA) ||gradients' part|| / (eta H),
 *
 * whose factor is below 1: m^ is bounded by the gradients, whatever gossip does.
 */

import { absorbDisplacementInto, displacementEnergies } from '../linalg/displacement.js';
import { createVectorSource } from '../linalg/vectors.js';

export interface MomentumOptions {
  /** mu. */
  readonly momentum: number;
  readonly nesterov: 0 | 1;
  /** lambda. */
  readonly weightDecay: number;
}

/** Loose enough to leave healthy runs alone, to the bit in those tried: there, gossip moves less than gradients do. */
export const KAPPA = 10;

/** Plain arrays, for a checkpoint. */
export type QuasiGlobalState = {
  /** m^. */
  readonly buffer: Float32Array;
  /** x_start and x_end of the last round. */
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** One entry: rounds begun. */
  readonly rounds: Uint32Array;
};

export interface QuasiGlobalRun {
  readonly state: QuasiGlobalState;
  /** eta of the step under way. */
  readonly learningRate: number;
  /** Mean of eta over the last round. @default learningRate */
  readonly lastRate?: number;
  /** H. */
  readonly localSteps: number;
}

/** State before the first round: m^ = 0. */
export function createQuasiGlobalState(size: number): QuasiGlobalState {
  const createVector = createVectorSource(3, size);
  return { buffer: createVector(), start: createVector(), end: createVector(), rounds: new Uint32Array(1) };
}

/**
 * Factor of the gossip part of the displacement: 1, or less where the guard clips it.
 * @param carry what of m^ the steps of the round have moved: eta H mu^2, or eta H mu without Nesterov
 */
export function gossipFactor(
  { start, end, buffer }: QuasiGlobalState,
  now: Float32Array,
  carry: number,
): number {
  const [gradients, gossip] = displacementEnergies({ start, end, now }, { buffer, carry });
  return gossip <= KAPPA * KAPPA * gradients ? 1 : KAPPA * Math.sqrt(gradients / gossip);
}

/** Takes what gossip made of the last round into m^, and notes where this round starts. */
export function beginQuasiGlobalRound(
  run: QuasiGlobalRun,
  parameters: Float32Array,
  options: MomentumOptions,
): void {
  const { buffer, start, end, rounds } = run.state;
  if (rounds[0]! > 0) {
    const mu = options.momentum;
    const rates = (run.lastRate ?? run.learningRate) * run.localSteps;
    const factor = gossipFactor(run.state, parameters, rates * mu * (options.nesterov === 1 ? mu : 1));
    const gain = (1 - mu) / rates;
    absorbDisplacementInto(buffer, { start, end, now: parameters }, { keep: mu, gain, factor });
  }
  start.set(parameters);
  rounds[0]!++;
}

/** One local step; m^ stays as it is for the whole round. */
export function quasiGlobalStepInto(
  parameters: Float32Array,
  gradient: Float32Array,
  step: { readonly run: QuasiGlobalRun; readonly options: MomentumOptions },
): void {
  const { momentum, nesterov, weightDecay } = step.options;
  const { learningRate } = step.run;
  const { buffer } = step.run.state;
  for (let k = 0; k < parameters.length; k++) {
    const g = gradient[k]! + weightDecay * parameters[k]!;
    const m = momentum * buffer[k]! + g;
    parameters[k]! -= learningRate * (nesterov === 1 ? g + momentum * m : m);
  }
}

/** Notes what training hands to gossip. */
export function endQuasiGlobalRound(run: QuasiGlobalRun, parameters: Float32Array): void {
  run.state.end.set(parameters);
}
