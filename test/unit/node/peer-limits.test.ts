/** Rates, strikes, bans and frame budgets, under a clock that tests move. */
import { describe, expect, it } from 'vitest';
import {
  BURST_FRAMES,
  BURST_LONGEST_FRAMES,
  FRAMES_PER_DELTA,
  FRAMES_PER_SECOND,
  withFrameBudget,
} from '../../../src/node/frame-budget.js';
import {
  aMinute,
  createRateLimit,
  createStrikes,
  FIRST_BAN_MS,
  MAX_BAN_MS,
  MAX_REMEMBERED,
  STRIKE_WINDOW_MS,
  STRIKES_TO_BAN,
} from '../../../src/node/peer-limits.js';
import type { Transport, TransportHandlers } from '../../../src/node/transport.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { ManualClock } from '../../reference/manual-clock.js';

const count = (times: number, action: () => boolean): number =>
  Array.from({ length: times }, action).filter((taken) => taken).length;

describe('a rate limit', () => {
  it('lets through its share at once, then evenly, for each key by itself', () => {
    const clock = new ManualClock();
    const limit = createRateLimit(clock, aMinute(60));
    expect(count(100, () => limit.take('a'))).toBe(60);
    expect(limit.take('b')).toBe(true);
    clock.advance(5_000);
    expect(count(100, () => limit.take('a'))).toBe(5);
    clock.advance(3_600_000);
    expect(count(100, () => limit.take('a'))).toBe(60);
  });

  it('remembers no more than MAX_REMEMBERED keys', () => {
    const limit = createRateLimit(new ManualClock(), aMinute(1));
    expect(limit.take('first')).toBe(true);
    for (let k = 0; k < MAX_REMEMBERED; k++) limit.take(`key ${k}`);
    expect(limit.take('first')).toBe(true); // forgotten
    expect(limit.take(`key ${MAX_REMEMBERED - 1}`)).toBe(false);
  });
});

describe('strikes', () => {
  it('make a ban that ends, and doubles each time up to a day', () => {
    const clock = new ManualClock();
    const strikes = createStrikes(clock);
    let expected = FIRST_BAN_MS;
    for (let ban = 0; ban < 14; ban++) {
      for (let k = 1; k < STRIKES_TO_BAN; k++) expect(strikes.strike('p', 'FRAME_BAD_KIND')).toBe(false);
      expect(strikes.bannedMs('p')).toBe(0);
      expect(strikes.strike('p', 'FRAME_BAD_KIND')).toBe(true);
      expect(strikes.bannedMs('p')).toBe(expected);
      clock.advance(expected);
      expect(strikes.bannedMs('p')).toBe(0);
      expected = Math.min(MAX_BAN_MS, 2 * expected);
    }
  });

  it('are forgiven after a time, and given for offenses only', () => {
    const clock = new ManualClock();
    const strikes = createStrikes(clock);
    for (let k = 0; k < 10; k++) {
      expect(strikes.strike('slow', 'PAYLOAD_BAD_VALUE')).toBe(false);
      clock.advance(STRIKE_WINDOW_MS / (STRIKES_TO_BAN - 1));
    }
    for (const code of ['HELLO_REFUSED', 'LINK_DOWN', 'LINK_TIMEOUT', 'INVITATION_EXPIRED'] as const)
      expect(count(10, () => strikes.strike('honest', code))).toBe(0);
  });
});

describe('a frame budget', () => {
  const swarmTag = new Uint8Array(8);
  const heartbeat = encodeFrame({ kind: 'heartbeat', swarmTag, sender: 1, receiver: 0 });
  const parts = [{ kind: 'add', bytes: new Uint8Array(1) }] as const;
  const delta = encodeFrame({
    kind: 'delta',
    swarmTag,
    sender: 0,
    receiver: 1,
    delta: { sequence: 1, round: 1, acknowledged: 0, gamma: 1, parts },
  });

  async function limited(maxFrameBytes: number) {
    const clock = new ManualClock();
    let handlers: TransportHandlers | null = null;
    const inner: Transport = {
      start: async (given) => {
        handlers = given;
      },
      send: async () => {},
      setNeighbors() {},
      unlink() {},
      counters: () => ({ sentBytes: 0, receivedBytes: 0 }),
      stop: async () => {},
    };
    const transport = withFrameBudget(inner, { maxFrameBytes }, clock);
    await transport.start({ onNeighborUp() {}, onNeighborDown() {}, onFrame() {} });
    /** Frames of neighbor 1 that are let through until one is not. */
    const through = (frame: Uint8Array): number => {
      for (let k = 0; k < 10_000; k++) {
        try {
          void handlers!.onFrame(1, frame);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RATE_LIMITED' });
          return k;
        }
      }
      return Number.POSITIVE_INFINITY;
    };
    return { clock, transport, through };
  }

  it('bounds frames between two of our deltas, and each of ours buys a few', async () => {
    const { transport, through, clock } = await limited(1 << 20);
    expect(through(heartbeat)).toBe(BURST_FRAMES);
    await transport.send(1, delta);
    expect(through(heartbeat)).toBeGreaterThanOrEqual(FRAMES_PER_DELTA - 2); // what was refused counts, too
    expect(through(heartbeat)).toBe(0);
    clock.advance(1000);
    expect(through(heartbeat)).toBeLessThanOrEqual(FRAMES_PER_SECOND);
    clock.advance(3_600_000);
    expect(through(heartbeat)).toBe(BURST_FRAMES);
  });

  it('bounds bytes likewise', async () => {
    const { transport, through } = await limited(1000);
    expect(through(new Uint8Array(1000))).toBe(BURST_LONGEST_FRAMES);
    await transport.send(1, delta);
    expect(through(new Uint8Array(1000))).toBeLessThanOrEqual(2);
  });
});
