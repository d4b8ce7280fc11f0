import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.js';
import {
  createMembership,
  EAGER_ANNOUNCE_MS,
  MAX_MEMBERS,
  MAX_RECORD_BYTES,
  type MemberRecord,
  STEADY_ANNOUNCE_MS,
} from '../../../src/node/membership.js';
import { ManualClock } from '../../reference/manual-clock.js';

function create(isComplete = () => false, isRevoked = (_peerId: string) => false) {
  const clock = new ManualClock();
  const published: { atMs: number; record: MemberRecord; bytes: number }[] = [];
  const changes: { record: MemberRecord; isNew: boolean }[] = [];
  const membership = createMembership({
    index: 0,
    peerId: 'me',
    addresses: () => ['/ip4/127.0.0.1/tcp/1'],
    isComplete,
    isRevoked,
    publish: async (bytes) => {
      published.push({
        atMs: clock.nowMs(),
        record: JSON.parse(new TextDecoder().decode(bytes)) as MemberRecord,
        bytes: bytes.length,
      });
    },
    onChange: (record, isNew) => void changes.push({ record, isNew }),
    clock,
    random: createRandom('membership', 1),
    firstSerial: 100,
  });
  return { clock, published, changes, membership };
}

const record = (over: Partial<MemberRecord> = {}): MemberRecord => ({
  index: 3,
  peerId: 'p3',
  addresses: ['/ip4/127.0.0.1/tcp/3'],
  round: 0,
  state: 'joining',
  serial: 1,
  ...over,
});
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('membership', () => {
  test('a signed record is believed, and a newer one replaces it', () => {
    const { membership, changes } = create();
    expect(membership.receive('p3', encode(record()))).toBe('accept');
    expect(membership.receive('p3', encode(record({ serial: 3, round: 4, state: 'training' })))).toBe(
      'accept',
    );
    expect(membership.receive('p3', encode(record({ serial: 2 })))).toBe('ignore');
    expect(membership.view.get(3)).toMatchObject({ round: 4, serial: 3 });
    expect(changes.map(({ isNew }) => isNew)).toEqual([true, false]);
  });

  test('a record about somebody else than its signer is rejected', () => {
    const { membership } = create();
    expect(membership.receive('liar', encode(record()))).toBe('reject');
    expect(membership.view.size).toBe(0);
  });

  test('of two newcomers with one index the lesser keeps it, whoever was heard of first', () => {
    const { membership } = create();
    const rival = (peerId: string, over: Partial<MemberRecord> = {}) =>
      membership.receive(peerId, encode(record({ peerId, ...over })));
    expect([rival('p3'), rival('p2'), rival('p3', { serial: 2 })]).toEqual(['accept', 'accept', 'ignore']);
    expect(membership.view.get(3)).toMatchObject({ peerId: 'p2' });
    expect(rival('p2', { serial: 2, state: 'training' })).toBe('accept');
    expect(rival('p1')).toBe('ignore');
  });

  test('the first identity that claims an index keeps it, and an identity has one index', () => {
    const { membership } = create();
    membership.receive('p3', encode(record()));
    expect(membership.receive('thief', encode(record({ peerId: 'thief', serial: 9 })))).toBe('ignore');
    expect(membership.receive('p3', encode(record({ index: 4, serial: 9 })))).toBe('ignore');
    expect(membership.claim(3, 'thief')).toBe(false);
    expect(membership.claim(3, 'p3')).toBe(true);
    expect(membership.claim(0, 'thief')).toBe(false);
    expect(membership.view.get(3)!.peerId).toBe('p3');
  });

  test('an index is free again when its peer has left, and its old words do not bring it back', () => {
    const { membership, changes } = create();
    membership.receive('p3', encode(record({ serial: 5, state: 'left' })));
    expect(membership.receive('p3', encode(record({ serial: 4 })))).toBe('ignore');
    expect(membership.receive('next', encode(record({ peerId: 'next', serial: 1 })))).toBe('accept');
    expect(membership.view.get(3)!.peerId).toBe('next');
    expect(changes.at(-1)!.isNew).toBe(true);
  });

  test('one identity is one member, whatever indices it has come to and left', () => {
    const { membership } = create();
    for (let index = 1; index <= 50; index++) {
      const moved = record({ index, serial: 2 * index });
      expect(membership.receive('p3', encode(moved))).toBe('accept');
      expect(membership.receive('p3', encode({ ...moved, serial: 2 * index + 1, state: 'left' }))).toBe(
        'accept',
      );
      expect([...membership.view.keys()]).toEqual([index]);
    }
    expect(membership.receive('p3', encode(record({ index: MAX_MEMBERS, serial: 999 })))).toBe('reject');
  });

  test('old words of an identity count for nothing, at an index that another has left meanwhile, too', () => {
    const { membership, changes } = create();
    const old = encode(record({ serial: 5 }));
    expect(membership.receive('p3', old)).toBe('accept');
    membership.receive('p3', encode(record({ serial: 6, state: 'left' })));
    membership.receive('next', encode(record({ peerId: 'next', serial: 1 })));
    membership.receive('next', encode(record({ peerId: 'next', serial: 2, state: 'left' })));
    const before = changes.length;
    expect(membership.receive('p3', old)).toBe('ignore'); // anybody who has heard it can say it again
    expect(changes).toHaveLength(before);
    expect(membership.claim(3, 'third')).toBe(true);
  });

  test('a peer that comes back with its identity counts as new', () => {
    const { membership, changes } = create();
    membership.receive('p3', encode(record({ serial: 5, state: 'training' })));
    membership.receive('p3', encode(record({ serial: 6, state: 'joining' })));
    expect(changes.at(-1)!.isNew).toBe(true);
  });

  test('what is no record is rejected', () => {
    const { membership } = create();
    const bad = [
      new Uint8Array([0xff, 0xfe]),
      new TextEncoder().encode('{'),
      encode({ ...record(), extra: 1 }),
      encode({ ...record(), index: -1 }),
      encode({ ...record(), round: 1.5 }),
      encode({ ...record(), state: 'sleeping' }),
      encode({ ...record(), addresses: new Array(9).fill('/ip4/1.1.1.1/tcp/1') }),
      new Uint8Array(MAX_RECORD_BYTES + 1).fill(0x20),
    ];
    for (const bytes of bad) expect(membership.receive('p3', bytes)).toBe('reject');
  });

  test('with links missing it announces at once and again at growing intervals', () => {
    const { clock, published, membership } = create();
    membership.start();
    clock.advance(0);
    expect(published).toHaveLength(1);
    expect(published[0]!.record).toMatchObject({ index: 0, peerId: 'me', state: 'joining', serial: 100 });
    clock.advance(60_000);
    const gaps = published.slice(1).map(({ atMs }, k) => atMs - published[k]!.atMs);
    expect(gaps[0]).toBeGreaterThan(0.8 * EAGER_ANNOUNCE_MS - 1);
    expect(gaps[0]).toBeLessThanOrEqual(EAGER_ANNOUNCE_MS);
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(STEADY_ANNOUNCE_MS);
    expect(published.length).toBeGreaterThan(12);
    expect(published.length).toBeLessThan(22);
  });

  test('in a swarm of 100 with links missing it repeats itself a tenth as often', () => {
    const { clock, published, membership } = create();
    for (let k = 1; k <= 100; k++) {
      const peerId = `p${k}`;
      expect(membership.receive(peerId, encode(record({ index: k, peerId })))).toBe('accept');
    }
    membership.start();
    clock.advance(20_000);
    expect(published.length).toBeGreaterThan(1);
    expect(published.length).toBeLessThanOrEqual(4); // all 101 together: one every 60 ms
  });

  test('an introduction is news to who has heard the last announcement', () => {
    const { clock, published, membership } = create();
    membership.start();
    clock.advance(0);
    const introduction = JSON.parse(new TextDecoder().decode(membership.introduction())) as MemberRecord;
    expect(introduction).toEqual({ ...published[0]!.record, serial: published[0]!.record.serial + 1 });
  });

  test('a new state is announced at once, a new round with the next sign of life', () => {
    const { clock, published, membership } = create(() => true);
    membership.start();
    clock.advance(200);
    membership.setStatus({ round: 1, state: 'training' });
    clock.advance(100);
    expect(published.at(-1)!.record).toMatchObject({ round: 1, state: 'training' });
    const before = published.length;
    membership.setStatus({ round: 2, state: 'training' });
    clock.advance(100);
    expect(published).toHaveLength(before);
    clock.advance(STEADY_ANNOUNCE_MS);
    expect(published.at(-1)!.record.round).toBe(2);
  });

  test('many reasons to hurry make one announcement', () => {
    const { clock, published, membership } = create(() => true);
    membership.start();
    clock.advance(1000);
    const before = published.length;
    for (let k = 0; k < 50; k++) membership.hurry();
    clock.advance(100);
    expect(published).toHaveLength(before + 1);
  });

  test('stopping says goodbye and leaves no timer', async () => {
    const { clock, published, membership } = create();
    membership.start();
    clock.advance(0);
    await membership.stop();
    await membership.stop();
    expect(published.at(-1)!.record.state).toBe('left');
    expect(clock.pending).toBe(0);
    membership.hurry();
    expect(clock.pending).toBe(0);
    expect(published).toHaveLength(2);
  });
});

test('an index whose holder the founder has revoked is free for another identity, and only then', () => {
  const revoked = new Set<string>();
  const { membership } = create(undefined, (peerId) => revoked.has(peerId));
  const announce = (peerId: string, serial: number) =>
    membership.receive(
      peerId,
      new TextEncoder().encode(JSON.stringify(record({ peerId, serial, state: 'training' }))),
    );
  expect(announce('p3', 1)).toBe('accept');
  expect(announce('other', 1)).toBe('ignore');
  expect(membership.claim(3, 'other')).toBe(false);
  revoked.add('p3');
  expect(announce('other', 2)).toBe('accept');
  expect(membership.view.get(3)?.peerId).toBe('other');
  expect(membership.claim(3, 'p3')).toBe(false);
});
