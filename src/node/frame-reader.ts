/**
 * Whole frames from a libp2p stream, read no faster than they are handled.
 *
 * A v3 stream pushes 'message' events at its listener; iterating over it queues them without limit. Its
 * backpressure is pause(): the stream then stops granting its window and keeps what is in flight. pause() must
 * not be called inside a 'message' event: when the event comes from resume(), resume() would grant the window
 * again afterwards and the paused stream would be aborted for overflowing. So it waits for a microtask.
 *
 * A frame that has begun must arrive: its header within FRAME_GRACE_MS, its body at MIN_BYTES_PER_SECOND. The
 * deadline runs only while bytes are awaited, not while a handler works.
 */
import { pipe } from 'it-pipe';
import type { Clock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import type { FrameLimits } from '../wire/frame.js';
import { type FrameWatch, reassemble } from './frame-pipe.js';
import type { EdgeStream, StreamCloseEvent, StreamMessageEvent } from './libp2p-node.js';
import { linkDown } from './link.js';

/** Unread bytes at which the stream is paused; what is in flight by then adds one window at most. */
export const READ_QUEUE_BYTES = 256 * 1024;
/** What a chunk costs besides its bytes: a neighbor may send them one by one. */
const CHUNK_OVERHEAD_BYTES = 128;
/** For the header, and on top for the body: a sender may be busy training between two writes. */
export const FRAME_GRACE_MS = 30_000;
/** The slowest link that a frame may arrive over: 128 kbit/s, a poor mobile uplink. */
export const MIN_BYTES_PER_SECOND = 16 * 1024;
/** A deadline noticed this much too late means that our own event loop was blocked: wait once more. */
const LATE_MS = 1000;

export interface FrameReaderInit {
  /** Asked before each frame is allocated. */
  limits(): FrameLimits;
  readonly clock: Clock;
}

/**
 * The frames of `stream`. Ends when the other end has closed its side.
 * @throws GrapevineError FRAME_* for bytes that are no frames, LINK_TIMEOUT for a frame that stops arriving,
 * LINK_DOWN for a broken stream, or the error that the stream was aborted with.
 */
export function readFrames(stream: EdgeStream, init: FrameReaderInit): AsyncGenerator<Uint8Array> {
  const deadline = createDeadline(init.clock, (error) => stream.abort(error));
  return pipe(readChunks(stream), reassemble(init.limits, deadline), async function* cancelAtEnd(frames) {
    try {
      yield* frames;
    } finally {
      deadline.whole();
    }
  });
}

/** The bytes of `stream`, in order, pausing it while the consumer is behind. */
async function* readChunks(stream: EdgeStream): AsyncGenerator<Uint8Array> {
  let queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let ended = stream.readableEnded;
  let failure: Error | undefined;
  let wake = () => {};
  const onMessage = ({ data }: StreamMessageEvent): void => {
    for (const part of data instanceof Uint8Array ? [data] : data) {
      queue.push(part);
      queuedBytes += part.length + CHUNK_OVERHEAD_BYTES;
    }
    queueMicrotask(() => {
      if (queuedBytes >= READ_QUEUE_BYTES && stream.readStatus === 'readable') stream.pause();
    });
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const onClose = ({ error }: StreamCloseEvent): void => {
    failure = error;
    onEnd();
  };
  stream.addEventListener('message', onMessage);
  stream.addEventListener('end', onEnd);
  stream.addEventListener('close', onClose);
  try {
    for (;;) {
      while (queue.length > 0) {
        const arrived = queue; // taken whole: a shift of a long array moves all of it
        queue = [];
        for (const part of arrived) {
          queuedBytes -= part.length + CHUNK_OVERHEAD_BYTES;
          yield part;
        }
      }
      resume(stream);
      if (queue.length > 0) continue;
      if (failure !== undefined) throw closeReason(failure);
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stream.removeEventListener('message', onMessage);
    stream.removeEventListener('end', onEnd);
    stream.removeEventListener('close', onClose);
  }
}

/** Asks for more; what the stream has kept while paused arrives in 'message' events before this returns. */
function resume(stream: EdgeStream): void {
  if (stream.readStatus !== 'paused') return;
  try {
    stream.resume();
  } catch {
    // The connection is gone, so the window cannot be granted; the bytes kept have been delivered, and
    // 'close' has been seen or follows.
  }
}

function closeReason(error: Error): GrapevineError {
  return error instanceof GrapevineError ? error : linkDown(`the link broke: ${error.message}`, error);
}

/** A watch that calls `onLate` when a frame stops arriving. */
function createDeadline(clock: Clock, onLate: (error: GrapevineError) => void): FrameWatch {
  let cancel = () => {};
  const arm = (delayMs: number): void => {
    cancel();
    const dueMs = clock.nowMs() + delayMs;
    cancel = clock.after(delayMs, () => {
      if (clock.nowMs() > dueMs + LATE_MS) arm(delayMs);
      else
        onLate(
          new GrapevineError('LINK_TIMEOUT', `a frame has not arrived ${delayMs} ms after it began`, {
            delayMs,
          }),
        );
    });
  };
  return {
    begun: () => arm(FRAME_GRACE_MS),
    sized: (bytes) => arm(FRAME_GRACE_MS + Math.ceil((1000 * bytes) / MIN_BYTES_PER_SECOND)),
    whole: () => cancel(),
  };
}
