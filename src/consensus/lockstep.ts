/**
 * Lockstep: a round waits until every active edge has answered, or is given up for silent, and applies all complete
 * exchanges in ascending order of neighbor; again, where the algorithm has several exchanges a round; next round.
 *
 * Nobody waits in a circle, also where rounds have come apart, as they do after a silence or a partition, by one number on this
 * edge and by another on that. Two rules see to it:
 *
 * - A peer waits only for neighbors that it knows to be behind: whose last difference is of an earlier round than its own (or,
 *   where a round has several exchanges, of an earlier one of them). One that is ahead answers when it can.
 * - An exchange that was begun in an earlier round and is completed late is applied at once, and the edge takes part in the
 *   round under way: else its other end would wait for a round to come.
 *
 * So whoever is waited for is training, or has answered, or waits in an earlier round than the one who waits for it; and the
 * peer that is in the earliest round waits for nobody that waits. (Algorithms with a hub wait for it wherever it is:
 * Algorithm.awaitsAhead.)
 */
import { applyExchange } from './apply-exchange.js';
import { contribute, isBusy, moving } from './contribution.js';
import { edgesTakeTurns, isInTurn } from './edge-activity.js';
import type { Effect } from './events.js';
import { isComplete, mayContribute } from './exchange.js';
import type { EdgeState, PeerState } from './peer-state.js';
import { beginTraining, drain, endGuardedRound } from './round-end.js';

/** The open edges whose turn it is and whose last exchange is done. */
function dueEdges(state: PeerState): EdgeState[] {
  const { algorithm, context, node, round, edges } = state;
  const openEdges = edges.filter(({ status }) => status !== 'closed');
  const partners = algorithm.partners?.(context, node, { round, openEdges, busy: isBusy(state) });
  return openEdges.filter(
    (edge) =>
      mayContribute(edge) &&
      ((partners?.includes(edge.neighbor) !== false && isInTurn(state, edge.neighbor)) ||
        isFromEarlier(state, edge)),
  );
}

/** Begins an exchange on every edge where one is due; those edges. */
export function contributeToAll(state: PeerState, effects: Effect[], nowMs: number): EdgeState[] {
  state.exchangingSinceMs = nowMs;
  const fresh = dueEdges(state);
  for (const edge of fresh) contribute(state, effects, edge, nowMs);
  return fresh;
}

/** Applies what was begun in an earlier round and is complete only now, and begins this round's exchange there. */
function catchUp(state: PeerState, effects: Effect[], nowMs: number): void {
  const late = state.edges.filter(
    (edge) => edge.status !== 'closed' && isComplete(edge) && edge.own!.round < state.round,
  );
  if (late.length === 0 || state.algorithm.awaitsAhead === true) return; // a hub's exchanges keep their places in the round
  for (const edge of late) applyExchange(state, effects, edge);
  for (const edge of dueEdges(state)) if (late.includes(edge)) contribute(state, effects, edge, nowMs);
}

/** Whether the exchange under way waits for the neighbor's difference. */
function isAwaited(
  { round, exchangesDone, algorithm }: PeerState,
  { status, own, theirs, theirRound, theirExchange }: EdgeState,
): boolean {
  if (status !== 'active' || own === null || theirs !== null) return false;
  if (algorithm.awaitsAhead === true) return true;
  return theirRound < round || (theirRound === round && theirExchange <= exchangesDone);
}

/** Waits for an answer in a round that this peer has behind it: the neighbor has slept, say, and catches up. */
function isFromEarlier({ round }: PeerState, { theirs }: EdgeState): boolean {
  return theirs !== null && theirs.round < round;
}

/** Where not all edges have an exchange each round, or one is new in this round, it may be asked for one of an earlier round. */
function answerEarlier(state: PeerState, effects: Effect[], nowMs: number): void {
  if (!edgesTakeTurns(state) && !state.rewired) return;
  for (const edge of state.edges) {
    if (edge.status !== 'closed' && mayContribute(edge) && isFromEarlier(state, edge))
      contribute(state, effects, edge, nowMs);
  }
}

/**
 * All neighbors have fallen silent at once: it is this peer that is cut off, and its rounds, done alone, would be over when
 * it is back. So it waits for one of them; neighbors that it has never trained with do not count.
 */
function isCutOff({ edges, options, round, lastRound }: PeerState, nowMs: number): boolean {
  const { cutOffMs = 0 } = options;
  const isBack = edges.some(({ status, theirs }) => status === 'active' || theirs !== null);
  if (cutOffMs === 0 || round >= lastRound || isBack) return false;
  const known = edges.filter(({ status, heardRound }) => status !== 'closed' && heardRound > 0);
  return known.some(({ lastHeardMs }) => nowMs - lastHeardMs < cutOffMs);
}

export function finishRoundIfReady(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'exchanging') return;
  catchUp(state, effects, nowMs);
  answerEarlier(state, effects, nowMs);
  if (state.edges.some((edge) => isAwaited(state, edge)) || isCutOff(state, nowMs)) return;
  let appliedEdges = 0;
  for (const edge of state.edges) if (applyExchange(state, effects, edge)) appliedEdges += 1;
  state.exchangesDone += 1;
  const { algorithm, context, node, parameters, contraction } = state;
  if (state.exchangesDone < (algorithm.exchanges ?? 1)) {
    const exchange = state.exchangesDone;
    moving(state, () => algorithm.beginExchange?.(context, node, { exchange, parameters }));
    contributeToAll(state, effects, nowMs);
    finishRoundIfReady(state, effects, nowMs);
    return;
  }
  if (state.guard !== null) endGuardedRound(state, effects);
  moving(state, () => endRound(state));
  const { round } = state;
  const steps = state.stepping === null ? {} : { steps: state.stepping.steps };
  effects.push({ type: 'roundFinished', round, appliedEdges, contraction, parameters, ...steps });
  if (round >= state.lastRound) drain(state, effects, nowMs);
  else beginTraining(state, effects, nowMs);
}

/** A peer that was away may take up the round of those it has come back to. */
function endRound(state: PeerState): void {
  const { algorithm, context, node, round, parameters, lastRound } = state;
  const reached = algorithm.endRound?.(context, node, { round, parameters }) ?? round;
  state.round = Math.max(round, Math.min(reached, lastRound));
}
