/** Which place a newcomer gets, and why it gets none. */
import { describe, expect, it } from 'vitest';
import { GrapevineError } from '../../../src/base/errors.js';
import type { Admission } from '../../../src/node/admission.js';
import {
  createJoinService,
  encodeJoinRequest,
  type JoinRequest,
  type JoinServiceInit,
  RESERVATION_MS,
  readJoinAnswer,
} from '../../../src/node/join-service.js';
import type { MemberRecord } from '../../../src/node/membership.js';

const everybody: Admission = {
  objection: () => null,
  present: () => null,
  recall() {},
  indexOf: (peerId) => (peerId === 'invited to 2' ? 2 : undefined),
  revoke: () => 'ignore',
  revocations: null,
};
const member = (index: number, peerId: string, over: Partial<MemberRecord> = {}): [number, MemberRecord] => [
  index,
  { index, peerId, addresses: [], round: 0, state: 'training', serial: 1, ...over },
];

function serviceOf(over: Partial<JoinServiceInit> = {}) {
  const service = createJoinService({
    swarm: 'ours',
    document: 'signed',
    peers: 4,
    admission: everybody,
    self: { index: 0, peerId: 'founder' },
    members: () => new Map(),
    begun: () => false,
    fixed: null,
    nowMs: () => 0,
    ...over,
  });
  return (peerId: string, request: JoinRequest = {}) => {
    try {
      return readJoinAnswer(service.answer(peerId, encodeJoinRequest(request)).bytes, 'the member');
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
}

describe('a place in a swarm', () => {
  it('is the lowest that is free, kept for who was given it, and free again after a while', () => {
    let nowMs = 0;
    const ask = serviceOf({ nowMs: () => nowMs, members: () => new Map([member(1, 'ann')]) });
    expect(ask('bob')).toMatchObject({ index: 2, begun: false, swarm: 'ours', document: 'signed' });
    expect(ask('cid')).toMatchObject({ index: 3 });
    expect(ask('bob')).toMatchObject({ index: 2 });
    expect(ask('dan')).toBe('SWARM_FULL');
    nowMs = RESERVATION_MS;
    expect(ask('dan')).toMatchObject({ index: 2 });
  });

  it('of a peer that was revoked is free, and of one that died is not', () => {
    const revoked = new GrapevineError('REVOKED', 'the founder has revoked ann');
    const admission = { ...everybody, objection: (peerId: string) => (peerId === 'ann' ? revoked : null) };
    const ask = serviceOf({ admission, members: () => new Map([member(1, 'ann'), member(2, 'dead')]) });
    expect(ask('bob')).toMatchObject({ index: 3 });
    expect(ask('cid')).toMatchObject({ index: 1 });
    expect(ask('dan', { index: 2 })).toBe('INDEX_TAKEN');
  });

  it('is free at once when who was given it has come and has left', () => {
    const members = new Map([member(1, 'ann', { serial: 1 }), member(2, 'bob', { serial: 1 })]);
    const ask = serviceOf({ members: () => members });
    expect(ask('cid')).toMatchObject({ index: 3 });
    members.set(...member(3, 'cid', { serial: 7, state: 'left' }));
    expect(ask('dan')).toMatchObject({ index: 3 });
    members.set(...member(3, 'dan', { serial: 8, state: 'left' }));
    expect(ask('dan')).toMatchObject({ index: 3 }); // it comes back: what it said before counts no more
    expect(ask('eve')).toBe('SWARM_FULL');
  });

  it('is one for each newcomer, however often and for whatever places it asks', () => {
    const ask = serviceOf();
    for (const index of [1, 2, 3, 1, 3]) expect(ask('greedy', { index })).toMatchObject({ index });
    expect(ask('ann')).toMatchObject({ index: 1 });
    expect(ask('bob')).toMatchObject({ index: 2 });
    expect(ask('cid')).toBe('SWARM_FULL');
  });

  it('is that of one who has left last of all: it may be about to come back', () => {
    const left = member(1, 'ann', { state: 'left' });
    const ask = serviceOf({ members: () => new Map([left, member(2, 'bob')]) });
    expect(ask('cid')).toMatchObject({ index: 3 });
    expect(ask('dan')).toMatchObject({ index: 1 });
  });

  it('is the one that the invitation or the newcomer names, if nobody has it', () => {
    const ask = serviceOf({ members: () => new Map([member(1, 'ann')]) });
    expect(ask('invited to 2', { index: 3 })).toMatchObject({ index: 2 });
    expect(ask('bob', { index: 3 })).toMatchObject({ index: 3 });
    for (const index of [0, 1, 2, 3, 4]) expect(ask('cid', { index })).toBe('INDEX_TAKEN');
  });

  it('is the old one for who comes back, who gets a model then, and free once its peer has left', () => {
    const ann = member(1, 'ann', { round: 7 });
    expect(serviceOf({ members: () => new Map([ann]) })('ann')).toMatchObject({ index: 1, begun: true });
    const left = member(1, 'ann', { round: 7, state: 'left' });
    expect(serviceOf({ members: () => new Map([left]), peers: 2 })('bob')).toMatchObject({ index: 1 });
  });

  it('is not to be had in a fixed membership that trains, in another swarm, or for words that are none', () => {
    const fixed = 'members are those of the start';
    expect(serviceOf({ fixed })('ann')).toMatchObject({ index: 1 });
    expect(serviceOf({ fixed, begun: () => true })('ann')).toBe('MEMBERSHIP_FIXED');
    expect(serviceOf()('ann', { swarm: 'another' })).toBe('SWARM_MISMATCH');
    const { bytes } = createJoinService({
      ...({} as JoinServiceInit),
      admission: everybody,
      self: { index: 0, peerId: 'x' },
    }).answer('ann', new Uint8Array([0xff, 0x00]));
    expect(() => readJoinAnswer(bytes, 'm')).toThrow(expect.objectContaining({ code: 'JOIN_FAILED' }));
    expect(() => readJoinAnswer(new Uint8Array(3), 'm')).toThrow(
      expect.objectContaining({ code: 'JOIN_FAILED' }),
    );
  });
});
