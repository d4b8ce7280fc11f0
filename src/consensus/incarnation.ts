/**
 * A peer that is started again, and a newcomer, come without what their edges need: replicas, sequence numbers, a model.
 *
 * Each peer has an *incarnation* (the word is SWIM's: Das, Gupta and Motivala 2002), the number of times that it has been
 * started again, which its driver keeps; founders of a swarm have 0. An edge lives as long as the incarnations of its
 * two ends stay what they are: its *epoch* is their sum, which grows with every restart of either, and a delta of any
 * other epoch is dropped. In a new epoch both ends begin again with exchange 1 and make their memories of the edge
 * alike (Algorithm.resetEdge); what was under way is dropped at both, so its correction is applied by neither.
 *
 * Ends learn of each other's incarnation by `sync` messages, sent by whoever does not know that it is known: a peer with
 * an incarnation above 0 when a link comes up, again at every tick, and in answer. Between founders none is ever sent.
 *
 * A peer with an incarnation above 0 begins without a model. It asks one neighbor after the other, trains on from the model that
 * it gets, in that neighbor's round, and tells the others that it now has one. Nobody waits for it before it has
 * answered once: an edge is inactive until its first exchange is applied.
 *
 * What a death costs: the last exchange that one end applied and the dead end did not. Its correction, at most one an edge
 * and epoch, moves the mean over the living by ||c|| / n at most; `driftBound` sums the ||c||. A newcomer moves it by
 * (its model - mean) / n, which is within the distance of the neighbors' models from their mean.
 */

import { assert } from '../base/assert.js';
import { sumOfSquares } from '../linalg/pairs.js';
import type { ModelOffer, Sync } from '../wire/frame.js';
import { refuse, setStatus } from './apply-exchange.js';
import { lookAround, meet, renew, waits, whereaboutsOf } from './coming-back.js';
import { moving } from './contribution.js';
import type { Effect } from './events.js';
import { epochOf, resendInto } from './exchange.js';
import { pauseGuard } from './guard.js';
import { isPlausible } from './mixing-step.js';
import type { EdgeState, PeerState } from './peer-state.js';

/** Resets that an edge may have within an epoch and still draw warm starts that no other epoch draws. */
const RESETS_PER_EPOCH = 2 ** 16;

/** Says which incarnations meet here, and asks to be told the same where the neighbor may not know. */
export function sendSync(
  state: PeerState,
  effects: Effect[],
  edge: EdgeState,
  { nowMs, ask = !edge.synced }: { readonly nowMs: number; readonly ask?: boolean },
): void {
  if (!edge.linked) return;
  edge.lastSentMs = nowMs;
  const wanted = state.donor === edge.neighbor ? 'wanted' : 'none';
  const sync: Sync = {
    incarnation: state.incarnation,
    known: edge.theirIncarnation,
    ask,
    model: state.hasModel ? 'has' : wanted,
    ...((state.resumed || edge.tellsWhere) && state.hasModel ? { at: whereaboutsOf(state, edge) } : {}),
  };
  effects.push({ type: 'sendSync', to: edge.neighbor, sync });
}

/** Repeats what has not been answered: to neighbors that may not know this incarnation, and to the one asked for a model. */
export function repeatSyncs(state: PeerState, effects: Effect[], nowMs: number): void {
  chooseDonor(state);
  for (const edge of state.edges) {
    if (edge.status === 'closed') continue;
    if (!edge.synced || waits(state) || (!state.hasModel && state.donor === edge.neighbor))
      sendSync(state, effects, edge, { nowMs, ask: !edge.synced || waits(state) });
  }
}

/** A link is up on which the neighbor may not know this incarnation. */
export function introduce(state: PeerState, effects: Effect[], edge: EdgeState, nowMs: number): void {
  edge.mayHaveModel = true;
  chooseDonor(state);
  sendSync(state, effects, edge, { nowMs });
}

/** The neighbor to ask for its model: the last one while it is there and has not declined, else the next. */
function chooseDonor(state: PeerState): void {
  if (state.hasModel) return;
  const able = state.edges.filter(
    ({ linked, status, mayHaveModel }) => linked && status !== 'closed' && mayHaveModel,
  );
  if (able.some(({ neighbor }) => neighbor === state.donor)) return;
  const next = able.find(({ neighbor }) => neighbor > (state.donor ?? -1)) ?? able[0];
  state.donor = next?.neighbor ?? null;
}

/** The neighbor has been silent for so long that another is asked. */
export function giveUpDonor(state: PeerState, edge: EdgeState): void {
  if (state.donor !== edge.neighbor) return;
  edge.mayHaveModel = false;
  chooseDonor(state);
  edge.mayHaveModel = true;
}

