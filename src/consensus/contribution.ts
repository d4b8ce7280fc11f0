/** What a peer does to make its difference of an exchange, and what it measures of it. */

import { takeWeight } from './edge-activity.js';
import { degreeToSend } from './edge-weight.js';
import type { Effect } from './events.js';
import { epochOf, sendInto } from './exchange.js';
import { observeResidual } from './guard.js';
import { sumOf } from './mixing-step.js';
import type { EdgeState, PeerState } from './peer-state.js';
import { hashToSend } from './replica-check.js';
import { noteSaid } from './round-times.js';

/** Runs `move`, in which the algorithm may change the parameters, and notes by how much for the audit. */
export function moving(state: PeerState, move: () => void): void {
  const before = state.options.audit ? sumOf(state.parameters) : 0;
  move();
  if (state.options.audit) state.shiftSum += sumOf(state.parameters) - before;
}

export function lookAtResidual(
  { guard, algorithm, context, node, parameters, round }: PeerState,
  fresh: EdgeState[],
) {
  if (guard === null || algorithm.residual === undefined || fresh.length === 0) return;
  const edge = fresh[round % fresh.length]!;
  observeResidual(guard, algorithm.residual(context, node, { parameters, edge }));
}

export function measureContraction(state: PeerState, edge: EdgeState): readonly number[] | null {
  const { algorithm, context, node, parameters, options, round } = state;
  const due = options.measureEvery > 0 && (round % options.measureEvery === 0 || round === state.lastRound);
  return due ? (algorithm.contraction?.(context, node, { parameters, edge }) ?? null) : null;
}

/** A difference of this peer is under way to a neighbor that is there, other than on `edge`. */
export function isBusy({ edges }: PeerState, edge?: EdgeState): boolean {
  return edges.some((other) => other !== edge && other.own !== null && other.status === 'active');
}

export function contribute(state: PeerState, effects: Effect[], edge: EdgeState, nowMs: number): void {
  const { algorithm, context, node, parameters } = state;
  takeWeight(state, edge, [state.round, edge.theirs?.round ?? state.round]);
  const made = algorithm.compose(context, node, { parameters, edge, busy: isBusy(state, edge) });
  if (made === null) return;
  const { gamma, parts } = made;
  const epoch = epochOf(state, edge);
  edge.own = {
    ...(epoch === 0 ? {} : { epoch }),
    sequence: edge.applied + 1,
    round: state.round + state.level,
    acknowledged: 0,
    gamma: Math.fround(gamma * (state.guard?.factor ?? 1)), // what the neighbor will read from the wire
    ...hashToSend(edge),
    ...degreeToSend(state),
    parts,
  };
  noteSaid(state, edge, nowMs);
  edge.ownSinceMs = nowMs;
  sendInto(effects, edge, edge.own, nowMs);
}
