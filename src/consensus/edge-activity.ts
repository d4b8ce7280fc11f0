/**
 * Which edges exchange in a round: each with the same probability, by a draw that its two ends share, so that half of
 * the links, say, cost nothing and nobody has to announce which. A random subgraph a round, as in MATCHA (Wang, Sahu,
 * Yang, Joshi and Kar 2019, "MATCHA: speeding up decentralized SGD via matching decomposition sampling"), with
 * independent edges in place of matchings: W_t = I - sum over active edges of w_ij L_ij is symmetric whatever is drawn,
 * so the mean is kept.
 *
 * The draw is by the peer's own round. Where rounds have come apart, as they do after a silence, whoever is ahead answers
 * for the round of the other.
 */
import { createRandom, uniform } from '../base/random.js';
import type { AlgorithmContext } from './algorithm.js';
import type { PeerState } from './peer-state.js';

/** Whether the round under way is one of the edge's rounds. */
export function isInTurn({ context, round, options }: PeerState, neighbor: number): boolean {
  return isEdgeActive(context, { neighbor, round, share: options.edgeActivity ?? 1 });
}

/** True when the edge to `neighbor` exchanges in `round`, where each does so in a `share` of all rounds. */
export function isEdgeActive(
  { randomFor }: Pick<AlgorithmContext, 'randomFor'>,
  at: { readonly neighbor: number; readonly round: number; readonly share: number },
): boolean {
  if (at.share >= 1) return true;
  return uniform(createRandom('edge activity', at.round, ...randomFor('both-ends', at.neighbor))) < at.share;
}
