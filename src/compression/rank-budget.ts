/**
 * A byte budget spread over layers: each has rank 1, and then the vector that captures most of ||Z||^2 for its bytes is
 * bought next, in whatever layer, until none fits. Within a layer the vectors come in order of energy, so that gains
 * only fall, and taking the best first is the best use of the budget up to the last vector (the fractional knapsack).
 */

/** What a layer offers. */
export interface RankOffer {
  /** Energy of vectors 1, 2, ..., most first; as many as the rank may be, at least one. */
  readonly energies: ArrayLike<number>;
  /** Bytes of the layer at a rank. */
  bytesAt(rank: number): number;
}

/** Ranks that the budget buys; `bytes` may be less than rank 1 of all takes, and then that is what is bought. */
export function spreadBudget(offers: readonly RankOffer[], bytes: number): number[] {
  const ranks = offers.map(() => 1);
  let left = bytes - offers.reduce((sum, offer) => sum + offer.bytesAt(1), 0);
  for (;;) {
    let best = -1;
    let bestGain = Number.NEGATIVE_INFINITY;
    offers.forEach((offer, k) => {
      const rank = ranks[k]!;
      if (rank >= offer.energies.length) return;
      const price = offer.bytesAt(rank + 1) - offer.bytesAt(rank);
      const gain = offer.energies[rank]! / price;
      if (price > left || gain <= bestGain) return;
      best = k;
      bestGain = gain;
    });
    if (best < 0) return ranks;
    left -= offers[best]!.bytesAt(ranks[best]! + 1) - offers[best]!.bytesAt(ranks[best]!);
    ranks[best]!++;
  }
}

/** The smallest rank whose vectors hold `share` of `total`; all when they do not. */
export function rankForEnergy(energies: ArrayLike<number>, share: number, total: number): number {
  let sum = 0;
  for (let c = 0; c < energies.length; c++) {
    sum += energies[c]!;
    if (sum >= share * total) return c + 1;
  }
  return energies.length;
}
