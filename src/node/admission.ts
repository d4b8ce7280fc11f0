/**
 * Who may take part in a swarm, as one of its members sees it. PeerId is authentication (noise proves it); this is
 * authorization. Admitted are
 *
 *     the founder, and this peer itself
 *     whoever this device's own allow-list names
 *     whoever has presented an invitation of the founder's in time (invitation.ts)
 *     everybody, where the founder has opened the swarm and this device has no allow-list
 *
 * unless the founder has revoked the peer or its invitation. Who was admitted once stays so here when its invitation
 * ends: the end says until when one may join. An invitation that names no peer is the first one's that presents it.
 */
import { GrapevineError, isGrapevineError } from '../base/errors.js';
import { quoted } from '../base/printable.js';
import {
  type Invitation,
  objectionTo,
  openInvitation,
  openRevocations,
  type Revocations,
} from './invitation.js';
import type { Reception } from './membership.js';
import type { VerifySignature } from './signed-document.js';
import { type AdmissionPolicy, founderOf } from './swarm-identity.js';

/** Guests that are remembered: as many as members (membership.ts). */
export const MAX_GUESTS = 4096;

export interface AdmissionInit {
  readonly swarm: string;
  readonly policy: AdmissionPolicy;
  /** This peer's PeerId. */
  readonly self: string;
  /** PeerIds that this device lets in; null: it has no list. */
  readonly allow: ReadonlySet<string> | null;
  readonly verify: VerifySignature;
  /** Seconds since 1970. */
  unixSeconds(): number;
  /** These may no longer take part: their links are to be closed. */
  onRevoked?(peerIds: readonly string[]): void;
}

export interface Admission {
  /** Why `peerId` may not take part, as far as is known; null when it may. */
  objection(peerId: string): GrapevineError | null;
  /** Likewise, once `peerId` has shown `invitation`, if it has one: the connection it came on proves who it is. */
  present(peerId: string, invitation: string | undefined): GrapevineError | null;
  /** `peerId` has been admitted by `invitation`, as this device remembers: it stays so, whenever that has ended. */
  recall(peerId: string, invitation: string): void;
  /** The index that the invitation of `peerId` names. */
  indexOf(peerId: string): number | undefined;
  /** Takes a revocation list from anybody. */
  revoke(document: string): Reception;
  /** The newest revocation list, to hand on. */
  readonly revocations: string | null;
}

export function createAdmission(init: AdmissionInit): Admission {
  const { swarm, policy, self, allow, verify } = init;
  const founder = founderOf(swarm);
  /** Invitation of each peer that was admitted by one, and whose each invitation is. */
  const guests = new Map<string, Invitation>();
  const holders = new Map<string, string>();
  let list: { readonly revocations: Revocations; readonly document: string } | null = null;
  let revoked: ReadonlySet<string> = new Set();

  const revocationOf = (peerId: string, invitation: Invitation | undefined): GrapevineError | null => {
    const what = [peerId, invitation?.id].find((id) => id !== undefined && revoked.has(id));
    if (what === undefined) return null;
    return new GrapevineError(
      'REVOKED',
      `the founder of the swarm has revoked ${what}: ask for an invitation.`,
      {
        revoked: what,
      },
    );
  };

  const objection = (peerId: string): GrapevineError | null => {
    if (peerId === self || peerId === founder) return null;
    const guest = guests.get(peerId);
    const withdrawn = revocationOf(peerId, guest);
    if (withdrawn !== null) return withdrawn;
    if (guest !== undefined || allow?.has(peerId) === true) return null;
    if (policy === 'open' && allow === null) return null;
    return new GrapevineError(
      'NOT_ADMITTED',
      `peer ${peerId} has no invitation to this swarm and is on no allow-list: ask the founder for one (grapevine invite).`,
      { peerId },
    );
  };

  const accept = (peerId: string, text: string, unixSeconds = init.unixSeconds()): GrapevineError | null => {
    const invitation = openInvitation(text, verify);
    const reason =
      objectionTo(invitation, { swarm, peerId, unixSeconds }) ?? revocationOf(peerId, invitation);
    if (reason !== null) return reason;
    const holder = holders.get(invitation.id) ?? peerId;
    if (holder !== peerId || guests.size >= MAX_GUESTS) {
      return new GrapevineError(
        'INVITATION_USED',
        `invitation ${quoted(invitation.id)} is for one peer, and ${holder} has used it: ask for one of your own.`,
        { id: invitation.id },
      );
    }
    holders.set(invitation.id, peerId);
    guests.set(peerId, invitation);
    return null;
  };

  return {
    objection,
    present(peerId, text) {
      const reason = objection(peerId);
      if (text === undefined || (reason === null && guests.has(peerId))) return reason;
      if (reason?.code === 'REVOKED') return reason;
      try {
        const refusal = accept(peerId, text);
        return reason === null ? null : refusal; // who is let in anyway may show an invitation that is not needed
      } catch (error) {
        if (!isGrapevineError(error)) throw error;
        return reason === null ? null : error;
      }
    },
    recall(peerId, text) {
      try {
        accept(peerId, text, 0); // no invitation ends before 1970
      } catch (error) {
        if (!isGrapevineError(error)) throw error; // a file that was changed: whoever it names may ask again
      }
    },
    indexOf: (peerId) => guests.get(peerId)?.index,
    revoke(document) {
      let revocations: Revocations;
      try {
        revocations = openRevocations(document, swarm, verify);
      } catch {
        return 'reject';
      }
      if (list !== null && list.revocations.serial >= revocations.serial) return 'ignore';
      list = { revocations, document };
      revoked = new Set(revocations.revoked);
      const gone = [...guests].filter(([peerId, guest]) => revocationOf(peerId, guest) !== null);
      const named = revocations.revoked.filter((id) => !guests.has(id));
      init.onRevoked?.([...gone.map(([peerId]) => peerId), ...named]);
      return 'accept';
    },
    get revocations() {
      return list?.document ?? null;
    },
  };
}
