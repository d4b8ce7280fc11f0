/**
 * Neighbors that come and go while a peer runs, as the membership view has it (topology/membership-topology.ts). An edge is
 * up when both ends want it: links come up between such only, and exchanges begin when both ends have said which
 * incarnations meet (incarnation.ts). Weights follow in the exchanges themselves (edge-weight.ts).
 *
 * A peer begins no exchange on an edge that is taken away, and applies the one under way if the neighbor has begun it, too: so
 * either both ends apply it or neither does, in whatever order they hear of the change. While the link is still there,
 * whoever has applied it repeats its part for an end that has not got it. What an edge keeps stays: where it is wanted
 * again, both ends go on with the next exchange.
 */
import type { Delta } from '../wire/frame.js';
import { setStatus } from './apply-exchange.js';
import type { Effect } from './events.js';
import { receiveDelta } from './exchange.js';
import { createEdge, type EdgeState, type PeerState } from './peer-state.js';

export function addNeighbor(state: PeerState, effects: Effect[], neighbor: number): void {
  state.rewired = true;
  const known = state.edges.find((edge) => edge.neighbor === neighbor);
  if (known === undefined) {
    const fresh = createEdge({ neighbor, weight: 0 }, state, state.context);
    fresh.begun = false;
    fresh.synced = false;
    state.edges.push(fresh);
    state.edges.sort((a, b) => a.neighbor - b.neighbor);
    return;
  }
  const wasRemoved = known.retiring;
  known.retiring = false;
  if (known.status !== 'closed' || !wasRemoved) return; // who has left or broken the protocol may come in another incarnation
  known.status = 'inactive';
  effects.push({ type: 'edgeChanged', neighbor, status: 'inactive', reason: 'added' });
}

export function removeNeighbor(state: PeerState, effects: Effect[], neighbor: number): void {
  const edge = state.edges.find((each) => each.neighbor === neighbor);
  if (edge === undefined || edge.retiring) return;
  state.rewired = true;
  if (edge.status === 'closed') return;
  edge.retiring = true;
  if (edge.own === null) setStatus(effects, edge, 'closed', 'removed');
  else setStatus(effects, edge, 'inactive', 'removed');
}

/** A difference on an edge that has been taken away: one that was applied here comes again where ours has been lost. */
export function answerRemoved(effects: Effect[], edge: EdgeState, delta: Delta, nowMs: number): void {
  if (edge.retiring && delta.sequence <= edge.applied) receiveDelta(effects, edge, delta, nowMs);
}

/** Edges that may exchange again in their present life: what an algorithm publishes to all is kept for these. */
export function lastingEdges({ edges }: Pick<PeerState, 'edges'>): EdgeState[] {
  return edges.filter(({ status, retiring }) => status !== 'closed' || retiring);
}

/** Edges of the neighbors that this peer has now, whatever their state. */
export function presentEdges({ edges }: Pick<PeerState, 'edges'>): EdgeState[] {
  return edges.filter(({ retiring }) => !retiring);
}