export function receiveSync(
  state: PeerState,
  effects: Effect[],
  from: { readonly edge: EdgeState; readonly sync: Sync; readonly nowMs: number },
): void {
  const { edge, sync, nowMs } = from;
  const before = state.incarnation;
  const miscounted = sync.known > state.incarnation && raiseIncarnation(state, sync.known + 1);
  if (sync.incarnation < edge.theirIncarnation) {
    if (sync.ask) sendSync(state, effects, edge, { nowMs }); // from a life that is over, or that has been miscounted
    return;
  }
  if (isAnotherLife(edge, sync)) {
    sendSync(state, effects, { ...edge, theirIncarnation: sync.incarnation + 1 }, { nowMs });
    return;
  }
  if (!settleEpoch(state, effects, from)) {
    if (sync.ask && edge.status !== 'closed') sendSync(state, effects, edge, { nowMs });
    return;
  }
  if (state.incarnation !== before) repeatSyncs(state, effects, nowMs);
  if (edge.status === 'closed') return;
  const wasSynced = edge.synced;
  edge.synced ||= sync.known === state.incarnation;
  edge.mayHaveModel = sync.model === 'has';
  const asked = state.donor;
  chooseDonor(state);
  if (sync.ask || miscounted) sendSync(state, effects, edge, { nowMs });
  if (sync.model === 'wanted') offerModel(state, effects, edge);
  if (edge.synced && (sync.ask || !wasSynced)) resendInto(effects, edge, nowMs);
  const donor = state.edges.find(({ neighbor }) => neighbor === state.donor);
  if (donor !== undefined && state.donor !== asked) sendSync(state, effects, donor, { nowMs });
}

/** Brings the edge to the epoch that the sync is of; false where it does not go on, or not yet. */
function settleEpoch(
  state: PeerState,
  effects: Effect[],
  from: { readonly edge: EdgeState; readonly sync: Sync; readonly nowMs: number },
): boolean {
  const { edge, sync } = from;
  const { at } = sync;
  if (at !== undefined) {
    edge.tellsWhere = true;
    lookAround(state, edge, at);
  }
  if (sync.incarnation > edge.theirIncarnation || !edge.begun) {
    if (state.algorithm.toleratesChurn !== true) {
      refuseNewcomer(state, effects, edge);
      return false;
    }
    beginEpoch(state, effects, { ...from, incarnation: sync.incarnation });
    return true;
  }
  if (at === undefined || sync.known !== state.incarnation) return true;
  const meeting = meet(state, effects, { edge, sync, at });
  if (meeting !== 'renew') return meeting === 'fits';
  renew(state);
  beginEpoch(state, effects, { ...from, incarnation: sync.incarnation });
  return true;
}

/**
 * A peer without a model says that it is who this one has made exchanges with: its place has been somebody else's, who came
 * as late. Told of a later life, it takes a higher number; whoever has a model by now lets it pass.
 */
function isAnotherLife({ begun, applied, theirIncarnation }: EdgeState, sync: Sync): boolean {
  return begun && applied > 0 && sync.incarnation === theirIncarnation && sync.ask && sync.model !== 'has';
}

/** A neighbor has met a later life of this index: the driver has lost count. Only before this one has done anything. */
function raiseIncarnation(state: PeerState, incarnation: number): boolean {
  if (state.phase !== 'idle' && state.phase !== 'joining') return false;
  renew(state, incarnation);
  if (!state.resumed) state.hasModel = false;
  return true;
}

function refuseNewcomer({ algorithm }: PeerState, effects: Effect[], edge: EdgeState): void {
  const message =
    `peer ${edge.neighbor} was started again, and what ${algorithm.name} keeps for all peers together does not survive ` +
    'that: resume all peers from checkpoints, or run an algorithm that docs/membership.md lists.';
  refuse(effects, edge, 'MEMBERSHIP_FIXED', message);
}

/** Both ends begin again: nothing under way, exchange 1 next, memories alike. */
function beginEpoch(
  state: PeerState,
  effects: Effect[],
  {
    edge,
    incarnation,
    nowMs,
  }: { readonly edge: EdgeState; readonly incarnation: number; readonly nowMs: number },
): void {
  const { algorithm, context, node, round } = state;
  noteDrift(state, effects, edge);
  edge.theirIncarnation = incarnation;
  edge.begun = true;
  edge.synced = false;
  Object.assign(edge, { own: null, previous: null, theirs: null, theirsNext: null });
  Object.assign(edge, { applied: 0, appliedBefore: 0, correctionNorm: 0 });
  Object.assign(edge, { heardRound: 0, theirRound: 0, theirExchange: 0 });
  edge.deltaHeardMs = nowMs;
  const resets = (state.incarnation + incarnation) * RESETS_PER_EPOCH;
  Object.assign(edge.check, { hash: null, resets, resetsInRow: 0 });
  algorithm.resetEdge?.(context, node, { edge, exchange: 0, resets });
  if (state.guard !== null) pauseGuard(state.guard, round);
  if (edge.retiring) {
    setStatus(effects, edge, 'closed', 'removed');
    return;
  }
  if (edge.status === 'closed') edge.status = 'inactive';
  setStatus(effects, edge, 'inactive', 'restarted');
}

