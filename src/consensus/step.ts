/**
 * The consensus core: step(state, input, now) -> effects. No clock, no network, no trainer, no randomness but
 * what the state holds; the same code runs on libp2p and in the simulator.
 *
 * Here inputs meet state: which edge they concern, who is alive, when to send again. What a round is, is in lockstep.ts
 * and asynchronous.ts.
 */
import type { Delta, ModelOffer, Sync } from '../wire/frame.js';
import { applyExchange, refuse, setStatus } from './apply-exchange.js';
import * as asynchronous from './asynchronous.js';
import { lookAtResidual, measureContraction, moving } from './contribution.js';
import type { Effect, Input } from './events.js';
import { epochOf, receiveDelta, resendInto, sendInto } from './exchange.js';
import { observeTraining } from './guard.js';
import {
  adoptOwn,
  giveUpDonor,
  introduce,
  nobodyHasModel,
  receiveModel,
  receiveSync,
  repeatSyncs,
} from './incarnation.js';
import { contributeToAll, finishRoundIfReady } from './lockstep.js';
import { addNeighbor, answerRemoved, lastingEdges, removeNeighbor } from './neighbor-set.js';
import { type EdgeState, type PeerState, takeIn } from './peer-state.js';
import { beginTraining, drain, finish, isDrained, prolongDrain } from './round-end.js';
import { noteHeard, noteTrained } from './round-times.js';

/** Liveness is looked at this many times within a silence. */
export const TICKS_PER_SILENCE = 4;

export function step(state: PeerState, input: Input, nowMs: number): Effect[] {
  const effects: Effect[] = [];
  state.shiftSum = 0;
  switch (input.type) {
    case 'start':
      onStart(state, effects, nowMs);
      break;
    case 'updateReady':
      onUpdateReady(state, effects, input, nowMs);
      break;
    case 'deltaReceived':
      onDelta(state, effects, input, nowMs);
      break;
    case 'heartbeatReceived':
      hear(edgeTo(state, input.from), nowMs);
      break;
    case 'syncReceived':
      onSync(state, effects, input, nowMs);
      break;
    case 'modelReceived':
      onModel(state, effects, input, nowMs);
      break;
    case 'timerFired':
      onTimer(state, effects, input.timer, nowMs);
      break;
    case 'neighborUp':
      onNeighborUp(state, effects, input.neighbor, nowMs);
      break;
    case 'neighborDown':
      onNeighborDown(state, effects, input, nowMs);
      break;
    case 'neighborLeft':
      onNeighborLeft(state, effects, input.neighbor, nowMs);
      break;
    case 'neighborAdded':
      addNeighbor(state, effects, input.neighbor);
      break;
    case 'neighborRemoved':
      removeNeighbor(state, effects, input.neighbor);
      proceed(state, effects, nowMs);
      break;
    case 'stopRequested':
      onStopRequested(state, effects, input.afterRound, nowMs);
      break;
    default:
      input satisfies never;
  }
  return effects;
}

function edgeTo(state: PeerState, neighbor: number): EdgeState | undefined {
  return state.edges.find((edge) => edge.neighbor === neighbor);
}

function hear(edge: EdgeState | undefined, nowMs: number): void {
  if (edge !== undefined) edge.lastHeardMs = nowMs;
}

// --- rounds ---------------------------------------------------------------------------------------------------

function onStart(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'idle') return;
  for (const edge of state.edges) {
    edge.lastHeardMs = nowMs;
    if (edge.linked) setStatus(effects, edge, 'active', 'linked');
  }
  scheduleTick(state, effects, nowMs);
  if (isAsynchronous(state) || !state.hasModel) scheduleRetransmit(state, effects, nowMs);
  state.phase = 'joining';
  state.joiningSinceMs = nowMs;
  begin(state, effects, nowMs);
}

/** Training begins, where there is a model to begin from; a newcomer may find that the others have finished. */
function begin(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'joining' || !state.hasModel) return;
  const { round, parameters } = state;
  if (round < state.lastRound) {
    beginTraining(state, effects, nowMs);
    return;
  }
  effects.push({ type: 'roundFinished', round, appliedEdges: 0, contraction: null, parameters });
  drain(state, effects, nowMs);
}

