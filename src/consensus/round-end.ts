/** How a round begins and ends, and how a run does, whatever the pace. */

import type { Effect } from './events.js';
import { settleRound } from './guard.js';
import type { PeerState } from './peer-state.js';
import { beginSteps } from './round-times.js';

export function beginTraining(state: PeerState, effects: Effect[], nowMs: number): void {
  state.round += 1;
  state.phase = 'training';
  const { round, spare, context } = state;
  let { parameters } = state;
  if (context.pace === 'asynchronous') {
    // Exchanges go on while the trainer reads its vector.
    spare.set(parameters);
    parameters = spare;
  }
  effects.push({ type: 'train', round, parameters, ...beginSteps(state, nowMs) });
}

export function endGuardedRound(state: PeerState, effects: Effect[]): void {
  const { guard, algorithm, node, round } = state;
  const message = guard === null ? null : settleRound(guard, round);
  if (guard === null || message === null) return;
  algorithm.backOff?.(node, guard.factor);
  effects.push({ type: 'notice', code: 'CONSENSUS_BACKED_OFF', round, message });
}

/**
 * On links that lose nothing, what was sent will arrive and the peer may go. On lossy ones it stays until its
 * neighbors have what it sent and it has what they sent, or they stay silent.
 */
export function isDrained(state: PeerState): boolean {
  if (state.options.retransmitMs === null) return true;
  return state.edges.every((edge) => edge.status === 'closed' || !edge.linked || edge.own === null);
}

export function drain(state: PeerState, effects: Effect[], nowMs: number): void {
  state.phase = 'draining';
  if (isDrained(state)) finish(state, effects);
  else prolongDrain(state, effects, nowMs);
}

/** Whoever is there only now, a neighbor that owes an answer or this peer after a sleep, has a whole silence to be heard. */
export function prolongDrain({ phase, options }: PeerState, effects: Effect[], nowMs: number): void {
  if (phase === 'draining')
    effects.push({ type: 'setTimer', timer: 'drain', atMs: nowMs + options.silenceMs });
}

export function finish(state: PeerState, effects: Effect[]): void {
  state.phase = 'finished';
  effects.push({ type: 'cancelTimer', timer: 'tick' });
  effects.push({ type: 'cancelTimer', timer: 'retransmit' });
  effects.push({ type: 'cancelTimer', timer: 'drain' });
  effects.push({ type: 'finished', round: state.round });
}
