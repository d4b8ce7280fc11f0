/** How often the records of a member can make its neighbors call it. */
import type { Connection } from '@libp2p/interface';
import { expect, it } from 'vitest';
import { createIntroducer, INTRODUCTIONS } from '../../../src/node/libp2p-introduction.js';
import type { SwarmNode } from '../../../src/node/libp2p-node.js';
import type { MemberRecord } from '../../../src/node/membership.js';
import { ManualClock } from '../../reference/manual-clock.js';

const member = (index: number): MemberRecord => ({
  index,
  peerId: '12D3KooWMv6PLwLksiRrdDWaFW36GRS6zeQrKzY9DZ7T9LwEvsff',
  addresses: ['/ip4/192.0.2.7/tcp/22'],
  round: 0,
  state: 'joining',
  serial: 1,
});

/** Nobody answers under the addresses that are called. */
function createIntroducerOnStubs() {
  const clock = new ManualClock();
  const failing: (() => void)[] = [];
  let calls = 0;
  const introducer = createIntroducer({
    node: {} as SwarmNode,
    clock,
    signal: new AbortController().signal,
    dialInTurn: () => {
      calls += 1;
      return new Promise<Connection>((_, reject) => failing.push(() => reject(new Error('nobody there'))));
    },
    record: () => new Uint8Array(1),
    log() {},
  });
  /** One call that ends without an answer; true when it was made. */
  const call = async (index: number): Promise<boolean> => {
    const before = calls;
    const done = introducer.call(member(index));
    for (const fail of failing.splice(0)) fail();
    await done;
    return calls > before;
  };
  return { clock, introducer, call, calls: () => calls };
}

it('calls a member that claims to come and come back a few times, then now and then, each index for itself', async () => {
  const { clock, call } = createIntroducerOnStubs();
  const tries = async (times: number): Promise<number> => {
    let made = 0;
    for (let k = 0; k < times; k++) if (await call(3)) made += 1;
    return made;
  };
  expect(await tries(50)).toBe(INTRODUCTIONS.burst);
  clock.advance(1000 / INTRODUCTIONS.perSecond);
  expect(await tries(50)).toBe(1);
  expect(await call(4)).toBe(true);
});

it('makes no second call to a member while the first is under way', async () => {
  const { introducer, call, calls } = createIntroducerOnStubs();
  const first = introducer.call(member(3));
  await introducer.call(member(3));
  expect(calls()).toBe(1);
  await call(4); // ends the first, too
  await first;
  expect(await call(3)).toBe(true);
});
