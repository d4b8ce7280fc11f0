/**
 * Skewed sizes: shares of the data drawn from Dir(alpha, ..., alpha) over the peers, labels alike (Li, Diao, Chen and
 * He 2022, "Federated learning on non-IID data silos", ICDE, section IV-C). Every peer holds one sample before the
 * shares are applied, so that none is left without; what rounding leaves over goes to the largest remainders.
 */
import { type DirichletOptions, drawShares } from './dirichlet.js';

/** Samples of each peer: [peers], each at least 1, `count` in all. Wants count >= peers. */
export function quantitySizes(count: number, peers: number, { alpha, random }: DirichletOptions): number[] {
  const shares = drawShares(random, alpha, new Array<boolean>(peers).fill(true));
  const exact = shares.map((share) => share * (count - peers));
  const sizes = exact.map((size) => 1 + Math.floor(size));
  const left = count - sizes.reduce((a, b) => a + b, 0);
  const byRemainder = exact
    .map((size, peer) => ({ peer, remainder: size - Math.floor(size) }))
    .sort((a, b) => b.remainder - a.remainder || a.peer - b.peer);
  for (const { peer } of byRemainder.slice(0, left)) sizes[peer]!++;
  return sizes;
}
