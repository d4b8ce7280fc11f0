/** Who may take part, as admission.ts decides it. */
import { describe, expect, it } from 'vitest';
import { type Admission, type AdmissionInit, createAdmission } from '../../../src/node/admission.js';
import { issueInvitation, issueRevocations } from '../../../src/node/invitation.js';
import { createIdentity, verifySignature } from '../../../src/node/libp2p-identity.js';
import { foundSwarm } from '../../../src/node/swarm-identity.js';

const [founder, self, ann, bob] = await Promise.all([1, 2, 3, 4].map(createIdentity));
const { swarm } = foundSwarm({ identity: founder!, config: {}, admission: 'invited', salt: 'any chance' });
const invitation = (over: object = {}, issuer = founder!): string =>
  issueInvitation({ id: 'invitation-1', swarm, addresses: [], expires: 100, ...over }, issuer);
const revocations = (serial: number, revoked: string[], issuer = founder!): string =>
  issueRevocations({ swarm, serial, revoked }, issuer);

function admissionOf(over: Partial<AdmissionInit> = {}): Admission {
  return createAdmission({
    swarm,
    policy: 'invited',
    self: self!.peerId,
    allow: null,
    verify: verifySignature,
    unixSeconds: () => 99,
    ...over,
  });
}

const A = ann!.peerId;
const B = bob!.peerId;

describe('admission to a swarm', () => {
  it('is for the founder and oneself without more, and for nobody else', () => {
    const admission = admissionOf();
    expect(admission.objection(founder!.peerId)).toBeNull();
    expect(admission.objection(self!.peerId)).toBeNull();
    expect(admission.objection(A)?.code).toBe('NOT_ADMITTED');
  });

  it('is for the first who presents an invitation, who keeps it when the invitation has ended', () => {
    let now = 99;
    const admission = admissionOf({ unixSeconds: () => now });
    expect(admission.present(A, undefined)?.code).toBe('NOT_ADMITTED');
    expect(admission.present(A, invitation({ index: 3 }))).toBeNull();
    expect(admission.indexOf(A)).toBe(3);
    expect(admission.present(B, invitation())?.code).toBe('INVITATION_USED');
    now = 100;
    expect(admission.objection(A)).toBeNull();
    expect(admission.present(B, invitation({ id: 'invitation-2' }))?.code).toBe('INVITATION_EXPIRED');
    expect(admission.present(B, invitation({ id: 'invitation-3' }, bob!))?.code).toBe('DOCUMENT_INVALID');
    expect(admission.objection(B)?.code).toBe('NOT_ADMITTED');
  });

  it('is for everybody in an open swarm, unless this device has a list of its own', () => {
    expect(admissionOf({ policy: 'open' }).objection(A)).toBeNull();
    const listed = admissionOf({ policy: 'open', allow: new Set([A]) });
    expect(listed.objection(A)).toBeNull();
    expect(listed.objection(B)?.code).toBe('NOT_ADMITTED');
    expect(listed.present(B, invitation())).toBeNull();
  });

  it('is for whom this device remembers, though the invitation has ended since, unless it was revoked', () => {
    const admission = admissionOf({ unixSeconds: () => 1e9 });
    admission.recall(A, invitation());
    admission.recall(B, invitation({ id: 'invitation-2' }, bob!));
    expect(admission.objection(A)).toBeNull();
    expect(admission.objection(B)?.code).toBe('NOT_ADMITTED');
    expect(admission.present(B, invitation())?.code).toBe('INVITATION_EXPIRED');
    admission.revoke(revocations(1, [A]));
    expect(admission.objection(A)?.code).toBe('REVOKED');
    const later = admissionOf();
    later.revoke(revocations(1, [A]));
    later.recall(A, invitation());
    expect(later.objection(A)?.code).toBe('REVOKED');
  });

  it('ends for whom the founder revokes, by PeerId or invitation, listed or not', () => {
    const gone: string[] = [];
    const admission = admissionOf({ allow: new Set([B]), onRevoked: (ids) => gone.push(...ids) });
    expect(admission.present(A, invitation())).toBeNull();
    expect(admission.revoke(revocations(1, ['invitation-1', B]))).toBe('accept');
    expect(gone).toEqual([A, 'invitation-1', B]);
    expect(admission.objection(A)?.code).toBe('REVOKED');
    expect(admission.objection(B)?.code).toBe('REVOKED');
    expect(admission.present(A, invitation())?.code).toBe('REVOKED');
    expect(admission.present(B, invitation({ id: 'invitation-2' }))?.code).toBe('REVOKED');
  });

  it('follows the list with the highest serial, whoever brings it', () => {
    const admission = admissionOf({ allow: new Set([A, B]) });
    expect(admission.revocations).toBeNull();
    expect(admission.revoke(revocations(2, [A]))).toBe('accept');
    expect(admission.revoke(revocations(1, [A, B]))).toBe('ignore');
    expect(admission.revoke(revocations(3, [A, B], bob!))).toBe('reject');
    expect(admission.revoke('no list')).toBe('reject');
    expect(admission.objection(B)).toBeNull();
    expect(admission.revocations).toBe(revocations(2, [A]));
    expect(admission.revoke(revocations(3, []))).toBe('accept');
    expect(admission.objection(A)).toBeNull();
  });
});
