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
 *     3. both say so (notice REPLICAS_DIFFER); after MAX_RESETS in a row, with no check between them that agreed, the edge is closed.
 *
 * Between the flip and the check the two corrections of an exchange differ by what the flip made of them, and the mean
 * moves by half of that, divided by the number of peers: only comparing every time would prevent it. Numbers made absurd are
 * refused at once (mixing-step.ts). A CRC-32 sees every single flipped bit, and overlooks other differences once in 2^32.
 */
import { crc32 } from 'node:zlib';
import type { ReplicaPair } from './algorithm.js';
import { pauseGuard } from './guard.js';
import { ordered } from './mixing-step.js';
import type { EdgeState, PeerState } from './peer-state.js';

/** Exchanges between two comparisons: both replicas are read once in 50 exchanges that each go over them many times. */
export const HASH_EVERY = 50;
/** What differs again and again is no accident: an engine that computes otherwise, or broken memory. */
export const MAX_RESETS = 3;

/** What an edge remembers of its comparisons. */
export interface ReplicaCheck {
  /** For the next delta; null where the next exchange is not one to compare. */
  hash: number | null;
  /** Resets so far, the same at both ends. */
  resets: number;
  /** Of them, those since the last comparison that agreed. */
  resetsInRow: number;
}

export function createReplicaCheck(): ReplicaCheck {
  return { hash: null, resets: 0, resetsInRow: 0 };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** CRC-32 over the lower node's replica, the higher's, and the rest. */
export function replicaHashOf(node: number, neighbor: number, replicas: ReplicaPair): number {
  const { low, high } = ordered(node, neighbor, replicas.own, replicas.theirs);
  return [low, high, ...(replicas.others ?? [])].reduce((hash, part) => crc32(bytesOf(part), hash), 0);
}

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

/** Resets `edge`, whose hashes differ; what to say of it, and whether it is to be closed. */
export function resetReplicas(
  state: PeerState,
  edge: EdgeState,
): { readonly message: string; readonly close: boolean } {
  const { algorithm, context, node, round } = state;
  const { check, neighbor, own, theirs } = edge;
  check.hash = null;
  check.resets += 1;
  check.resetsInRow += 1;
  const exchange = edge.applied + 1;
  const found =
    `exchange ${exchange} of peers ${context.node} and ${neighbor}: replicas ${hex(own?.replicaHash)} here and ` +
    `${hex(theirs?.replicaHash)} there, wanted the same`;
  if (check.resetsInRow > MAX_RESETS) {
    const message = `${found}, after ${MAX_RESETS} resets in a row: the edge is closed. Run the same release and Node on both machines, and test their memory.`;
    return { message, close: true };
  }
  algorithm.resetEdge?.(context, node, { edge, exchange, resets: check.resets });
  if (state.guard !== null) pauseGuard(state.guard, round);
  return { message: `${found}; the edge starts anew.`, close: false };
}
