/**
 * One exchange of one edge, applied: the algorithm computes the correction from the two differences, and the parameters
 * move by it at once or, where the neighbor's difference makes no sense, not at all, and the edge is closed.
 */
import { isGrapevineError } from '../base/errors.js';
import { addSignedInto, sumOfSquares } from '../linalg/pairs.js';
import type { Delta } from '../wire/frame.js';
import type { ReplicaPair } from './algorithm.js';
import { takeWeight } from './edge-activity.js';
import type { Effect } from './events.js';
import { advanceEdge, isComplete } from './exchange.js';
import { observeExchange } from './guard.js';
import { isPlausible } from './mixing-step.js';
import type { EdgeState, PeerState } from './peer-state.js';
import { auditOf, auditOfReset, noteReplicas, replicasDiffer, resetReplicas } from './replica-check.js';

export function setStatus(
  effects: Effect[],
  edge: EdgeState,
  status: EdgeState['status'],
  reason: string,
): void {
  if (edge.status === status || edge.status === 'closed') return;
  edge.status = status;
  effects.push({ type: 'edgeChanged', neighbor: edge.neighbor, status, reason });
}

/** Applies the next exchange of `edge` if both differences are here; a difference that cannot be is refused. */
export function applyExchange(state: PeerState, effects: Effect[], edge: EdgeState): boolean {
  if (!isComplete(edge)) return false;
  if (replicasDiffer(edge)) return resetExchange(state, effects, edge);
  const own = edge.own as Delta;
  const theirs = edge.theirs as Delta;
  const { algorithm, context } = state;
  takeWeight(state, edge, [own.round, theirs.round]);
  let replicas: ReplicaPair | null;
  try {
    replicas = algorithm.apply(context, state.node, { edge, own, theirs, parameters: state.parameters });
  } catch (error) {
    if (!isGrapevineError(error)) throw error;
    refuse(effects, edge, error.code, error.message);
    return false;
  }
  const energy = sumOfSquares(context.scratch);
  if (!isPlausible(energy, state.parameters)) {
    const got = `difference ${theirs.sequence} moves parameters beyond measure`;
    refuse(effects, edge, 'PAYLOAD_BAD_VALUE', got);
    return false;
  }
  if (state.guard !== null) observeExchange(state.guard, energy, stepOf(edge));
  const sign = context.node < edge.neighbor ? 1 : -1;
  addSignedInto(state.parameters, context.scratch, sign);
  advanceEdge(edge);
  edge.correctionNorm = Math.sqrt(energy);
  noteReplicas(state, edge, replicas);
  if (edge.retiring) setStatus(effects, edge, 'closed', 'removed');
  else wake(effects, edge);
  const audit = state.options.audit ? auditOf(state, edge, replicas) : null;
  effects.push({ type: 'exchangeApplied', neighbor: edge.neighbor, sequence: edge.applied, audit });
  return true;
}

/** Rounds wait for this neighbor again; not where its link has gone down since it answered. */
function wake(effects: Effect[], edge: EdgeState): void {
  if (edge.linked) setStatus(effects, edge, 'active', 'answered');
}

/** The exchange at which the two ends see that their replicas differ: it moves nothing, and the edge starts anew. */
function resetExchange(state: PeerState, effects: Effect[], edge: EdgeState): boolean {
  const refusal = resetReplicas(state, effects, edge);
  if (refusal !== null) {
    refuse(effects, edge, 'REPLICAS_DIFFER', refusal);
    return false;
  }
  advanceEdge(edge);
  wake(effects, edge);
  const audit = state.options.audit ? auditOfReset : null;
  effects.push({ type: 'exchangeApplied', neighbor: edge.neighbor, sequence: edge.applied, audit });
  return true;
}

/** The two factors of the correction: gamma is the smaller of the two ends'. */
function stepOf({ weight, own, theirs }: EdgeState): { readonly weight: number; readonly gamma: number } {
  return { weight, gamma: Math.min(own?.gamma ?? 0, theirs?.gamma ?? 0) };
}

export function refuse(
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
