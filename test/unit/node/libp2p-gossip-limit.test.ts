/** How much gossip is heard of whom. */
import { describe, expect, it } from 'vitest';
import {
  costOf,
  createGossipLimit,
  MEMBER_GOSSIP,
  STRANGER_GOSSIP,
} from '../../../src/node/libp2p-gossip-limit.js';
import { ManualClock } from '../../reference/manual-clock.js';

function limitOf() {
  const clock = new ManualClock();
  const members = new Set(['member']);
  const floods: string[] = [];
  const hears = createGossipLimit(clock, {
    isMember: (peerId) => members.has(peerId),
    onFlood: (peerId, { code }) => void floods.push(`${peerId} ${code}`),
  });
  const heard = (peerId: string, count: number): number =>
    Array.from({ length: count }, () => hears(peerId, {})).filter((yes) => yes).length;
  return { clock, members, floods, hears, heard };
}

describe('gossip', () => {
  it('costs what it says: each message, subscription and control message, and the RPC', () => {
    expect(costOf({})).toBe(1);
    expect(costOf({ messages: [1, 2], subscriptions: [1] })).toBe(4);
    expect(costOf({ control: { ihave: [1, 2, 3], graft: [1], prune: undefined } })).toBe(5);
  });

  it('of a member is heard up to a burst and a rate, and of a stranger up to less', () => {
    const { clock, floods, heard } = limitOf();
    expect(heard('member', 10_000)).toBe(MEMBER_GOSSIP.burst);
    expect(heard('stranger', 10_000)).toBe(STRANGER_GOSSIP.burst);
    clock.advance(1000);
    expect(heard('member', 10_000)).toBe(MEMBER_GOSSIP.perSecond);
    expect(heard('stranger', 10_000)).toBe(STRANGER_GOSSIP.perSecond);
    expect(floods).toEqual([
      'member RATE_LIMITED',
      'stranger RATE_LIMITED',
      'member RATE_LIMITED',
      'stranger RATE_LIMITED',
    ]);
  });

  it('is refused whole: one long RPC has no more room than many short ones', () => {
    const { hears } = limitOf();
    const messages = new Array(STRANGER_GOSSIP.burst);
    expect(hears('stranger', { messages })).toBe(false);
    expect(hears('stranger', { messages: messages.slice(1) })).toBe(true);
  });

  it('is heard anew of a stranger that has become a member', () => {
    const { members, heard } = limitOf();
    heard('newcomer', 1000);
    members.add('newcomer');
    expect(heard('newcomer', 10_000)).toBe(MEMBER_GOSSIP.burst);
  });
});
