/**
 * Lockstep: a round waits until every active edge has answered, or is given up for silent, and applies all complete
 * exchanges in ascending order of neighbor; again, where the algorithm has several exchanges a round; next round.
 */
import { applyExchange } from './apply-exchange.js';
import { contribute, moving } from './contribution.js';
import type { Effect } from './events.js';
import type { EdgeState, PeerState } from './peer-state.js';
import { beginTraining, drain, endGuardedRound } from './round-end.js';

/** Begins an exchange on every open edge whose last one is done; those edges. */
export function contributeToAll(state: PeerState, effects: Effect[], nowMs: number): EdgeState[] {
  state.exchangingSinceMs = nowMs;
  const fresh = state.edges.filter((edge) => edge.status !== 'closed' && edge.own === null);
  for (const edge of fresh) contribute(state, effects, edge, nowMs);
  return fresh;
}

export function finishRoundIfReady(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'exchanging') return;
  if (state.edges.some((edge) => edge.status === 'active' && edge.theirs === null)) return;
  let appliedEdges = 0;
  for (const edge of state.edges) if (applyExchange(state, effects, edge)) appliedEdges += 1;
  state.exchangesDone += 1;
  const { algorithm, context, node, round, parameters, contraction } = state;
  if (state.exchangesDone < (algorithm.exchanges ?? 1)) {
    const exchange = state.exchangesDone;
    moving(state, () => algorithm.beginExchange?.(context, node, { exchange, parameters }));
    contributeToAll(state, effects, nowMs);
    finishRoundIfReady(state, effects, nowMs);
    return;
  }
  if (state.guard !== null) endGuardedRound(state, effects);
  effects.push({ type: 'roundFinished', round, appliedEdges, contraction, parameters });
  if (round >= state.lastRound) drain(state, effects, nowMs);
  else beginTraining(state, effects);
}
