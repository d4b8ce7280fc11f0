/**
 * The exchange protocol of one edge: sequence numbers in, effects out. No algorithm is known here.
 *
 * Each frame says which of the other end's differences have arrived (`acknowledged`). Whoever sees that one of
 * its own is missing sends it again, so a lost or reordered frame is repaired by the next frame that gets
 * through, and a repeated one is dropped by its number.
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
  edge.deltaSentMs = nowMs;
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

/** True when `delta` shows that the neighbor lacks a difference which it must already have been sent. */
function showsLoss(edge: EdgeState, delta: Delta): boolean {
  const latest = edge.own?.sequence ?? edge.applied;
  return delta.sequence <= edge.applied && delta.acknowledged < latest;
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
  if (showsLoss(edge, delta) && nowMs - edge.deltaSentMs >= edge.quietMs) resendInto(effects, edge, nowMs);
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

/** An exchange is under way on an active edge, and the neighbor's difference is not here. */
export function isAwaited({ status, own, theirs }: EdgeState): boolean {
  return status === 'active' && own !== null && theirs === null;
}

/** Moves the edge on after its exchange has been applied. */
export function advanceEdge(edge: EdgeState): void {
  edge.applied += 1;
  edge.previous = edge.own;
  edge.own = null;
  edge.theirs = edge.theirsNext;
  edge.theirsNext = null;
}

/** True for the first delta of a round on its edge: exact gossip sends one there, and none in a round's other exchanges. */
export function opensRound({ sequence }: Delta, { exchanges = 1 }: { readonly exchanges?: number }): boolean {
  return (sequence - 1) % exchanges === 0;
}
