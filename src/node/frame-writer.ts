/**
 * Frames to a libp2p stream, one after the other, no faster than the stream takes them.
 *
 * A v3 stream queues without limit what is sent while it is full, so each piece waits for room. The wait is
 * for the 'drain' event and not for stream.onDrain(), which in @libp2p/utils 7.4.1 stays resolved after its
 * first drain. Pieces of 65,507 bytes fill one noise message with one yamux frame: 65,535 of the length
 * field, less 16 of the tag and 12 of the yamux header.
 */
import { pipe } from 'it-pipe';
import { pEvent } from 'p-event';
import { chunk } from './frame-pipe.js';
import type { EdgeStream } from './libp2p-node.js';
import { linkDown } from './link.js';
import { createTurns } from './turns.js';

/** See above: the largest piece that travels as one encrypted message. */
export const PIECE_BYTES = 65_507;

export interface FrameWriter {
  /** Resolves when the stream has taken the last byte and has room again. @throws GrapevineError LINK_DOWN */
  write(frame: Uint8Array): Promise<void>;
  /** Resolves when every write so far has settled. */
  idle(): Promise<void>;
}

export function createFrameWriter(stream: EdgeStream): FrameWriter {
  const inTurn = createTurns();
  const sendAll = async (pieces: Iterable<Uint8Array>): Promise<void> => {
    for (const piece of pieces) await sendPiece(stream, piece);
  };
  return {
    write: (frame) => inTurn(() => pipe([frame], chunk(PIECE_BYTES), sendAll)),
    idle: () => inTurn(async () => {}),
  };
}

async function sendPiece(stream: EdgeStream, piece: Uint8Array): Promise<void> {
  try {
    stream.send(piece);
    // 'drain' may be the connection's while the stream's own window is still used up: look again after it.
    while (stream.writableNeedsDrain) {
      if (stream.status !== 'open') throw linkDown('the stream closed while its buffers were full');
      await pEvent(stream, 'drain', { rejectionEvents: ['close'] });
    }
  } catch (cause) {
    throw linkDown('the link went down while sending', cause);
  }
}
