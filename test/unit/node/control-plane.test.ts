/**
 * Everything that is said besides frames of numbers, as a stranger may say it: HELLO, join requests and answers, member
 * records, invitations, revocation lists, descriptions of swarms. Signatures are right, since whoever founds a swarm can
 * sign what he likes. Each of ten thousand seeded mutants (CONTROL_MUTANTS for another number) is accepted as what
 * its schema allows or refused by a code, in little time, in one line that no terminal obeys.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { errorCodes, GrapevineError } from '../../../src/base/errors.js';
import { createRandom } from '../../../src/base/random.js';
import { verifyForeignConfig } from '../../../src/config/foreign-config.js';
import { createAdmission } from '../../../src/node/admission.js';
import { issueInvitation, openInvitation, openRevocations } from '../../../src/node/invitation.js';
import { createJoinService, MAX_JOIN_ANSWER_BYTES, readJoinAnswer } from '../../../src/node/join-service.js';
import { dialAddresses } from '../../../src/node/libp2p-addresses.js';
import { createMembership, MAX_ADDRESSES, MAX_MEMBERS } from '../../../src/node/membership.js';
import { signDocument } from '../../../src/node/signed-document.js';
import { foundSwarm, openDescription } from '../../../src/node/swarm-identity.js';
import { tasks } from '../../../src/training/tasks/registry.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { ManualClock } from '../../reference/manual-clock.js';
import { naiveFrame } from '../../reference/naive-frame.js';
import { textMutantOf } from '../../reference/text-mutations.js';

const SEED = 20261126;
const MUTANTS = Number(process.env.CONTROL_MUTANTS ?? 10_000);
/** A mutant has 16 KiB at most; reading it takes microseconds. Far above what a collection of garbage takes. */
const MOST_MS = 250;

/** Signatures that anybody can make and that are always right: what is behind the signature is tested here. */
const signer = { peerId: '12D3KooWFounder', sign: () => new Uint8Array(64) };
const verify = (): boolean => true;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const config = { peers: 4, task: 'quadratic:dimension=8', topology: 'ring', rounds: 10 };
const { swarm, document } = foundSwarm({
  identity: signer,
  config,
  admission: 'invited',
  salt: '0123456789',
});
const invitation = {
  id: 'invitation-1',
  swarm,
  addresses: ['/ip4/127.0.0.1/tcp/1'],
  expires: 1000,
  index: 1,
};
const record = {
  index: 3,
  peerId: 'p3',
  addresses: ['/ip4/127.0.0.1/tcp/3', '/dns4/example.org/tcp/443/wss'],
  round: 1,
  state: 'training',
  serial: 1,
  invitation: issueInvitation(invitation, signer),
};
const answer = { version: 1, swarm, document, index: 2, begun: false, revocations: null };
const hello = {
  protocol: 4,
  swarm,
  configHash: 'c',
  topologyHash: 't',
  layoutHash: 'l',
  maxFrameBytes: 4096,
};

/** JSON of a document of this kind, as its text is made of it. */
const signed =
  (kind: 'swarm' | 'invitation' | 'revocations') =>
  (json: string): string => {
    const text = signDocument(kind, {}, signer);
    const [head, , signature] = text.split('.');
    return `${head}.${Buffer.from(json).toString('base64url')}.${signature}`;
  };

const admission = createAdmission({
  swarm,
  policy: 'invited',
  self: 'me',
  allow: null,
  verify,
  unixSeconds: () => 0,
});
const service = createJoinService({
  swarm,
  document,
  peers: 4,
  admission,
  self: { index: 0, peerId: 'me' },
  members: () => new Map(),
  begun: () => false,
  fixed: null,
  nowMs: () => 0,
});
const membership = createMembership({
  index: 0,
  peerId: 'me',
  addresses: () => [],
  isComplete: () => true,
  publish: async () => {},
  onChange: (member) => {
    expect(member.index).toBeLessThan(MAX_MEMBERS);
    expect(dialAddresses(member).length).toBeLessThanOrEqual(MAX_ADDRESSES);
  },
  admits: ({ peerId, invitation: shown }) => admission.present(peerId, shown) === null,
  clock: new ManualClock(),
  random: createRandom('control plane'),
  firstSerial: 1,
});

