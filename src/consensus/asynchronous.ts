/**
 * The asynchronous pace: a peer never waits for the training of others, and each edge has exchanges of its own as often as
 * the quicker of its two ends wants them. The ideas are those of AD-PSGD (Lian, Zhang, Zhang and Liu 2018, "Asynchronous
 * decentralized parallel stochastic gradient descent"): models are averaged while gradients are computed, and a gradient
 * may be of a model that has moved since.
 *
 * Training has a copy of x. Corrections move x itself as soon as both differences are there, and what training returns
 * is moved by as much as x was meanwhile,
 *
 *     x <- x_trained + (x - x_start)
 *
 * so the sum over peers is kept as in lockstep. A peer *begins* an exchange when it has finished a round, and *answers*
 * one at once, also while it trains: both differences of an exchange are as old as the link is long, and no older. Each
 * end wants one exchange a round of its own (or algorithm.exchanges); those that it has answered count, so an edge has
 * about as many as its quicker end has rounds, and no more for being uneven.
 *
 * The next round begins when what this peer began is answered: a round trip, whatever the neighbor is doing. It trains on
 * what it has just averaged (adapt-then-combine), and where all are equally quick this *is* lockstep. Training on without
 * that would be combine-then-adapt, whose gradients are of models that have drifted apart for a round
 * (docs/decisions/0010-answers-at-once.md has what it cost).
 *
 * The end. Whoever has trained all its rounds goes on answering, and closes in levels: it says on every edge which level
 * it has reached, and reaches level l + 1 when all its active neighbors have reached l. Level l is thus reached when all
 * peers within l edges have trained, and at the diameter of the graph all have, whoever was slow; these last exchanges
 * are gossip without training. A peer that was asked to stop leaves sooner, but never while it owes a correction.
 */
import { applyExchange } from './apply-exchange.js';
import { contribute, isBusy, lookAtResidual, measureContraction, moving } from './contribution.js';
import type { Effect } from './events.js';
import { mayContribute } from './exchange.js';
import { observeTraining } from './guard.js';
import { lastingEdges } from './neighbor-set.js';
import type { EdgeState, PeerState } from './peer-state.js';
import { beginTraining, drain, endGuardedRound } from './round-end.js';

/** x becomes what training returned, moved by what exchanges did meanwhile; where training began. */
function takeTrained(state: PeerState, trained: Float32Array): Float32Array {
  const { guard, parameters, spare: start } = state;
  if (guard !== null) observeTraining(guard, start, trained);
  for (let k = 0; k < trained.length; k++) parameters[k] = trained[k]! + (parameters[k]! - start[k]!);
  return start;
}

function openEdgesOf({ edges }: PeerState): EdgeState[] {
  return edges.filter(({ status }) => status !== 'closed');
}

/** What this peer begins with its neighbors after a round; after the last, all are to hear that it has trained. */
function oweExchanges(state: PeerState): void {
  const { algorithm, context, node, round } = state;
  const openEdges = openEdgesOf(state);
  const wanted = algorithm.exchanges ?? 1;
  const least = round >= state.lastRound && lastLevel(state) > 0 ? 1 : Number.NEGATIVE_INFINITY;
  const partners = algorithm.partners?.(context, node, { round, openEdges, busy: isBusy(state) });
  for (const edge of openEdges) {
    const mine = partners?.includes(edge.neighbor) === true ? wanted : 0;
    edge.owed = Math.max(least, partners === undefined ? Math.min(edge.owed + wanted, wanted) : mine);
  }
}

/** Begins what is owed on edges where nothing is under way, and measures what was sent. */
function beginExchanges(state: PeerState, effects: Effect[], nowMs: number): void {
  const idle = (edge: EdgeState): boolean => mayContribute(edge) && edge.theirs === null && edge.owed > 0;
  const fresh = openEdgesOf(state).filter(idle);
  for (const edge of fresh) contributeOwed(state, effects, edge, nowMs);
  state.contraction = fresh.length > 0 ? measureContraction(state, fresh[0]!) : null;
  if (state.guard !== null) lookAtResidual(state, fresh);
}

