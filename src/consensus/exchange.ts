/**
 * The exchange protocol of one edge: sequence numbers in, effects out. No algorithm is known here.
 *
 * Each frame says which of the other end's differences have arrived (`acknowledged`). Whoever is sent a difference again and
 * sees that one of its own is missing there sends that again, also where it waits for nothing on this edge itself: a peer that
 * waits elsewhere would otherwise keep its neighbor waiting, and, round a circle, itself. A repeated difference is dropped by
 * its number.
 *
 * What was sent within `quietMs` is no loss: it is on its way. Otherwise two ends would answer each other's answers, each with
 * two frames, and on a link that is slower than the retransmission the queue would never drain again.
 */
import { type Delta, EPOCHS } from '../wire/frame.js';
import type { Effect } from './events.js';
import type { EdgeState, PeerState } from './peer-state.js';

/** The life of the edge that is under way, as frames have it (incarnation.ts). */
export function epochOf({ incarnation }: PeerState, { theirIncarnation }: EdgeState): number {
  return (incarnation + theirIncarnation) % EPOCHS;
}

/** Highest sequence received without a hole. */
function receivedUpTo(edge: EdgeState): number {
  if (edge.theirs === null) return edge.applied;
  return edge.applied + (edge.theirsNext === null ? 1 : 2);
}

/** Sends `delta` with an up-to-date acknowledgment, if there is a link. */
export function sendInto(effects: Effect[], edge: EdgeState, delta: Delta, nowMs: number): void {
  if (!edge.linked) return;
  edge.lastSentMs = nowMs;
  if (delta === edge.own) edge.ownSentMs = nowMs;
  if (delta === edge.previous) edge.previousSentMs = nowMs;
  effects.push({
    type: 'sendDelta',
    to: edge.neighbor,
    delta: { ...delta, acknowledged: receivedUpTo(edge) },
  });
}

/** Sends again what the neighbor is not known to have: all there is after a new link or a silence. */
export function resendInto(effects: Effect[], edge: EdgeState, nowMs: number): void {
  if (edge.previous !== null) sendInto(effects, edge, edge.previous, nowMs);
  if (edge.own !== null) sendInto(effects, edge, edge.own, nowMs);
}

function forgetAcknowledged(edge: EdgeState, acknowledged: number): void {
  if (edge.previous !== null && acknowledged >= edge.previous.sequence) edge.previous = null;
}

/** Sends again what a neighbor that repeats itself does not have, unless it may be on its way. */
function repairInto(effects: Effect[], edge: EdgeState, acknowledged: number, nowMs: number): void {
  const { own, previous, ownSentMs, previousSentMs, quietMs } = edge;
  if (previous !== null && nowMs - previousSentMs >= quietMs) sendInto(effects, edge, previous, nowMs);
  if (own !== null && own.sequence > acknowledged && nowMs - ownSentMs >= quietMs)
    sendInto(effects, edge, own, nowMs);
}

export type Reception = 'kept' | 'repeated' | 'gap';

/**
 * Files one arrived difference under its sequence number. 'gap' is what a correct neighbor never sends: a
 * difference two exchanges ahead of what it can have applied.
 */
export function receiveDelta(effects: Effect[], edge: EdgeState, delta: Delta, nowMs: number): Reception {
  forgetAcknowledged(edge, delta.acknowledged);
  const ahead = delta.sequence - edge.applied;
  if (ahead > 2 || (ahead === 2 && edge.own === null)) return 'gap';
  if (ahead === 1 && edge.theirs === null) {
    edge.theirs = delta;
    return 'kept';
  }
  if (ahead === 2 && edge.theirsNext === null) {
    edge.theirsNext = delta;
    return 'kept';
  }
  repairInto(effects, edge, delta.acknowledged, nowMs);
  return 'repeated';
}

/** A contribution of this end would be of use: both ends know each other's incarnation, and want the edge. */
export function mayContribute({ own, synced, retiring }: EdgeState): boolean {
  return own === null && synced && !retiring;
}

/** Both ends' contributions to the next exchange are here. */
export function isComplete(edge: EdgeState): boolean {
  return edge.own !== null && edge.theirs !== null;
}

/** Moves the edge on after its exchange has been applied. */
export function advanceEdge(edge: EdgeState): void {
  edge.applied += 1;
  const round = edge.theirs?.round ?? 0;
  edge.theirExchange = round === edge.theirRound ? edge.theirExchange + 1 : 1;
  edge.theirRound = round;
  edge.previous = edge.own;
  edge.previousSentMs = edge.ownSentMs;
  edge.own = null;
  edge.theirs = edge.theirsNext;
  edge.theirsNext = null;
}

/** True for the first delta of a round on its edge: exact gossip sends one there, and none in a round's other exchanges. */
export function opensRound({ sequence }: Delta, { exchanges = 1 }: { readonly exchanges?: number }): boolean {
  return (sequence - 1) % exchanges === 0;
}