/** One kind of message: a good one, and what is done with it. @throws GrapevineError where it is refused */
interface Parser {
  readonly good: object;
  read(json: string): void;
}

const parsers: Readonly<Record<string, Parser>> = {
  HELLO: {
    good: hello,
    read(json) {
      const frame = naiveFrame(
        { kind: 1, swarmTag: [1, 2, 3, 4, 5, 6, 7, 8], sender: 0, receiver: 1 },
        bytesOf(json),
      );
      decodeFrame(frame, { maxFrameBytes: 16_384 });
    },
  },
  'a join request': {
    good: { version: 1, swarm, invitation: issueInvitation(invitation, signer), index: 1 },
    read(json) {
      const { bytes, refusal } = service.answer('p3', bytesOf(json));
      expect(bytes.length).toBeLessThanOrEqual(MAX_JOIN_ANSWER_BYTES);
      if (refusal !== null) readJoinAnswer(bytes, 'member');
    },
  },
  'a join answer': { good: answer, read: (json) => void readJoinAnswer(bytesOf(json), 'member') },
  'a refusal to join': {
    good: { version: 1, code: 'SWARM_FULL', message: 'all places are taken' },
    read: (json) => void readJoinAnswer(bytesOf(json), 'member'),
  },
  'a member record': {
    good: record,
    read(json) {
      const reception = membership.receive('p3', bytesOf(json));
      expect(['accept', 'ignore', 'reject']).toContain(reception);
      if (reception === 'reject') throw new GrapevineError('DOCUMENT_INVALID', 'no record');
    },
  },
  'an invitation': {
    good: { version: 1, ...invitation },
    read(json) {
      const text = signed('invitation')(json);
      openInvitation(text, verify);
      const objection = admission.present('p5', text);
      if (objection !== null) throw objection;
    },
  },
  'a revocation list': {
    good: { version: 1, swarm, serial: 1, revoked: ['12D3KooWNobody'] },
    read: (json) => void openRevocations(signed('revocations')(json), swarm, verify),
  },
  'the description of a swarm': {
    good: { version: 1, config, admission: 'invited', salt: '0123456789' },
    read: (json) => void openDescription(signed('swarm')(json), swarm, verify),
  },
  'a configuration': {
    good: config,
    read(json) {
      const described = `{"version":1,"config":${json},"admission":"open","salt":"0123456789"}`;
      const id = createHash('sha256').update(described).digest('hex').slice(0, 32);
      const description = openDescription(signed('swarm')(described), `${signer.peerId}.${id}`, verify);
      verifyForeignConfig(description.config, { task: undefined, tasks });
    },
  },
};

/** The message is one line of bounded length, and holds nothing that a terminal obeys. */
const isPlain = (message: string): boolean =>
  message.length < 2_000 && !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(message);

describe.each(Object.entries(parsers))('%s from a stranger', (_name, { good, read }) => {
  it('is accepted, or refused by a code in one line that no terminal obeys, at once', () => {
    const codes = new Map<string, number>();
    let slowestMs = 0;
    const count = Math.ceil(MUTANTS / Object.keys(parsers).length);
    for (let index = 0; index < count; index++) {
      const { how, text } = textMutantOf(SEED, index, JSON.stringify(good));
      const startedMs = performance.now();
      let code = 'accepted';
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof GrapevineError))
          throw new Error(`mutant ${index} (${how}): ${error}`, { cause: error });
        code = error.code;
        if (!isPlain(error.message))
          expect.fail(`mutant ${index} (${how}): ${JSON.stringify(error.message)}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(slowestMs).toBeLessThan(MOST_MS);
    for (const code of codes.keys()) expect(['accepted', ...errorCodes]).toContain(code);
    expect(codes.size, 'the mutants reach more than one end').toBeGreaterThan(1);
    expect(({} as { admitted?: true }).admitted).toBeUndefined(); // no prototype was touched
  });
});
