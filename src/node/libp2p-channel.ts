/** A libp2p stream as a link's channel: frame-reader.ts on the way in, frame-writer.ts on the way out. */
import { pEvent } from 'p-event';
import type { Clock } from '../base/clock.js';
import type { FrameLimits } from '../wire/frame.js';
import { readFrames } from './frame-reader.js';
import { createFrameWriter } from './frame-writer.js';
import type { EdgeStream } from './libp2p-node.js';
import { type Channel, handshakeLimits } from './link.js';

/** For what is queued to leave and the other end to close too; then the stream is cut. */
export const CLOSE_TIMEOUT_MS = 1000;

/** @param clock for the deadline of frames that have begun. */
export function createStreamChannel(stream: EdgeStream, clock: Clock): Channel {
  let limits: FrameLimits = handshakeLimits;
  const writer = createFrameWriter(stream);
  return {
    frames: readFrames(stream, { limits: () => limits, clock }),
    widen(next) {
      limits = next;
    },
    write: writer.write,
    close: () => closeStream(stream, writer.idle()),
    abort: (reason) => stream.abort(reason),
  };
}

async function closeStream(stream: EdgeStream, written: Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
  const closed = stream.status === 'open' ? pEvent(stream, 'close', { signal }) : Promise.resolve();
  closed.catch(() => undefined); // awaited below, perhaps after it has failed
  try {
    await Promise.race([written, closed]);
    await stream.close({ signal });
    await closed;
  } catch {
    stream.abort(new Error('the other end did not close in time'));
  }
}