function isAsynchronous({ context }: PeerState): boolean {
  return context.pace === 'asynchronous';
}

/** Something has changed that a round, an edge or the end may have waited for. */
function proceed(state: PeerState, effects: Effect[], nowMs: number): void {
  if (isAsynchronous(state)) asynchronous.proceed(state, effects, nowMs);
  else finishRoundIfReady(state, effects, nowMs);
}

/** In lockstep all stop after one round; otherwise neighbors' rounds say nothing, and each stops as soon as it can. */
function onStopRequested(state: PeerState, effects: Effect[], afterRound: number, nowMs: number): void {
  const soonest = isAsynchronous(state) ? state.round : Math.max(state.round, afterRound);
  state.lastRound = Math.min(state.lastRound, soonest);
  const waits = state.phase === 'joining' || (state.phase === 'idle' && state.lastRound === 0);
  if (waits) finish(state, effects);
  if (isAsynchronous(state)) asynchronous.stop(state, effects, nowMs);
}

function onUpdateReady(
  state: PeerState,
  effects: Effect[],
  input: { readonly round: number; readonly parameters: Float32Array },
  nowMs: number,
): void {
  if (state.phase !== 'training' || input.round !== state.round) return;
  if (isAsynchronous(state)) {
    asynchronous.afterTraining(state, effects, input.parameters, nowMs);
    return;
  }
  noteTrained(state, nowMs);
  const start = takeIn(state, input.parameters);
  state.phase = 'exchanging';
  state.exchangesDone = 0;
  const { algorithm, context, node, round, parameters } = state;
  const openEdges = lastingEdges(state);
  if (state.guard !== null) observeTraining(state.guard, start, parameters);
  moving(state, () => algorithm.beginRound(context, node, { round, start, parameters, openEdges }));
  const fresh = contributeToAll(state, effects, nowMs);
  state.contraction = fresh.length > 0 ? measureContraction(state, fresh[0]!) : null;
  if (state.guard !== null) lookAtResidual(state, fresh);
  scheduleRetransmit(state, effects, nowMs);
  finishRoundIfReady(state, effects, nowMs);
}

// --- exchanges ------------------------------------------------------------------------------------------------

function onDelta(
  state: PeerState,
  effects: Effect[],
  input: { readonly from: number; readonly delta: Delta },
  nowMs: number,
): void {
  const edge = edgeTo(state, input.from);
  if (edge === undefined) return;
  const isCurrent = edge.synced && (input.delta.epoch ?? 0) === epochOf(state, edge);
  if (edge.status === 'closed') {
    if (isCurrent) answerRemoved(effects, edge, input.delta, nowMs);
    return;
  }
  hear(edge, nowMs);
  if (!isCurrent) return; // of another life of the edge
  noteHeard(state, edge, { delta: input.delta, nowMs });
  edge.deltaHeardMs = nowMs;
  edge.heardRound = Math.max(edge.heardRound, input.delta.round);
  if (input.delta.parts.some(({ stream = 0 }) => stream >= (state.algorithm.streams ?? 1))) {
    refuse(effects, edge, 'FRAME_BAD_BODY', `a part of a stream that ${state.algorithm.name} does not send`);
  } else if (receiveDelta(effects, edge, input.delta, nowMs) === 'gap') {
    const wanted = edge.applied + 1;
    refuse(effects, edge, 'SEQUENCE_GAP', `difference ${input.delta.sequence} where ${wanted} was wanted`);
  }
  if (state.phase === 'draining' || state.phase === 'finished') applyLate(state, effects, edge);
  else proceed(state, effects, nowMs);
}

/** After the last round there is no round end to wait for: the neighbor has applied this exchange, so must we. */
function applyLate(state: PeerState, effects: Effect[], edge: EdgeState): void {
  const { algorithm, context, node, round, parameters } = state;
  if (algorithm.reopen === undefined) applyExchange(state, effects, edge);
  else {
    moving(state, () => algorithm.reopen?.(node, parameters));
    applyExchange(state, effects, edge);
    moving(state, () => algorithm.endRound?.(context, node, { round, parameters }));
  }
  if (state.phase === 'draining' && isDrained(state)) finish(state, effects);
}

