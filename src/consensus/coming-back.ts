/**
 * A peer that goes on from a checkpoint of its own, where nobody has agreed where the others are: they may have lived on
 * without it, or have been stopped as well, at the same round or at another.
 *
 * Checkpoints make this Chandy and Lamport's problem (1985, "Distributed snapshots"): what two peers have saved fits together if
 * no exchange is applied at one end only. Here the question is asked edge by edge, when the link comes up, and answered by
 * counting: both ends say (`Sync.at`) how many exchanges of the edge's epoch they have applied, a at one end and b at the
 * other. Replicas follow from the exchanges, so the edge goes on by its sequence number where
 *
 *     a = b,   or   a + 1 = b and the end that is behind still has its own difference of exchange b
 *
 * In the second case it sends that again and is answered, as after any broken link. Else what one end knows is lost at the
 * other, and the edge needs a new epoch (incarnation.ts): the end that has come back takes its next incarnation, and keeps
 * its model. Where all peers were stopped after one round, all edges go on, and the run is the one that was never stopped.
 *
 * How far the others are decides about the model. Who has missed up to RECENT_ROUNDS rounds keeps its own and takes up the round
 * of the others; who has missed more begins as a newcomer does, with the model of a neighbor, which gossip has brought nearer to
 * the mean than an old checkpoint is. Who has met no neighbor that is further goes on alone.
 *
 * An algorithm that keeps sums over all peers (toleratesChurn is not true) keeps its own model always, and closes an edge
 * that does not fit.
 */
import type { Sync, Whereabouts } from '../wire/frame.js';
import { refuse } from './apply-exchange.js';
import type { Effect } from './events.js';
import { createGuard } from './guard.js';
import type { EdgeState, PeerState } from './peer-state.js';

/**
 * Rounds that a model may be older than a neighbor's and still be gone on from: peers that lose their power at once are
 * a checkpoint apart at most, and `grapevine peer` makes one every 50 rounds.
 */
export const RECENT_ROUNDS = 50;

/**
 * Makes a peer that waits for its start (peer-snapshot.ts, beginAfter) ask its neighbors before it begins.
 * @param nextLife an incarnation that no process of this index has had, put down where a crash does not undo it
 */
export function comeBack(state: PeerState, nextLife: number): void {
  Object.assign(state, { resumed: true, nextLife, overtaken: false, donor: null });
  for (const edge of state.edges) edge.synced = false;
  if (state.context.pace === 'asynchronous') renew(state); // edges are saved at no common moment
}

/** It has come back and has not begun. */
export function waits({ resumed, phase }: PeerState): boolean {
  return resumed && phase === 'idle';
}

/**
 * Nothing speaks against the start: all neighbors are linked and, by a peer that has come back, asked; or there is no use in
 * waiting for the others.
 */
export function mayStart(state: PeerState, isExpected: (neighbor: number) => boolean): boolean {
  const { edges, hasModel, overtaken, context, resumed } = state;
  if (!hasModel || overtaken) return true;
  const isMet = ({ linked, synced }: EdgeState): boolean => linked && synced;
  if (resumed && context.pace === 'asynchronous' && edges.some(isMet)) return true; // there are no rounds to share
  return edges.every((edge) => isMet(edge) || edge.status === 'closed' || !isExpected(edge.neighbor));
}

/** For a sync: where this peer stands on `edge`. */
export function whereaboutsOf(state: PeerState, edge: EdgeState): Whereabouts {
  const { round, phase } = state;
  const begins = phase === 'training' || phase === 'exchanging' ? round : round + 1;
  return {
    round: begins,
    applied: edge.applied,
    sent: edge.own?.sequence ?? edge.applied,
    waits: waits(state),
  };
}

/** This peer's next life, of a number that is no less than `least`: its edges are to begin anew. What it is stays. */
export function renew(state: PeerState, least = 0): void {
  state.incarnation = Math.max(least, state.nextLife ?? state.incarnation + 1);
  state.nextLife = null;
  state.edges.forEach(endEpoch);
}

function endEpoch(edge: EdgeState): void {
  Object.assign(edge, { begun: false, synced: false, own: null, previous: null });
}

