/** Signed documents, invitations, revocation lists and swarm ids, with real keys. */
import { describe, expect, it } from 'vitest';
import { errorCodes, type GrapevineError } from '../../../src/base/errors.js';
import {
  issueInvitation,
  issueRevocations,
  MAX_INVITATION_CHARACTERS,
  MAX_REVOCATIONS_CHARACTERS,
  MAX_REVOKED,
  objectionTo,
  openInvitation,
  openRevocations,
} from '../../../src/node/invitation.js';
import { createIdentity, verifySignature } from '../../../src/node/libp2p-identity.js';
import { foundSwarm, openDescription } from '../../../src/node/swarm-identity.js';

const founder = await createIdentity();
const other = await createIdentity();
const config = { peers: 2, task: 'quadratic' };
const salt = '0123456789';
const found = (over: object = {}) =>
  foundSwarm({ identity: founder, config, admission: 'invited', salt, ...over });
const { swarm, document } = found();
const fields = { id: 'invitation-1', swarm, addresses: ['/ip4/127.0.0.1/tcp/1'], expires: 1000 };
const presented = { swarm, peerId: other.peerId, unixSeconds: 999 };

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return (error as GrapevineError).code;
  }
};

describe('the description of a swarm', () => {
  it('is opened by whoever knows the id, and says what the founder chose', () => {
    expect(openDescription(document, swarm, verifySignature)).toEqual({
      swarm,
      founder: founder.peerId,
      admission: 'invited',
      config,
      document,
    });
  });

  it('is another for every choice and every salt', () => {
    const all = [
      found(),
      found({ salt: '9876543210' }),
      found({ admission: 'open' }),
      found({ config: { ...config, peers: 3 } }),
    ];
    expect(new Set(all.map((each) => each.swarm)).size).toBe(4);
    for (const each of all.slice(1))
      expect(codeOf(() => openDescription(each.document, swarm, verifySignature))).toBe('SWARM_MISMATCH');
  });

  it('cannot be replaced by what another has signed', () => {
    const forged = foundSwarm({ identity: other, config, admission: 'open', salt });
    expect(codeOf(() => openDescription(forged.document, swarm, verifySignature))).toBe('DOCUMENT_INVALID');
  });
});

describe('an invitation', () => {
  const text = issueInvitation(fields, founder);

  it('says what its issuer has signed', () => {
    expect(openInvitation(` ${text}\n`, verifySignature)).toEqual({ version: 1, ...fields });
  });

  it('is refused when any one character of it is changed or missing', () => {
    for (let at = 0; at < text.length; at++) {
      const changed = text[at] === 'A' ? 'B' : 'A';
      for (const middle of [changed, '']) {
        const forged = text.slice(0, at) + middle + text.slice(at + 1);
        // The last character of base64 has bits that stand for nothing.
        if (
          Buffer.from(forged.split('.')[2] ?? '', 'base64url').equals(
            Buffer.from(text.split('.')[2]!, 'base64url'),
          ) &&
          at === text.length - 1
        )
          continue;
        expect(
          codeOf(() => openInvitation(forged, verifySignature)),
          forged,
        ).toBe('DOCUMENT_INVALID');
      }
    }
  });

  it('is refused when somebody else has signed it, and when it is a document of another kind', () => {
    const revocations = issueRevocations({ swarm, serial: 1, revoked: [] }, founder);
    for (const forged of [
      issueInvitation(fields, other),
      revocations,
      document,
      '',
      'gv-invitation.e30.AAAA',
    ])
      expect(codeOf(() => openInvitation(forged, verifySignature))).toBe('DOCUMENT_INVALID');
  });

  it('ends in the second that it names, belongs to one swarm, and to one peer where it says so', () => {
    const invitation = openInvitation(text, verifySignature);
    expect(objectionTo(invitation, presented)).toBeNull();
    expect(objectionTo(invitation, { ...presented, unixSeconds: 1000 })?.code).toBe('INVITATION_EXPIRED');
    expect(objectionTo(invitation, { ...presented, swarm: 'another' })?.code).toBe('SWARM_MISMATCH');
    const bound = { ...invitation, peerId: founder.peerId };
    expect(objectionTo(bound, presented)?.code).toBe('INVITATION_NOT_YOURS');
    expect(objectionTo(bound, { ...presented, peerId: founder.peerId })).toBeNull();
  });

  it('and a revocation list stay below their limits at their longest', () => {
    const addresses = new Array<string>(4).fill(`/dns4/${'x'.repeat(150)}/tcp/65535/p2p/${founder.peerId}`);
    const longest = { ...fields, id: 'x'.repeat(36), addresses, peerId: other.peerId, index: 4095 };
    expect(issueInvitation(longest, founder).length).toBeLessThanOrEqual(MAX_INVITATION_CHARACTERS);
    const revoked = new Array<string>(MAX_REVOKED).fill('x'.repeat(64));
    const list = issueRevocations({ swarm, serial: 2 ** 40, revoked }, founder);
    expect(list.length).toBeLessThanOrEqual(MAX_REVOCATIONS_CHARACTERS);
    expect(openRevocations(list, swarm, verifySignature).revoked).toHaveLength(MAX_REVOKED);
  });
});

describe('a revocation list', () => {
  it("counts for its founder's swarm only", () => {
    const list = { swarm, serial: 1, revoked: [other.peerId] };
    expect(codeOf(() => openRevocations(issueRevocations(list, founder), swarm, verifySignature))).toBe(
      'accepted',
    );
    expect(codeOf(() => openRevocations(issueRevocations(list, other), swarm, verifySignature))).toBe(
      'DOCUMENT_INVALID',
    );
    expect(codeOf(() => openRevocations(issueRevocations(list, founder), 'else', verifySignature))).toBe(
      'SWARM_MISMATCH',
    );
    expect(errorCodes).toContain('REVOKED');
  });
});
