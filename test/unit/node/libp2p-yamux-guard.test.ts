import { describe, expect, test } from 'vitest';
import { createYamuxGuard, NEW_STREAMS, SHORT_FRAMES } from '../../../src/node/libp2p-yamux-guard.js';
import { ManualClock } from '../../reference/manual-clock.js';

const DATA = 0;
const WINDOW_UPDATE = 1;
const PING = 2;
const SYN = 1;

/** A yamux frame: 12 bytes of header and, for data frames, a body. */
function yamuxFrame(type: number, length: number, body = type === DATA ? length : 0): Uint8Array {
  const frame = new Uint8Array(12 + body).fill(0xff, 12);
  frame[1] = type;
  new DataView(frame.buffer).setUint32(8, length);
  return frame;
}

describe('yamux guard', () => {
  const stream = Buffer.concat([
    yamuxFrame(DATA, 100),
    yamuxFrame(WINDOW_UPDATE, 0xffff_ffff), // no body: a window, however large, is not a frame
    yamuxFrame(DATA, 0),
    yamuxFrame(DATA, 1000),
  ]);

  test('frames up to the limit pass, in chunks of any size', () => {
    for (const bytes of [1, 5, 11, 12, 13, 111, 112, 113, stream.length]) {
      const check = createYamuxGuard(1000);
      for (let at = 0; at < stream.length; at += bytes) check(stream.subarray(at, at + bytes));
    }
  });

  test('a longer frame is refused as soon as its header is whole', () => {
    for (const bytes of [1, 7, 12]) {
      const check = createYamuxGuard(1000);
      check(stream);
      const header = yamuxFrame(DATA, 1001, 0);
      let passed = 0;
      const feed = () => {
        for (; passed < header.length; passed += bytes) check(header.subarray(passed, passed + bytes));
      };
      expect(feed).toThrow(/1001 bytes/);
      expect(passed + bytes).toBeGreaterThanOrEqual(header.length);
    }
  });

  /** How many of `count` frames pass before the guard has had enough, and its code. */
  function flood(check: (bytes: Uint8Array) => void, count: number, frame: Uint8Array) {
    for (let passed = 0; passed < count; passed++) {
      try {
        check(frame);
      } catch (error) {
        return { passed, code: (error as { code: string }).code };
      }
    }
    return { passed: count };
  }

  const opening = (type: number): Uint8Array => {
    const frame = yamuxFrame(type, 0);
    frame[3] = SYN;
    return frame;
  };

  test.each([
    ['frames of one byte', yamuxFrame(DATA, 1)],
    ['empty frames', yamuxFrame(DATA, 0)],
    ['window updates', yamuxFrame(WINDOW_UPDATE, 1)],
    ['pings, each of which is answered', opening(PING)],
  ])('%s: a burst passes, and so many a second, and no more', (_what, frame) => {
    const clock = new ManualClock();
    const check = createYamuxGuard(1000, clock);
    expect(flood(check, SHORT_FRAMES.burst, frame)).toEqual({ passed: SHORT_FRAMES.burst });
    clock.advance(500);
    expect(flood(check, SHORT_FRAMES.burst, frame)).toEqual({
      passed: SHORT_FRAMES.perSecond / 2,
      code: 'RATE_LIMITED',
    });
  });

  test('long frames, which the window bounds, pass without end', () => {
    const check = createYamuxGuard(1000, new ManualClock());
    const { burst } = SHORT_FRAMES;
    expect(flood(check, 2 * burst, yamuxFrame(DATA, 1000))).toEqual({ passed: 2 * burst });
  });

  test.each([
    ['data frames', DATA],
    ['window updates', WINDOW_UPDATE],
  ])('streams that %s open: a burst, and some a second', (_what, type) => {
    const clock = new ManualClock();
    const check = createYamuxGuard(1000, clock);
    expect(flood(check, NEW_STREAMS.burst, opening(type))).toEqual({ passed: NEW_STREAMS.burst });
    clock.advance(1000);
    expect(flood(check, 1000, opening(type))).toEqual({
      passed: NEW_STREAMS.perSecond,
      code: 'RATE_LIMITED',
    });
  });
});
