/**
 * yamux with a bound on its frames. @libp2p/yamux 8.0.3 gathers a frame of whatever length its 32-bit header
 * announces before it looks at the flow-control window, so one peer can make another buffer gigabytes. The
 * guard reads the same bytes beside the muxer and drops a connection whose frame is longer than any window.
 *
 * Frame header (yamux specification): version, type, flags (2), stream id (4), length (4), big-endian. The
 * length counts bytes that follow in data frames (type 0) only.
 */
import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface';
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux';
import { systemClock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';
import { abortWhenSilent } from './libp2p-silence.js';

const HEADER_BYTES = 12;
const DATA_FRAME = 0;

/**
 * Follows yamux frames through chunks of any size.
 * @returns a function that takes the next chunk. @throws GrapevineError FRAME_TOO_LARGE
 */
export function createYamuxGuard(maxFrameBytes: number): (bytes: Uint8Array) => void {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  let filled = 0;
  let bodyBytes = 0;
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const skipped = Math.min(bodyBytes, bytes.length - at);
      bodyBytes -= skipped;
      at += skipped;
      while (bodyBytes === 0 && at < bytes.length && filled < HEADER_BYTES) header[filled++] = bytes[at++]!;
      if (filled < HEADER_BYTES) continue;
      filled = 0;
      bodyBytes = header[1] === DATA_FRAME ? view.getUint32(8) : 0;
      if (bodyBytes > maxFrameBytes) {
        throw new GrapevineError(
          'FRAME_TOO_LARGE',
          `yamux frame of ${bodyBytes} bytes, the longest window is ${maxFrameBytes}: the peer breaks the protocol`,
        );
      }
    }
  };
}

export interface GuardLimits {
  readonly maxFrameBytes: number;
  /** Between two pings; see libp2p-silence.ts. */
  readonly signOfLifeMs: number;
}

/** As `yamux(init)`, dropping connections with frames above `maxFrameBytes`, and those that fall silent. */
export function guardedYamux(init: YamuxMuxerInit, limits: GuardLimits): () => StreamMuxerFactory {
  const { maxFrameBytes, signOfLifeMs } = limits;
  return () => {
    const factory = yamux({ ...init, enableKeepAlive: true, keepAliveInterval: signOfLifeMs })();
    return {
      protocol: factory.protocol,
      createStreamMuxer(connection: MessageStream): StreamMuxer {
        const check = createYamuxGuard(maxFrameBytes);
        // Added before the muxer's own listener, in the same turn: both see every byte, this one first.
        connection.addEventListener('message', ({ data }) => {
          try {
            if (data instanceof Uint8Array) check(data);
            else for (const part of data) check(part);
          } catch (error) {
            connection.abort(error as Error);
          }
        });
        abortWhenSilent(connection, systemClock, signOfLifeMs);
        return factory.createStreamMuxer(connection);
      },
    };
  };
}
