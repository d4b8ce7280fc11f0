/**
 * yamux with bounds on what the other end of a connection may do to it. @libp2p/yamux 8.0.3 trusts its peer in four
 * ways, each of which costs memory or time without limit; the guard reads the same bytes beside the muxer and drops the
 * connection, with a code:
 *
 *     a data frame of whatever length its 32-bit header says is gathered     FRAME_TOO_LARGE above any window
 *       before the flow-control window is looked at
 *     frames of a byte each: a window of them costs a hundred times          RATE_LIMITED above SHORT_FRAMES
 *       its size; pings, each of them answered
 *     streams opened and given up, each with a protocol to negotiate         RATE_LIMITED above NEW_STREAMS
 *     answers that the other end asks for and does not read                  RATE_LIMITED above MAX_UNSENT_BYTES
 *
 * Frame header (yamux specification): version, type, flags (2), stream id (4), length (4), big-endian. The
 * length counts bytes that follow in data frames (type 0) only.
 */
import type { Connection, MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface';
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux';
import { assert } from '../base/assert.js';
import { type Clock, systemClock } from '../base/clock.js';
import { GrapevineError, isGrapevineError } from '../base/errors.js';
import { abortWhenSilent } from './libp2p-silence.js';
import { createTokenBucket } from './peer-limits.js';

const HEADER_BYTES = 12;
const DATA_FRAME = 0;
const PING_FRAME = 2;
const SYN = 1;

/** Frames that carry less than this are short: an edge's and the gossip's are longer, window updates are rare. */
const SHORT_BYTES = 128;
/** A round has a few; a machine that was busy reads what has gathered meanwhile. */
export const SHORT_FRAMES = { burst: 8192, perSecond: 4096 } as const;
/** A relay's connection opens a stream for each peer that calls through it; all others open a dozen in all. */
export const NEW_STREAMS = { burst: 256, perSecond: 8 } as const;
/** Streams at once that one connection may open: a relayed peer has two for each caller (libp2p-relay.ts), and its own. */
export const MAX_INBOUND_STREAMS = 192;
/** What waits for a connection to take it. Streams wait for room (frame-writer.ts); only answers do not. */
export const MAX_UNSENT_BYTES = 2 * 1024 * 1024;

/**
 * Follows yamux frames through chunks of any size.
 * @returns a function that takes the next chunk. @throws GrapevineError FRAME_TOO_LARGE, RATE_LIMITED
 */
export function createYamuxGuard(
  maxFrameBytes: number,
  clock: Clock = systemClock,
): (bytes: Uint8Array) => void {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  const shortFrames = createTokenBucket(clock, SHORT_FRAMES);
  const newStreams = createTokenBucket(clock, NEW_STREAMS);
  let filled = 0;
  let bodyBytes = 0;

  const checkHeader = (): void => {
    const type = header[1];
    bodyBytes = type === DATA_FRAME ? view.getUint32(8) : 0;
    if (bodyBytes > maxFrameBytes) {
      throw new GrapevineError(
        'FRAME_TOO_LARGE',
        `yamux frame of ${bodyBytes} bytes, the longest window is ${maxFrameBytes}: the peer breaks the protocol`,
      );
    }
    const opens = type !== PING_FRAME && (view.getUint16(2) & SYN) !== 0;
    if (opens && !newStreams.take())
      throw limited(`more than ${NEW_STREAMS.burst} streams, and ${NEW_STREAMS.perSecond} a second,`);
    if (bodyBytes < SHORT_BYTES && !shortFrames.take())
      throw limited(`more than ${SHORT_FRAMES.burst} short frames, and ${SHORT_FRAMES.perSecond} a second,`);
  };

  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const skipped = Math.min(bodyBytes, bytes.length - at);
      bodyBytes -= skipped;
      at += skipped;
      while (bodyBytes === 0 && at < bytes.length && filled < HEADER_BYTES) header[filled++] = bytes[at++]!;
      if (filled < HEADER_BYTES) continue;
      filled = 0;
      checkHeader();
    }
  };
}

function limited(what: string): GrapevineError {
  return new GrapevineError('RATE_LIMITED', `${what} on one connection: no run needs that.`);
}

interface Intake {
  bytes: number;
  /** Whether `bytes` are too many. */
  isTooMuch(bytes: number): boolean;
  /** Somebody listens to how the connection ends, and knows whose it is. */
  isWatched: boolean;
}

/** What has come in on each connection, by its muxer: libp2p shows the one here, and the other where the peer is known. */
const intakes = new WeakMap<object, Intake>();

function intakeOf(connection: Connection): Intake {
  const { muxer } = connection as unknown as { readonly muxer?: object };
  const intake = muxer === undefined ? undefined : intakes.get(muxer);
  assert(intake !== undefined, 'libp2p keeps the muxer of a connection in `muxer`');
  return intake;
}

/** From now on, whoever calls this hears from the connection itself why it ends. */
export function watchIntake(connection: Connection): void {
  intakeOf(connection).isWatched = true;
}

/** From now on `connection` ends when, while `applies`, more than `maxBytes` in all have come in. */
export function limitIntake(connection: Connection, maxBytes: number, applies: () => boolean): void {
  intakeOf(connection).isTooMuch = (bytes) => bytes > maxBytes && applies();
}

export interface GuardLimits {
  readonly maxFrameBytes: number;
  /** Between two pings; see libp2p-silence.ts. */
  readonly signOfLifeMs: number;
}

/**
 * As `yamux(init)`, dropping connections that ask too much, and those that fall silent; the connection closes with the reason.
 * @param onEarly told about those that do so before anybody watches them.
 */
export function guardedYamux(
  init: YamuxMuxerInit,
  { maxFrameBytes, signOfLifeMs }: GuardLimits,
  onEarly: (error: GrapevineError) => void,
): () => StreamMuxerFactory {
  return () => {
    const alive = { enableKeepAlive: true, keepAliveInterval: signOfLifeMs };
    const factory = yamux({ ...init, ...alive, maxInboundStreams: MAX_INBOUND_STREAMS })();
    return {
      protocol: factory.protocol,
      createStreamMuxer(connection: MessageStream): StreamMuxer {
        const check = createYamuxGuard(maxFrameBytes);
        const intake: Intake = { bytes: 0, isTooMuch: () => false, isWatched: false };
        connection.maxWriteBufferLength = 2 * MAX_UNSENT_BYTES; // should our own words gather there, too
        // Added before the muxer's own listener, in the same turn: both see every byte, this one first.
        connection.addEventListener('message', ({ data }) => {
          try {
            if (data instanceof Uint8Array) check(data);
            else for (const part of data) check(part);
            intake.bytes += data.byteLength;
            if (intake.isTooMuch(intake.bytes)) throw limited(`${intake.bytes} bytes of a stranger`);
            if (connection.writeBufferLength > MAX_UNSENT_BYTES)
              throw limited(`more than ${MAX_UNSENT_BYTES} bytes of answers that are not read`);
          } catch (error) {
            if (connection.status !== 'open') return; // said already
            connection.abort(error as Error);
            if (!intake.isWatched && isGrapevineError(error)) onEarly(error);
          }
        });
        abortWhenSilent(connection, systemClock, signOfLifeMs);
        const muxer = factory.createStreamMuxer(connection);
        intakes.set(muxer, intake);
        return muxer;
      },
    };
  };
}
