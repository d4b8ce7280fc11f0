/**
 * The consensus core: step(state, input, now) -> effects. No clock, no network, no trainer, no randomness but
 * what the state holds; the same code runs on libp2p and in the simulator.
 *
 * A round: train; send one difference to every neighbor; wait until every active edge has answered, or is given
 * up for silent; apply all complete exchanges in ascending order of neighbor; again, where the algorithm has several
 * exchanges a round; next round.
 */
import { crc32 } from 'node:zlib';
import { isGrapevineError } from '../base/errors.js';
import { addSignedInto } from '../linalg/pairs.js';
import type { Delta } from '../wire/frame.js';
import type { ReplicaPair } from './algorithm.js';
import type { Effect, ExchangeAudit, Input } from './events.js';
import { advanceEdge, isComplete, receiveDelta, resendInto, sendInto } from './exchange.js';
import { observeExchange, observeResidual, observeTraining, settleRound } from './guard.js';
import { isPlausible, ordered, sumOf } from './mixing-step.js';
import type { EdgeState, PeerState } from './peer-state.js';

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
    case 'stopRequested':
      state.lastRound = Math.min(state.lastRound, Math.max(state.round, input.afterRound));
      if (state.phase === 'idle' && state.lastRound === 0) finish(state, effects);
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

function setStatus(effects: Effect[], edge: EdgeState, status: EdgeState['status'], reason: string): void {
  if (edge.status === status || edge.status === 'closed') return;
  edge.status = status;
  effects.push({ type: 'edgeChanged', neighbor: edge.neighbor, status, reason });
}

// --- rounds ---------------------------------------------------------------------------------------------------

function onStart(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.phase !== 'idle') return;
  for (const edge of state.edges) {
    edge.lastHeardMs = nowMs;
    if (edge.linked) setStatus(effects, edge, 'active', 'linked');
  }
  scheduleTick(state, effects, nowMs);
  beginTraining(state, effects);
}

function beginTraining(state: PeerState, effects: Effect[]): void {
  state.round += 1;
  state.phase = 'training';
  effects.push({ type: 'train', round: state.round, parameters: state.parameters });
}

function onUpdateReady(
  state: PeerState,
  effects: Effect[],
  input: { readonly round: number; readonly parameters: Float32Array },
  nowMs: number,
): void {
  if (state.phase !== 'training' || input.round !== state.round) return;
  const start = state.parameters;
  state.parameters = input.parameters;
  state.phase = 'exchanging';
  state.exchangesDone = 0;
  const { algorithm, context, node, round, parameters } = state;
  const openEdges = state.edges.filter((edge) => edge.status !== 'closed');
  if (state.guard !== null) observeTraining(state.guard, start, parameters);
  moving(state, () => algorithm.beginRound(context, node, { round, start, parameters, openEdges }));
  const fresh = contributeToAll(state, effects, nowMs);
  state.contraction = fresh.length > 0 ? measureContraction(state, fresh[0]!) : null;
  if (state.guard !== null) lookAtResidual(state, fresh);
  if (state.options.retransmitMs !== null) {
    effects.push({ type: 'setTimer', timer: 'retransmit', atMs: nowMs + state.options.retransmitMs });
  }
  finishRoundIfReady(state, effects, nowMs);
}

/** Runs `move`, in which the algorithm may change the parameters, and notes by how much for the audit. */
function moving(state: PeerState, move: () => void): void {
  const before = state.options.audit ? sumOf(state.parameters) : 0;
  move();
  if (state.options.audit) state.shiftSum += sumOf(state.parameters) - before;
}

/** Begins an exchange on every open edge whose last one is done; those edges. */
function contributeToAll(state: PeerState, effects: Effect[], nowMs: number): EdgeState[] {
  state.exchangingSinceMs = nowMs;
  const fresh = state.edges.filter((edge) => edge.status !== 'closed' && edge.own === null);
  for (const edge of fresh) contribute(state, effects, edge, nowMs);
  return fresh;
}

function lookAtResidual(
  { guard, algorithm, context, node, parameters, round }: PeerState,
  fresh: EdgeState[],
) {
  if (guard === null || algorithm.residual === undefined || fresh.length === 0) return;
  const edge = fresh[round % fresh.length]!;
  observeResidual(guard, algorithm.residual(context, node, { parameters, edge }));
}

function measureContraction(state: PeerState, edge: EdgeState): readonly number[] | null {
  const { algorithm, context, node, parameters, options, round } = state;
  const due = options.measureEvery > 0 && (round % options.measureEvery === 0 || round === state.lastRound);
  return due ? (algorithm.contraction?.(context, node, { parameters, edge }) ?? null) : null;
}