/** Answers given are credit, of a round at most: a neighbor that was quick may become slow. */
function contributeOwed(state: PeerState, effects: Effect[], edge: EdgeState, nowMs: number): void {
  const { exchanges = 1, partners } = state.algorithm;
  edge.owed = Math.max(edge.owed - 1, partners === undefined ? -exchanges : 0);
  contribute(state, effects, edge, nowMs);
}

/** Answers, applies, and begins what is owed, until the edge waits for the neighbor or for the next round. */
function converse(state: PeerState, effects: Effect[], edge: EdgeState, nowMs: number): void {
  while (edge.status !== 'closed' && (edge.own !== null || mayContribute(edge))) {
    if (edge.own === null && edge.theirs === null && edge.owed <= 0) return;
    if (edge.own === null) contributeOwed(state, effects, edge, nowMs);
    if (!applyExchange(state, effects, edge)) return;
  }
}

export function afterTraining(
  state: PeerState,
  effects: Effect[],
  trained: Float32Array,
  nowMs: number,
): void {
  const start = takeTrained(state, trained);
  const { algorithm, context, node, round, parameters } = state;
  const openEdges = lastingEdges(state);
  moving(state, () => algorithm.beginRound(context, node, { round, start, parameters, openEdges }));
  state.phase = 'exchanging';
  oweExchanges(state);
  beginExchanges(state, effects, nowMs);
  state.exchangingSinceMs = nowMs;
  for (const edge of state.edges) converse(state, effects, edge, nowMs);
  goOn(state, effects, nowMs);
}

/** Begins the next round, or the levels after the last, once what this peer began is answered. */
function goOn(state: PeerState, effects: Effect[], nowMs: number): void {
  const { round, lastRound, edges } = state;
  if (round >= lastRound) {
    close(state, effects, nowMs);
    return;
  }
  if (edges.some(({ status, own }) => status === 'active' && own !== null)) return;
  endRound(state, effects);
  beginTraining(state, effects, nowMs);
}

function endRound(state: PeerState, effects: Effect[]): void {
  if (state.guard !== null) endGuardedRound(state, effects);
  const { round, contraction, parameters, edges } = state;
  const appliedEdges = edges.filter(({ applied, appliedBefore }) => applied > appliedBefore).length;
  for (const edge of edges) edge.appliedBefore = edge.applied;
  effects.push({ type: 'roundFinished', round, appliedEdges, contraction, parameters });
}

/** Something has changed that an edge or the end of the run may have waited for. */
export function proceed(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'training' && state.phase !== 'exchanging') return;
  for (const edge of state.edges) converse(state, effects, edge, nowMs);
  if (state.phase === 'exchanging') goOn(state, effects, nowMs);
}

/** Levels to close in: none for a peer that was asked to stop, since others will stop as well. */
function lastLevel({ lastRound, options, diameter }: PeerState): number {
  return lastRound < options.rounds ? 0 : diameter;
}

/** Begins an exchange on every edge, so that all neighbors learn of this level. */
function sayLevel(state: PeerState, effects: Effect[], nowMs: number): void {
  for (const edge of state.edges) {
    edge.owed = 1;
    converse(state, effects, edge, nowMs);
  }
}

/** A stop was asked for: nothing new is begun, and nobody waited for but to answer what was. */
export function stop(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'exchanging') return;
  for (const edge of state.edges) edge.owed = Math.min(edge.owed, 0);
  if (state.round >= state.options.rounds) state.level = state.diameter;
  goOn(state, effects, nowMs);
}

/** Goes up the levels that the neighbors allow, and ends the run after the last. */
function close(state: PeerState, effects: Effect[], nowMs: number): void {
  const active = (): EdgeState[] => state.edges.filter(({ status }) => status === 'active');
  while (active().every(({ own }) => own === null)) {
    const reached = state.round + state.level;
    if (state.level >= lastLevel(state)) {
      endRound(state, effects);
      drain(state, effects, nowMs);
      return;
    }
    if (active().some(({ heardRound }) => heardRound < reached)) return;
    state.level += 1;
    if (state.level < lastLevel(state)) sayLevel(state, effects, nowMs);
  }
}
