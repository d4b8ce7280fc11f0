/**
 * Errors of the outside world. A bug is an assertion (assert.ts); everything else that can go wrong is a
 * GrapevineError with a code from this closed list, so that callers decide by code and never by message.
 *
 * A message says three things in this order: what was got, what was wanted, what to do about it. What was got may be another
 * peer's words, so no message holds what a terminal would obey; where they are quoted, they are one line (printable.ts).
 */

import { printableLines } from './printable.js';

export const errorCodes = [
  // The user's words: specs, flags, files. Exit code 2.
  'BAD_SPEC',
  'BAD_CONFIG',
  'BAD_USAGE',
  // Bytes from another peer.
  'FRAME_BAD_MAGIC',
  'FRAME_BAD_VERSION',
  'FRAME_BAD_KIND',
  'FRAME_BAD_HEADER',
  'FRAME_TOO_LARGE',
  'FRAME_TRUNCATED',
  'FRAME_BAD_CHECKSUM',
  'FRAME_WRONG_SWARM',
  'FRAME_WRONG_PEER',
  'FRAME_BAD_BODY',
  'PAYLOAD_BAD_OPERATOR',
  'PAYLOAD_BAD_LENGTH',
  'PAYLOAD_BAD_VALUE',
  // What one peer says to another about itself.
  'HELLO_REFUSED',
  'NOT_A_NEIGHBOR',
  'HELLO_TIMEOUT',
  'SEQUENCE_GAP',
  'REPLICAS_DIFFER',
  'MEMBERSHIP_FIXED',
  // Who may join (docs/security.md).
  'NOT_ADMITTED',
  'DOCUMENT_INVALID',
  'SWARM_MISMATCH',
  'INVITATION_EXPIRED',
  'INVITATION_NOT_YOURS',
  'INVITATION_USED',
  'REVOKED',
  'INDEX_TAKEN',
  'SWARM_FULL',
  'JOIN_FAILED',
  'PEER_BANNED',
  'RATE_LIMITED',
  'RELAY_FULL',
  // Links and machines.
  'LINK_DOWN',
  'LINK_TIMEOUT',
  'ADDRESS_IN_USE',
  'SWARM_START_TIMEOUT',
  'PEER_LOST',
  'CHECKPOINT_FAILED',
  // A checkpoint that is there, and cannot be gone on from: broken, or of another run.
  'CHECKPOINT_UNREADABLE',
  'CHECKPOINT_MISMATCH',
  // Arithmetic that gives up rather than guess.
  'NOT_CONVERGED',
  // Training.
  'TRAINER_NOT_FINITE',
  'TRAINER_FAILED',
  'DATA_UNAVAILABLE',
  'INTERRUPTED',
  // A run's own files, and a peer's: identity, invitation, revocations.
  'FILE_WRITE_FAILED',
  'METRICS_WRITE_FAILED',
  'METRICS_UNREADABLE',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Facts that help to find the cause: numbers, ids, addresses. JSON values only. */
export type ErrorFacts = Readonly<
  Record<string, string | number | boolean | null | readonly (string | number)[]>
>;

export class GrapevineError extends Error {
  override readonly name = 'GrapevineError';
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(printableLines(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** True when `error` is a GrapevineError, of the given code if one is named. */
export function isGrapevineError(error: unknown, code?: ErrorCode): error is GrapevineError {
  return error instanceof GrapevineError && (code === undefined || error.code === code);
}

/** Text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