function contribute(state: PeerState, effects: Effect[], edge: EdgeState, nowMs: number): void {
  const { algorithm, context, node, parameters } = state;
  const { gamma, parts } = algorithm.compose(context, node, { parameters, edge });
  edge.own = {
    sequence: edge.applied + 1,
    round: state.round,
    acknowledged: 0,
    gamma: Math.fround(gamma * (state.guard?.factor ?? 1)), // what the neighbor will read from the wire
    parts,
  };
  sendInto(effects, edge, edge.own, nowMs);
}

function finishRoundIfReady(state: PeerState, effects: Effect[], nowMs: number): void {
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

function endGuardedRound(state: PeerState, effects: Effect[]): void {
  const { guard, algorithm, node, round } = state;
  const message = guard === null ? null : settleRound(guard, round);
  if (guard === null || message === null) return;
  algorithm.backOff?.(node, guard.factor);
  effects.push({ type: 'notice', code: 'CONSENSUS_BACKED_OFF', round, message });
}

// --- exchanges ------------------------------------------------------------------------------------------------

/** Applies the next exchange of `edge` if both differences are here; a difference that cannot be is refused. */
function applyExchange(state: PeerState, effects: Effect[], edge: EdgeState): boolean {
  if (!isComplete(edge)) return false;
  const own = edge.own as Delta;
  const theirs = edge.theirs as Delta;
  const { algorithm, context } = state;
  let replicas: ReplicaPair | null;
  try {
    replicas = algorithm.apply(context, state.node, { edge, own, theirs });
  } catch (error) {
    if (!isGrapevineError(error)) throw error;
    refuse(effects, edge, error.code, error.message);
    return false;
  }
  if (!isPlausible(context.scratch, state.parameters)) {
    const got = `difference ${theirs.sequence} moves parameters beyond measure`;
    refuse(effects, edge, 'PAYLOAD_BAD_VALUE', got);
    return false;
  }
  if (state.guard !== null) observeExchange(state.guard, context.scratch, stepOf(edge));
  const sign = context.node < edge.neighbor ? 1 : -1;
  addSignedInto(state.parameters, context.scratch, sign);
  advanceEdge(edge);
  setStatus(effects, edge, 'active', 'answered');
  const audit = state.options.audit ? auditOf(state, edge, replicas, sign * sumOf(context.scratch)) : null;
  effects.push({ type: 'exchangeApplied', neighbor: edge.neighbor, sequence: edge.applied, audit });
  return true;
}

/** The two factors of the correction: gamma is the smaller of the two ends'. */
function stepOf({ weight, own, theirs }: EdgeState): { readonly weight: number; readonly gamma: number } {
  return { weight, gamma: Math.min(own?.gamma ?? 0, theirs?.gamma ?? 0) };
}

function auditOf(
  state: PeerState,
  edge: EdgeState,
  replicas: ReplicaPair | null,
  correctionSum: number,
): ExchangeAudit {
  if (replicas === null) return { correctionSum, replicaHash: 0 };
  const { low, high } = ordered(state.context.node, edge.neighbor, replicas.own, replicas.theirs);
  return { correctionSum, replicaHash: crc32(bytesOf(high), crc32(bytesOf(low))) };
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function refuse(
  effects: Effect[],
  edge: EdgeState,
  code: Extract<Effect, { type: 'refuse' }>['code'],
  message: string,
) {
  setStatus(effects, edge, 'closed', code);
  edge.own = null;
  edge.theirs = null;
  edge.theirsNext = null;
  effects.push({ type: 'refuse', neighbor: edge.neighbor, code, message });
}

function onDelta(
  state: PeerState,
  effects: Effect[],
  input: { readonly from: number; readonly delta: Delta },
  nowMs: number,
): void {
  const edge = edgeTo(state, input.from);
  if (edge === undefined || edge.status === 'closed') return;
  hear(edge, nowMs);
  if (input.delta.parts.some(({ stream = 0 }) => stream >= (state.algorithm.streams ?? 1))) {
    refuse(effects, edge, 'FRAME_BAD_BODY', `a part of a stream that ${state.algorithm.name} does not send`);
  } else if (receiveDelta(effects, edge, input.delta, nowMs) === 'gap') {
    const wanted = edge.applied + 1;
    refuse(effects, edge, 'SEQUENCE_GAP', `difference ${input.delta.sequence} where ${wanted} was wanted`);
  }
  if (state.phase === 'draining' || state.phase === 'finished') applyLate(state, effects, edge);
  else finishRoundIfReady(state, effects, nowMs);
}

/** After the last round there is no round end to wait for: the neighbor has applied this exchange, so must we. */
function applyLate(state: PeerState, effects: Effect[], edge: EdgeState): void {
  applyExchange(state, effects, edge);
  if (state.phase === 'draining' && isDrained(state)) finish(state, effects);
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
  else if (state.phase === 'draining') finish(state, effects);
}

function onTick(state: PeerState, effects: Effect[], nowMs: number): void {
  // A tick this late means that this process slept, not that its neighbors were silent.
  const sleptMs = nowMs - state.lastTickMs - tickMs(state);
  if (sleptMs > tickMs(state)) forgiveSleep(state, sleptMs, nowMs);
  for (const edge of state.edges) {
    if (edge.linked && edge.status !== 'closed' && nowMs - edge.lastSentMs >= tickMs(state)) {
      edge.lastSentMs = nowMs;
      effects.push({ type: 'sendHeartbeat', to: edge.neighbor });
    }
    const overdue = overdueReason(state, edge, nowMs);
    if (overdue !== null) setStatus(effects, edge, 'inactive', overdue);
  }
  scheduleTick(state, effects, nowMs);
  finishRoundIfReady(state, effects, nowMs);
}

/** Moves what is waited for past a sleep of our own, though never into the future: frames may have come since. */
function forgiveSleep(state: PeerState, sleptMs: number, nowMs: number): void {
  state.exchangingSinceMs = Math.min(nowMs, state.exchangingSinceMs + sleptMs);
  for (const edge of state.edges) edge.lastHeardMs = Math.min(nowMs, edge.lastHeardMs + sleptMs);
}

function overdueReason(state: PeerState, edge: EdgeState, nowMs: number): string | null {
  if (edge.status !== 'active' || edge.theirs !== null) return null;
  if (nowMs - edge.lastHeardMs >= state.options.silenceMs) return 'silent';
  const waiting =
    state.phase === 'exchanging' && nowMs - state.exchangingSinceMs >= state.options.roundDeadlineMs;
  return waiting ? 'deadline' : null;
}

function onRetransmit(state: PeerState, effects: Effect[], nowMs: number): void {
  if (state.options.retransmitMs === null) return;
  for (const edge of state.edges) {
    if (edge.status !== 'closed' && edge.own !== null && edge.theirs === null)
      resendInto(effects, edge, nowMs);
  }
  effects.push({ type: 'setTimer', timer: 'retransmit', atMs: nowMs + state.options.retransmitMs });
}

// --- links ----------------------------------------------------------------------------------------------------

function onNeighborUp(state: PeerState, effects: Effect[], neighbor: number, nowMs: number): void {
  const edge = edgeTo(state, neighbor);
  if (edge === undefined || edge.status === 'closed') return;
  // Neighbors may have begun: a peer that waits for its other links must not seem silent to them.
  if (state.phase === 'idle' && !state.edges.some(({ linked }) => linked))
    scheduleTick(state, effects, nowMs);
  edge.linked = true;
  hear(edge, nowMs);
  resendInto(effects, edge, nowMs);
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
  finishRoundIfReady(state, effects, nowMs);
}

function onNeighborLeft(state: PeerState, effects: Effect[], neighbor: number, nowMs: number): void {
  const edge = edgeTo(state, neighbor);
  if (edge === undefined) return;
  setStatus(effects, edge, 'closed', 'left');
  // It sends before it leaves: a contribution that is not here was never made, so it never applied ours.
  if (edge.theirs === null) edge.own = null;
  finishRoundIfReady(state, effects, nowMs);
  if (state.phase === 'draining' && isDrained(state)) finish(state, effects);
}

// --- the end --------------------------------------------------------------------------------------------------

/**
 * On links that lose nothing, what was sent will arrive and the peer may go. On lossy ones it stays until its
 * neighbors have what it sent and it has what they sent, or they stay silent.
 */
function isDrained(state: PeerState): boolean {
  if (state.options.retransmitMs === null) return true;
  return state.edges.every((edge) => edge.status === 'closed' || !edge.linked || edge.own === null);
}

function drain(state: PeerState, effects: Effect[], nowMs: number): void {
  state.phase = 'draining';
  if (isDrained(state)) finish(state, effects);
  else effects.push({ type: 'setTimer', timer: 'drain', atMs: nowMs + state.options.silenceMs });
}

function finish(state: PeerState, effects: Effect[]): void {
  state.phase = 'finished';
  effects.push({ type: 'cancelTimer', timer: 'tick' });
  effects.push({ type: 'cancelTimer', timer: 'retransmit' });
  effects.push({ type: 'cancelTimer', timer: 'drain' });
  effects.push({ type: 'finished', round: state.round });
}
