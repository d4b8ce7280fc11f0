import { describe, expect, test } from 'vitest';
import { createYamuxGuard } from '../../../src/node/libp2p-yamux-guard.js';

const DATA = 0;
const WINDOW_UPDATE = 1;

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
});