// --- incarnations ---------------------------------------------------------------------------------------------

function onSync(
  state: PeerState,
  effects: Effect[],
  { from, sync }: { readonly from: number; readonly sync: Sync },
  nowMs: number,
): void {
  const edge = edgeTo(state, from);
  if (edge === undefined) return;
  hear(edge, nowMs);
  receiveSync(state, effects, { edge, sync, nowMs });
  proceed(state, effects, nowMs);
  if (state.phase === 'draining' && isDrained(state)) finish(state, effects);
}

function onModel(
  state: PeerState,
  effects: Effect[],
  { from, model }: { readonly from: number; readonly model: ModelOffer },
  nowMs: number,
): void {
  const edge = edgeTo(state, from);
  if (edge === undefined) return;
  hear(edge, nowMs);
  if (receiveModel(state, effects, { edge, model })) begin(state, effects, nowMs);
}

/** While there is no model: asks again, and another neighbor than one that does not answer. */
function keepJoining(state: PeerState, effects: Effect[], nowMs: number): void {
  const { silenceMs, roundDeadlineMs } = state.options;
  const donor = state.donor === null ? undefined : edgeTo(state, state.donor);
  if (donor !== undefined && nowMs - donor.lastHeardMs >= silenceMs) giveUpDonor(state, donor);
  if (!nobodyHasModel(state)) state.joiningSinceMs = nowMs;
  if (nowMs - state.joiningSinceMs < roundDeadlineMs) return;
  adoptOwn(state, effects);
  begin(state, effects, nowMs);
}

// --- liveness -------------------------------------------------------------------------------------------------

function tickMs(state: PeerState): number {
  return state.options.silenceMs / TICKS_PER_SILENCE;
}

function scheduleTick(state: PeerState, effects: Effect[], nowMs: number): void {
  state.lastTickMs = nowMs;
  effects.push({ type: 'setTimer', timer: 'tick', atMs: nowMs + tickMs(state) });
}

function onTimer(
  state: PeerState,
  effects: Effect[],
  timer: 'tick' | 'retransmit' | 'drain',
  nowMs: number,
): void {
  if (state.phase === 'finished') return;
  if (timer === 'tick') onTick(state, effects, nowMs);
  else if (timer === 'retransmit') onRetransmit(state, effects, nowMs);
  else if (sleptFor(state, nowMs) > tickMs(state)) prolongDrain(state, effects, nowMs);
  else if (state.phase === 'draining') finish(state, effects);
}

/** How much later than it should be a tick comes, or has not come yet. */
function sleptFor(state: PeerState, nowMs: number): number {
  return nowMs - state.lastTickMs - tickMs(state);
}

function onTick(state: PeerState, effects: Effect[], nowMs: number): void {
  // A tick this late means that this process slept, not that its neighbors were silent.
  const sleptMs = sleptFor(state, nowMs);
  if (sleptMs > tickMs(state)) {
    forgiveSleep(state, sleptMs, nowMs);
    prolongDrain(state, effects, nowMs);
  }
  for (const edge of state.edges) {
    if (edge.linked && edge.status !== 'closed' && nowMs - edge.lastSentMs >= tickMs(state)) {
      edge.lastSentMs = nowMs;
      effects.push({ type: 'sendHeartbeat', to: edge.neighbor });
    }
    const overdue = overdueReason(state, edge, nowMs);
    if (overdue !== null) setStatus(effects, edge, 'inactive', overdue);
  }
  if (state.phase === 'joining') keepJoining(state, effects, nowMs);
  repeatSyncs(state, effects, nowMs);
  scheduleTick(state, effects, nowMs);
  proceed(state, effects, nowMs);
}

/** Moves what is waited for past a sleep of our own, though never into the future: frames may have come since. */
function forgiveSleep(state: PeerState, sleptMs: number, nowMs: number): void {
  state.exchangingSinceMs = Math.min(nowMs, state.exchangingSinceMs + sleptMs);
  for (const edge of state.edges) {
    edge.lastHeardMs = Math.min(nowMs, edge.lastHeardMs + sleptMs);
    edge.deltaHeardMs = Math.min(nowMs, edge.deltaHeardMs + sleptMs);
    edge.ownSinceMs = Math.min(nowMs, edge.ownSinceMs + sleptMs);
  }
}

