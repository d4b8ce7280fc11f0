/**
 * Two ends of a link inside one process: bytes go through bounded queues and the framing of the real link
 * (frame-pipe.ts), so limits, backpressure and damaged frames behave as they do on a socket. Delivery takes
 * microtasks only; no timer is needed.
 */
import { pipe } from 'it-pipe';
import type { GrapevineError } from '../base/errors.js';
import { chunk, reassemble } from './frame-pipe.js';
import { type Channel, handshakeLimits, linkDown } from './link.js';
import { createTurns } from './turns.js';

/** Bytes that one direction may hold unread: what a libp2p stream's first window holds. */
export const MEMORY_QUEUE_BYTES = 256 * 1024;
/** A quarter of the queue, so that reader and writer take turns often. */
const PIECE_BYTES = MEMORY_QUEUE_BYTES / 4;

/** One direction. */
interface ByteQueue {
  /** Resolves when there was room for all of `bytes`. @throws LINK_DOWN once ended or failed. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more bytes: those queued are still read. A write still waiting for room breaks the queue instead. */
  end(): void;
  fail(reason: GrapevineError): void;
  readonly source: AsyncGenerator<Uint8Array>;
}

function createByteQueue(): ByteQueue {
  const pieces: Uint8Array[] = [];
  let queuedBytes = 0;
  let state: 'open' | 'ended' | GrapevineError = 'open';
  let wakeReader = () => {};
  let wakeWriter = () => {};
  const wake = () => {
    wakeReader();
    wakeWriter();
  };
  const settle = (next: 'ended' | GrapevineError) => {
    if (state !== 'open') return;
    state = next;
    wake();
  };
  const isOpen = () => state === 'open';
  const inTurn = createTurns();
  let writers = 0;

  async function push(piece: Uint8Array): Promise<void> {
    while (isOpen() && queuedBytes >= MEMORY_QUEUE_BYTES) {
      await new Promise<void>((resolve) => {
        wakeWriter = resolve;
      });
    }
    if (!isOpen()) throw linkDown('the link is closed');
    pieces.push(piece.slice());
    queuedBytes += piece.length;
    wakeReader();
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (typeof state === 'object') throw state;
      const piece = pieces.shift();
      if (piece !== undefined) {
        queuedBytes -= piece.length;
        wakeWriter();
        yield piece;
      } else if (!isOpen()) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
    }
  }

  return {
    async write(bytes) {
      writers++;
      const pushAll = async (source: Iterable<Uint8Array>) => {
        for (const piece of source) await push(piece);
      };
      try {
        await inTurn(() => pipe([bytes], chunk(PIECE_BYTES), pushAll));
      } finally {
        writers--;
      }
    },
    end: () => settle(writers === 0 ? 'ended' : linkDown('the other end closed the link inside a frame')),
    fail: settle,
    source: read(),
  };
}

function createEnd(incoming: ByteQueue, outgoing: ByteQueue, count: ByteCount): Channel {
  let limits = handshakeLimits;
  const frames = pipe(
    incoming.source,
    async function* counted(source) {
      for await (const bytes of source) {
        count.receivedBytes += bytes.length;
        yield bytes;
      }
    },
    reassemble(() => limits),
  );
  return {
    frames,
    widen(next) {
      limits = next;
    },
    async write(frame) {
      await outgoing.write(frame);
      count.sentBytes += frame.length;
    },
    async close() {
      outgoing.end();
    },
    abort(reason) {
      incoming.fail(reason);
      outgoing.fail(linkDown(`the other end broke the link: ${reason.message}`));
    },
  };
}

export interface ByteCount {
  sentBytes: number;
  receivedBytes: number;
}

/** The two ends of one link, each adding to the count of its owner. */
export function createChannelPair(countA: ByteCount, countB: ByteCount): [Channel, Channel] {
  const toA = createByteQueue();
  const toB = createByteQueue();
  return [createEnd(toA, toB, countA), createEnd(toB, toA, countB)];
}
