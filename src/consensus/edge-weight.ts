/**
 * The weight of an edge whose ends gain or lose neighbors: Metropolis' rule (Xiao, Boyd and Kim 2007, "Distributed average
 * consensus with least-mean-square deviation", section 2) with the degrees of the moment,
 *
 *     w_ij = 1 / (1 + max(d_i, d_j))
 *
 * A peer whose neighbors have changed says its degree in every delta. Both ends have both deltas of an exchange, and so
 * the same two degrees, whenever either applies it: they change the weight in the same exchange, without a word about when.
 * W stays symmetric, and its rows sum to 1 with w_ii >= 0 as soon as every peer counts its present edges.
 *
 * Where one end has said nothing, its degree is the topology's, for which the weight from the mixing matrix stands: the
 * smaller of that and 1 / (1 + d) of the other end.
 */
import type { EdgeState, PeerState } from './peer-state.js';

/** w_ij of the exchange for which `edge` has both deltas. */
export function weightOfExchange({ matrixWeight, own, theirs }: EdgeState): number {
  const degrees = [own?.degree, theirs?.degree].filter((degree) => degree !== undefined);
  const metropolis = 1 / (1 + Math.max(...degrees, 0));
  if (degrees.length === 2) return metropolis;
  return degrees.length === 0 ? matrixWeight : Math.min(matrixWeight, metropolis);
}

/** What this peer's deltas say of its neighbors; nothing while they are those of the topology. */
export function degreeToSend({ edges, rewired }: PeerState): { readonly degree?: number } {
  return rewired
    ? { degree: edges.filter(({ status, retiring }) => status !== 'closed' && !retiring).length }
    : {};
}
