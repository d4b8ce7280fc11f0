/**
 * Replicas are equal to the bit at both ends of an edge: every algorithm here stands on it, and a flipped bit of memory, a
 * bug, or an engine with other arithmetic at one end breaks it for ever, in silence. So both ends compare.
 *
 * Every HASH_EVERY-th exchange of an edge, either delta carries a CRC-32 of what its sender holds for that edge after the
 * exchange before: the replicas, lower node first, and what else the algorithm keeps alike at both ends. Both ends then
 * have both hashes when the exchange is complete, and come to the same verdict at the same exchange. Where the hashes
 * differ
 *
 *     1. nothing of this exchange is applied: its correction is 0 at both ends, so the mean stays where it is;
 *     2. both ends make their state of the edge alike again (Algorithm.resetEdge): replicas as they were before the first
 *        exchange, warm starts drawn from the run's seed and the number of this reset; a vector that its node keeps for
 *        all neighbors cannot start anew on one edge, and is sent whole in the next exchange;
 *     3. both say so (notice REPLICAS_DIFFER); after MAX_RESETS in a row, with no check between that agreed, the edge is closed.
 *
 * What it cannot mend: between the flip and the check the two corrections of an exchange do not cancel, so the sum of all
 * parameters (and of trackers, and of LEAD's D, for good) moves by what the flip made of them; only comparing every time
 * would prevent it. PowerGossip's p and q are made anew from what travels in every exchange, so a flip in them is gone
 * after two, mostly unseen. Numbers made absurd are refused at once (mixing-step.ts). A CRC-32 sees every single flipped
 * bit, and overlooks other differences once in 2^32.
 */
import { crc32 } from 'node:zlib';
import type { ReplicaPair } from './algorithm.js';
import type { Effect, ExchangeAudit } from './events.js';
import { pauseGuard } from './guard.js';
import { ordered, sumOf } from './mixing-step.js';
import type { EdgeState, PeerState } from './peer-state.js';

/** Exchanges between two comparisons: both replicas are read once in 50 exchanges that each go over them many times. */
export const HASH_EVERY = 50;
/** What differs again and again is no accident: an engine that computes otherwise, or broken memory. */
export const MAX_RESETS = 3;

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** CRC-32 over the lower node's replica, the higher's, and the rest. */
export function replicaHashOf(node: number, neighbor: number, replicas: ReplicaPair): number {
  const { low, high } = ordered(node, neighbor, replicas.own, replicas.theirs);
  return [low, high, ...(replicas.others ?? [])].reduce((hash, part) => crc32(bytesOf(part), hash), 0);
}

/** The audit of one exchange, whose correction is in context.scratch. */
export function auditOf(
  { context }: PeerState,
  edge: EdgeState,
  replicas: ReplicaPair | null,
): ExchangeAudit {
  const correction = context.scratch.slice();
  const correctionSum = context.node < edge.neighbor ? sumOf(correction) : -sumOf(correction);
  const replicaHash = replicas === null ? 0 : replicaHashOf(context.node, edge.neighbor, replicas);
  return { correction, correctionSum, replicaHash };
}

/** The audit of an exchange at which an edge starts anew. */
export const auditOfReset: ExchangeAudit = { correction: null, correctionSum: 0, replicaHash: 0 };

/** After an exchange: what the next delta on `edge` says of it, where that is due. */
export function noteReplicas(
  { algorithm, context, options }: PeerState,
  edge: EdgeState,
  replicas: ReplicaPair | null,
): void {
  const every = options.hashEvery ?? HASH_EVERY;
  const due = every > 0 && (edge.applied + 1) % every === 0 && algorithm.resetEdge !== undefined;
  edge.check.hash = due && replicas !== null ? replicaHashOf(context.node, edge.neighbor, replicas) : null;
}

/** The hash that a delta of the next exchange carries. */
export function hashToSend({ check }: EdgeState): { readonly replicaHash?: number } {
  return check.hash === null ? {} : { replicaHash: check.hash };
}

/** Compares the hashes of the exchange under way; an end that sends none is not compared with. */
export function replicasDiffer({ own, theirs, check }: EdgeState): boolean {
  if (own?.replicaHash === undefined || theirs?.replicaHash === undefined) return false;
  if (own.replicaHash !== theirs.replicaHash) return true;
  check.resetsInRow = 0;
  return false;
}

const hex = (hash: number | undefined): string => (hash ?? 0).toString(16).padStart(8, '0');

/** Says that the hashes of `edge` differ, and makes it alike again at both ends; a reason, where it is to be closed instead. */
export function resetReplicas(state: PeerState, effects: Effect[], edge: EdgeState): string | null {
  const { algorithm, context, node, round } = state;
  const { check, neighbor, own, theirs } = edge;
  check.hash = null;
  check.resets += 1;
  check.resetsInRow += 1;
  const exchange = edge.applied + 1;
  const close = check.resetsInRow > MAX_RESETS;
  const message =
    `exchange ${exchange} of peers ${context.node} and ${neighbor}: replicas ${hex(own?.replicaHash)} here and ` +
    `${hex(theirs?.replicaHash)} there, wanted the same` +
    (close
      ? `, after ${MAX_RESETS} resets in a row: the edge is closed. Run the same release and Node on both machines, ` +
        'and test their memory.'
      : '; the edge starts anew.');
  effects.push({ type: 'notice', code: 'REPLICAS_DIFFER', round, message });
  if (close) return message;
  algorithm.resetEdge?.(context, node, { edge, exchange, resets: check.resets });
  if (state.guard !== null) pauseGuard(state.guard, round);
  return null;
}