/** As a process without a checkpoint: what it was is of no account. */
function forgetAll(state: PeerState): void {
  const { algorithm, context, guard } = state;
  if (state.nextLife === null)
    state.edges.forEach(endEpoch); // in this life nobody has exchanged anything with it
  else renew(state);
  state.hasModel = false;
  state.node = algorithm.createNode(context);
  if (guard !== null) state.guard = createGuard(algorithm.guardSlack);
  for (const edge of state.edges)
    Object.assign(edge, {
      applied: 0,
      appliedBefore: 0,
      memory: algorithm.createEdge(context, edge.neighbor),
    });
}

/** Rounds that the neighbor has made since this peer was saved. */
function missedOf({ context, round }: PeerState, edge: EdgeState, at: Whereabouts): number {
  if (context.pace === 'lockstep') return at.round - 1 - round;
  return at.waits ? 0 : at.round - 1 - edge.heardRound;
}

/** Compares with a neighbor how far the swarm is, before this peer begins: true when it has become a newcomer. */
export function lookAround(state: PeerState, edge: EdgeState, at: Whereabouts): boolean {
  if (!waits(state) || !state.hasModel) return false;
  const { recentRounds = RECENT_ROUNDS } = state.options;
  const missed = missedOf(state, edge, at);
  state.overtaken ||= missed > 0 && !at.waits;
  if (missed > recentRounds && state.algorithm.toleratesChurn === true) {
    forgetAll(state);
    state.donor = edge.neighbor;
    return true;
  }
  if (state.context.pace === 'lockstep') state.round += Math.max(0, missed);
  return false;
}

/** Both ends have applied the same exchanges, or will have when what is under way has been sent again. */
function fits(edge: EdgeState, at: Whereabouts): boolean {
  const { applied } = edge;
  const sent = edge.own?.sequence ?? applied;
  return (
    applied === at.applied ||
    (applied + 1 === at.applied && sent === at.applied) ||
    (at.applied + 1 === applied && at.sent === applied)
  );
}

export type Meeting =
  /** The edge goes on by its sequence number. */
  | 'fits'
  /** It needs a new epoch, which this end is to begin. */
  | 'renew'
  /** Likewise the other end. */
  | 'wait'
  /** It is closed. */
  | 'refused';

/** The neighbor, of the incarnation that is known here, has said where it stands: whether the edge can go on. */
export function meet(
  state: PeerState,
  effects: Effect[],
  { edge, sync, at }: { readonly edge: EdgeState; readonly sync: Sync; readonly at: Whereabouts },
): Meeting {
  if (fits(edge, at)) {
    goOn(effects, edge, at);
    return 'fits';
  }
  if (!isRenewer(state, edge, { sync, at })) return 'wait';
  if (state.algorithm.toleratesChurn === true) return 'renew';
  if (edge.status !== 'closed') refuse(effects, edge, 'MEMBERSHIP_FIXED', misfit(state, edge, at));
  return 'refused';
}

/** The end that asks; of two that ask, the one that has not begun; of two alike, the lower. */
function isRenewer(
  state: PeerState,
  edge: EdgeState,
  { sync, at }: { readonly sync: Sync; readonly at: Whereabouts },
): boolean {
  if (edge.synced || !sync.ask) return !edge.synced;
  if (waits(state) !== at.waits) return waits(state);
  return state.context.node < edge.neighbor;
}

/** What the neighbor does not know to have sent, it will make anew. */
function goOn(effects: Effect[], edge: EdgeState, { sent }: Whereabouts): void {
  if (edge.theirsNext !== null && edge.theirsNext.sequence > sent) edge.theirsNext = null;
  if (edge.theirs !== null && edge.theirs.sequence > sent) edge.theirs = null;
  if (edge.status !== 'closed' || edge.retiring) return;
  edge.status = 'inactive';
  effects.push({ type: 'edgeChanged', neighbor: edge.neighbor, status: 'inactive', reason: 'resumed' });
}

function misfit({ algorithm }: PeerState, edge: EdgeState, at: Whereabouts): string {
  return (
    `peer ${edge.neighbor} goes on after exchange ${at.applied} of this edge, here ${edge.applied} are applied, and what ` +
    `${algorithm.name} keeps for all peers together does not survive that: resume all peers from checkpoints of one round.`
  );
}