function overdueReason(state: PeerState, edge: EdgeState, nowMs: number): string | null {
  if (edge.status !== 'active' || edge.theirs !== null) return null;
  if (nowMs - edge.lastHeardMs >= state.options.silenceMs) return 'silent';
  if (state.phase !== 'exchanging' || (edge.own === null && !awaitsTraining(state, edge))) return null;
  // An asynchronous run closes when the slowest peer has trained: each of its rounds may take as long as one in lockstep.
  const askedMs = edge.own === null ? state.exchangingSinceMs : edge.ownSinceMs;
  const sinceMs = isAsynchronous(state) ? Math.max(askedMs, edge.deltaHeardMs) : state.exchangingSinceMs;
  return nowMs - sinceMs >= state.options.roundDeadlineMs ? 'deadline' : null;
}

/**
 * An asynchronous run closes, and the neighbor has not trained all its rounds. One that has waits as this peer does, for
 * somebody further on, and is no straggler however long that takes.
 */
function awaitsTraining(state: PeerState, { heardRound }: EdgeState): boolean {
  return isAsynchronous(state) && state.round >= state.lastRound && heardRound < state.lastRound;
}

function scheduleRetransmit(state: PeerState, effects: Effect[], nowMs: number): void {
  const { retransmitMs } = state.options;
  if (retransmitMs !== null)
    effects.push({ type: 'setTimer', timer: 'retransmit', atMs: nowMs + retransmitMs });
}

function onRetransmit(state: PeerState, effects: Effect[], nowMs: number): void {
  const { retransmitMs } = state.options;
  if (retransmitMs === null) return;
  // In lockstep the timer runs since the differences of the round were sent; otherwise it is for all edges alike.
  const oldestMs = isAsynchronous(state) ? nowMs - retransmitMs : nowMs;
  repeatSyncs(state, effects, nowMs);
  for (const edge of state.edges) {
    if (edge.status === 'closed' || edge.own === null || edge.theirs !== null) continue;
    if (edge.ownSentMs <= oldestMs) resendInto(effects, edge, nowMs);
  }
  scheduleRetransmit(state, effects, nowMs);
}

// --- links ----------------------------------------------------------------------------------------------------

function onNeighborUp(state: PeerState, effects: Effect[], neighbor: number, nowMs: number): void {
  const edge = edgeTo(state, neighbor);
  if (edge === undefined) return;
  // Neighbors may have begun: a peer that waits for its other links must not seem silent to them.
  if (state.phase === 'idle' && !state.edges.some(({ linked }) => linked))
    scheduleTick(state, effects, nowMs);
  edge.linked = true; // also where the edge is closed: a peer that has left may come back in another incarnation
  if (edge.status === 'closed') return;
  hear(edge, nowMs);
  if (!edge.synced) introduce(state, effects, edge, nowMs);
  edge.ownSentMs = edge.previousSentMs = nowMs - edge.quietMs; // nothing is under way on this link
  // A peer that goes on from a checkpoint has not begun again: a neighbor that lacks its last difference will say so.
  if (edge.own !== null) prolongDrain(state, effects, nowMs);
  if (state.phase !== 'idle') resendInto(effects, edge, nowMs);
  else if (edge.own !== null) sendInto(effects, edge, edge.own, nowMs);
}

function onNeighborDown(
  state: PeerState,
  effects: Effect[],
  input: { readonly neighbor: number; readonly reason: string },
  nowMs: number,
): void {
  const edge = edgeTo(state, input.neighbor);
  if (edge === undefined) return;
  edge.linked = false;
  setStatus(effects, edge, 'inactive', input.reason);
  proceed(state, effects, nowMs);
}

function onNeighborLeft(state: PeerState, effects: Effect[], neighbor: number, nowMs: number): void {
  const edge = edgeTo(state, neighbor);
  if (edge === undefined) return;
  setStatus(effects, edge, 'closed', 'left');
  // It sends before it leaves: a contribution that is not here was never made, so it never applied ours.
  if (edge.theirs === null) edge.own = null;
  proceed(state, effects, nowMs);
  if (state.phase === 'draining' && isDrained(state)) finish(state, effects);
}
