/**
 * Which edges exchange in a round, and with which weight.
 *
 * A time-varying topology says so by its schedule: in round t the edges of W_t, with the weights of W_t, which all peers
 * compute alike. Where two ends contribute to one exchange in different rounds, as they do after a silence, the earlier one
 * counts: both see both numbers.
 *
 * And by chance, with `edgeActivity`: each with the same probability, by a draw that its two ends share, so that half of
 * the links, say, cost nothing and nobody has to announce which. A random subgraph a round, as in MATCHA (Wang, Sahu,
 * Yang, Joshi and Kar 2019, "MATCHA: speeding up decentralized SGD via matching decomposition sampling"), with
 * independent edges in place of matchings: W_t = I - sum over active edges of w_ij L_ij is symmetric whatever is drawn,
 * so the mean is kept.
 *
 * The draw is by the peer's own round. Where rounds have come apart, as they do after a silence, whoever is ahead answers
 * for the round of the other.
 */
import { createRandom, uniform } from '../base/random.js';
import { weightOf } from '../topology/topology.js';
import type { AlgorithmContext } from './algorithm.js';
import { weightOfExchange } from './edge-weight.js';
import type { EdgeState, PeerState } from './peer-state.js';

/** Whether the round under way is one of the edge's rounds. */
export function isInTurn({ algorithm, context, round, options }: PeerState, neighbor: number): boolean {
  // An algorithm that names its partners has looked at the schedule itself: push-sum's arcs are not the edges of W_t.
  if (algorithm.partners === undefined && scheduledWeight(context, neighbor, round) === 0) return false;
  return isEdgeActive(context, { neighbor, round, share: options.edgeActivity ?? 1 });
}

/** True where some rounds of an edge have no exchange, so that an end may be asked for one that it did not begin. */
export function edgesTakeTurns({ algorithm, context, options }: PeerState): boolean {
  return (
    algorithm.partners !== undefined ||
    options.edgeActivity !== undefined ||
    context.swarm?.schedule !== undefined
  );
}

/** w_ij in `round` by the schedule, 0 where the edge has no turn; undefined where the topology has no schedule. */
function scheduledWeight(
  { swarm, node }: AlgorithmContext,
  neighbor: number,
  round: number,
): number | undefined {
  if (swarm?.schedule === undefined) return undefined;
  return weightOf(swarm.schedule.mixingAt(round), node, neighbor);
}

/**
 * Sets the weight of `edge` to that of an exchange which its ends begin in these rounds: by the schedule that of the earlier
 * one, without a schedule that of the ends' present degrees (edge-weight.ts). A round that a broken neighbor makes up is
 * none of ours, and counts as the first.
 */
export function takeWeight({ context }: PeerState, edge: EdgeState, rounds: readonly number[]): void {
  const round = Math.max(1, Math.min(...rounds));
  edge.weight = scheduledWeight(context, edge.neighbor, round) ?? weightOfExchange(edge);
}

/** True when the edge to `neighbor` exchanges in `round`, where each does so in a `share` of all rounds. */
export function isEdgeActive(
  { randomFor }: Pick<AlgorithmContext, 'randomFor'>,
  at: { readonly neighbor: number; readonly round: number; readonly share: number },
): boolean {
  if (at.share >= 1) return true;
  return uniform(createRandom('edge activity', at.round, ...randomFor('both-ends', at.neighbor))) < at.share;
}
