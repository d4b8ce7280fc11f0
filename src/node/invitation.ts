/**
 * Invitations and their revocation. The founder of a swarm signs who may join and until when; every member checks that
 * for itself, with the key that the swarm's id holds. An invitation is for one peer: for the PeerId that it names, or
 * else for the first that presents it. It may be taken back before it ends by a list of what is revoked, signed by the
 * same key, of which the one with the highest serial counts.
 *
 * An invitation is a ticket: whoever reads an unbound one can use it first. It is no secret after use, since it is bound
 * then, and members say theirs to each other.
 */
import * as z from 'zod';
import { GrapevineError } from '../base/errors.js';
import { quoted } from '../base/printable.js';
import { invalid, readDocument, type Signer, signDocument, type VerifySignature } from './signed-document.js';
import { founderOf } from './swarm-identity.js';

const VERSION = 1;
/** Four addresses of the longest kind, in base64. Members send theirs along with each record (membership.ts). */
export const MAX_INVITATION_CHARACTERS = 2048;
/** More would only slow dialing. */
export const MAX_INVITATION_ADDRESSES = 4;
/** Invitations and peers that a swarm has taken back: as many as fit into one gossip message. */
export const MAX_REVOKED = 512;
/** With MAX_REVOKED ids of 64 characters, in base64; below the longest gossip message. */
export const MAX_REVOCATIONS_CHARACTERS = 48 * 1024;

const invitationSchema = z.strictObject({
  version: z.literal(VERSION),
  id: z.string().min(8).max(64),
  swarm: z.string().max(128),
  addresses: z.array(z.string().max(256)).max(MAX_INVITATION_ADDRESSES),
  /** Seconds since 1970. */
  expires: z.int().min(0),
  peerId: z.string().max(128).optional(),
  index: z.int().min(0).max(4095).optional(),
});

/** What an invitation says. */
export type Invitation = Readonly<z.infer<typeof invitationSchema>>;

const revocationsSchema = z.strictObject({
  version: z.literal(VERSION),
  swarm: z.string().max(128),
  serial: z.int().min(1),
  revoked: z.array(z.string().max(64)).max(MAX_REVOKED),
});

/** What is taken back: ids of invitations, and PeerIds. */
export type Revocations = Readonly<z.infer<typeof revocationsSchema>>;

/** The text of an invitation. */
export function issueInvitation(invitation: Omit<Invitation, 'version'>, issuer: Signer): string {
  return signDocument('invitation', { version: VERSION, ...invitation }, issuer);
}

/**
 * Reads an invitation and checks that the founder of its swarm has signed it.
 * @throws GrapevineError DOCUMENT_INVALID
 */
export function openInvitation(text: string, verify: VerifySignature): Invitation {
  const read = readDocument('invitation', text, MAX_INVITATION_CHARACTERS);
  const parsed = invitationSchema.safeParse(read.value);
  if (!parsed.success) throw invalid('invitation', parsed.error.issues[0]!.message);
  if (!read.isSignedBy(founderOf(parsed.data.swarm), verify))
    throw invalid('invitation', 'its signature is not that of the founder of the swarm that it names');
  return parsed.data;
}

/** Who presents an invitation, where and when. */
export interface Presentation {
  readonly swarm: string;
  readonly peerId: string;
  /** Seconds since 1970. */
  readonly unixSeconds: number;
}

/** Why this invitation does not admit `peerId` to `swarm` now; null when it does. */
export function objectionTo(invitation: Invitation, at: Presentation): GrapevineError | null {
  const { swarm, expires, peerId } = invitation;
  const id = quoted(invitation.id);
  if (swarm !== at.swarm) {
    return new GrapevineError(
      'SWARM_MISMATCH',
      `invitation ${id} is to swarm ${quoted(swarm)}; this is ${at.swarm}: ask its founder for one.`,
      { id },
    );
  }
  if (peerId !== undefined && peerId !== at.peerId) {
    return new GrapevineError(
      'INVITATION_NOT_YOURS',
      `invitation ${id} is for peer ${quoted(peerId)}, and you are ${at.peerId}: start with the identity file that it was made for.`,
      { id },
    );
  }
  if (at.unixSeconds >= expires) {
    const ended = new Date(expires * 1000).toISOString();
    return new GrapevineError(
      'INVITATION_EXPIRED',
      `invitation ${id} has ended at ${ended}: ask its issuer for another (and see whether the clocks are right).`,
      { id, expires },
    );
  }
  return null;
}

/** The text of a list of what is revoked. */
export function issueRevocations(list: Omit<Revocations, 'version'>, issuer: Signer): string {
  return signDocument('revocations', { version: VERSION, ...list }, issuer);
}

/**
 * Reads a revocation list of `swarm` and checks that its founder has signed it.
 * @throws GrapevineError DOCUMENT_INVALID, SWARM_MISMATCH
 */
export function openRevocations(text: string, swarm: string, verify: VerifySignature): Revocations {
  const read = readDocument('revocations', text, MAX_REVOCATIONS_CHARACTERS);
  const parsed = revocationsSchema.safeParse(read.value);
  if (!parsed.success) throw invalid('revocations', parsed.error.issues[0]!.message);
  if (parsed.data.swarm !== swarm)
    throw new GrapevineError(
      'SWARM_MISMATCH',
      `a revocation list of swarm ${quoted(parsed.data.swarm)}; this is ${swarm}.`,
    );
  if (!read.isSignedBy(founderOf(swarm), verify))
    throw invalid('revocations', "its signature is not that of the swarm's founder");
  return parsed.data;
}