/** The neighbor's contribution to the next exchange would show that it has applied the last one. */
function noteDrift(state: PeerState, effects: Effect[], edge: EdgeState): void {
  if (edge.applied === 0) return;
  const drift = edge.theirs === null ? edge.correctionNorm : 0;
  state.driftBound += drift;
  const message =
    `peer ${edge.neighbor} was started again after exchange ${edge.applied}; the edge starts anew` +
    (drift === 0
      ? '.'
      : `. It may not have applied that exchange: the sum over peers has drifted by at most ${drift.toPrecision(3)}.`);
  effects.push({ type: 'notice', code: 'PEER_RESTARTED', round: state.round, message });
}

/** The round that begins from this peer's parameters: the one under way, which they began. */
function offerModel(state: PeerState, effects: Effect[], edge: EdgeState): void {
  if (!state.hasModel) return;
  const { phase, round, lastRound, parameters } = state;
  const over = phase === 'draining' || phase === 'finished';
  const model: ModelOffer = {
    epoch: epochOf(state, edge),
    round: over ? lastRound + 1 : phase === 'idle' ? round + 1 : Math.max(1, round),
    bytes: bytesOfModel(parameters),
  };
  effects.push({ type: 'sendModel', to: edge.neighbor, model });
}

/** float32, little-endian: what the machines that this runs on have in memory. A copy: `parameters` goes on. */
function bytesOfModel({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}

/**
 * Takes a neighbor's model for this peer's own, if this peer has none: true when training may begin from it. One that
 * is no model of this run is refused.
 */
export function receiveModel(
  state: PeerState,
  effects: Effect[],
  from: { readonly edge: EdgeState; readonly model: ModelOffer },
): boolean {
  const { edge, model } = from;
  if (state.hasModel || edge.status === 'closed' || model.epoch !== epochOf(state, edge)) return false;
  const { bytes } = model;
  const wanted = state.parameters.byteLength;
  if (bytes.length !== wanted) {
    refuse(effects, edge, 'PAYLOAD_BAD_LENGTH', `a model of ${bytes.length} bytes, wanted ${wanted}`);
    return false;
  }
  const values = new Float32Array(bytes.slice().buffer);
  if (!isPlausible(sumOfSquares(values), state.parameters)) {
    refuse(effects, edge, 'PAYLOAD_BAD_VALUE', 'a model with numbers beyond measure');
    return false;
  }
  adopt(state, effects, { values, round: model.round });
  const message = `joined in round ${model.round} with the model of peer ${edge.neighbor}`;
  effects.push({ type: 'notice', code: 'JOINED', round: state.round, message });
  return true;
}

function adopt(
  state: PeerState,
  effects: Effect[],
  from: { readonly values: Float32Array; readonly round: number },
): void {
  assert(!state.hasModel, 'a model is adopted once');
  const { algorithm, context, node, parameters, lastRound } = state;
  moving(state, () => {
    parameters.set(from.values);
    algorithm.adopt?.(context, node, parameters);
  });
  state.hasModel = true;
  state.donor = null;
  state.round = Math.min(from.round - 1, lastRound);
  for (const edge of state.edges) {
    if (edge.linked && edge.status !== 'closed' && edge.synced)
      sendSync(state, effects, edge, { nowMs: edge.lastSentMs });
  }
}

/**
 * All that are linked have said, for a long time, that they have no model either: the whole neighborhood was started
 * again at once. Begins from what this peer has, its checkpoint or the initial model, and says so.
 */
export function adoptOwn(state: PeerState, effects: Effect[]): void {
  adopt(state, effects, { values: state.parameters.slice(), round: 1 });
  const message = 'no neighbor has a model: begins from the one that this peer was started with';
  effects.push({ type: 'notice', code: 'JOINED', round: state.round, message });
}

/** True when there are neighbors to ask, and none has a model. */
export function nobodyHasModel({ edges }: PeerState): boolean {
  const there = edges.filter(({ linked, status }) => linked && status !== 'closed');
  return there.length > 0 && there.every(({ synced, mayHaveModel }) => synced && !mayHaveModel);
}
