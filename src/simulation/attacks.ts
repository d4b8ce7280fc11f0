/**
 * What a peer that lies passes off as its trained parameters. Everything else about it is correct: it gossips by the
 * protocol, so nothing but the numbers can give it away. Liars of the literature know all honest peers' models and act
 * together; that is possible in a simulation only.
 *
 *     sign-flip             mean(start) - strength (mean(trained) - mean(start))     the step back, `strength` times as long
 *     noise                 mean(trained) + strength N(0, 1)
 *     a-little-is-enough    mean(trained) - strength std(trained), entry by entry
 *
 * where means run over the honest peers. The last is of Baruch, Baruch and Goldberg 2019, "A little is enough:
 * circumventing defenses for distributed learning", with z = strength: small enough to hide among the honest peers, and
 * the same way in every round. The z that their formula allows 2 liars among 16 peers is 0; 1.5 is their code's.
 */
import { gaussian, type Random } from '../base/random.js';

export const attackNames = ['sign-flip', 'noise', 'a-little-is-enough'] as const;
export type AttackName = (typeof attackNames)[number];

export interface AttackOptions {
  readonly attack: AttackName;
  /** Steps, standard deviation of the noise, or standard deviations z. @default defaultStrengths */
  readonly strength?: number;
}

/** Chosen so that plain gossip among 16 peers, 2 of which lie, feels each (docs/consensus.md, "Robustness"). */
export const defaultStrengths: Readonly<Record<AttackName, number>> = {
  'sign-flip': 10,
  noise: 1,
  'a-little-is-enough': 1.5,
};

/** What liars know: the latest local steps of every honest peer. */
export interface HonestModels {
  /** Parameters before them. */
  readonly starts: readonly Float32Array[];
  /** Parameters after them. */
  readonly trained: readonly Float32Array[];
}

/** Of those that have trained; null where nobody has. */
export function modelsOf(
  latest: readonly { readonly start: Float32Array; readonly trained: Float32Array }[],
): HonestModels | null {
  if (latest.length === 0) return null;
  return { starts: latest.map(({ start }) => start), trained: latest.map(({ trained }) => trained) };
}

/** The parameters that a liar claims. `honest` is never empty. */
export type Attack = (honest: HonestModels, random: Random) => Float32Array;

function meanAt(vectors: readonly Float32Array[], k: number): number {
  let sum = 0;
  for (const vector of vectors) sum += vector[k]!;
  return sum / vectors.length;
}

function deviationAt(vectors: readonly Float32Array[], k: number, mean: number): number {
  let sum = 0;
  for (const vector of vectors) sum += (vector[k]! - mean) ** 2;
  return Math.sqrt(sum / vectors.length);
}

function claim(name: AttackName, honest: HonestModels, at: { k: number; strength: number; random: Random }) {
  const { k, strength, random } = at;
  const trained = meanAt(honest.trained, k);
  if (name === 'noise') return trained + strength * gaussian(random);
  if (name === 'a-little-is-enough') return trained - strength * deviationAt(honest.trained, k, trained);
  const start = meanAt(honest.starts, k);
  return start - strength * (trained - start);
}

export function createAttack({ attack, strength = defaultStrengths[attack] }: AttackOptions): Attack {
  return (honest, random) =>
    Float32Array.from(honest.trained[0]!, (_, k) => claim(attack, honest, { k, strength, random }));
}
