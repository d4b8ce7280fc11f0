/**
 * The two pure ends of byte-stream framing, as async-iterable transforms for it-pipe: frames are cut into
 * pieces that a stream takes at once, and arriving chunks are put together into frames.
 *
 * A frame's length is read and checked against the limits when its 48 header bytes are there, before the
 * frame is allocated; each received byte is copied once, into its frame.
 */
import { GrapevineError } from '../base/errors.js';
import { readFrameLength } from '../wire/decode.js';
import { FRAME_HEADER_BYTES, type FrameLimits } from '../wire/frame.js';

/** Told how far the frame being read has come; frame-reader.ts sets its deadline by it. */
export interface FrameWatch {
  /** The first byte of a frame has arrived. */
  begun(): void;
  /** Its header is whole: it is `bytes` long. */
  sized(bytes: number): void;
  /** Its last byte has arrived. */
  whole(): void;
}

const noWatch: FrameWatch = { begun() {}, sized() {}, whole() {} };

/** Cuts each frame into views of at most `bytes` bytes. */
export function chunk(bytes: number) {
  return function* pieces(frames: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const frame of frames) {
      for (let at = 0; at < frame.length; at += bytes) yield frame.subarray(at, at + bytes);
    }
  };
}

/**
 * Chunks of any size to whole frames, one allocation each.
 * @param limits asked at each header: they are tighter before a HELLO is accepted.
 * @throws GrapevineError FRAME_* of readFrameLength; FRAME_TRUNCATED when the source ends inside a frame.
 */
export function reassemble(limits: () => FrameLimits, watch: FrameWatch = noWatch) {
  return async function* frames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let target = new Uint8Array(FRAME_HEADER_BYTES);
    let filled = 0;
    let sized = false;
    for await (const arrived of source) {
      for (let rest = arrived; rest.length > 0; ) {
        if (filled === 0) watch.begun();
        const taken = rest.subarray(0, target.length - filled);
        target.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
        if (!sized && filled === target.length) {
          target = growTo(readFrameLength(target, limits()), target);
          watch.sized(target.length);
          sized = true;
        }
        if (!sized || filled < target.length) continue;
        watch.whole();
        yield target;
        target = new Uint8Array(FRAME_HEADER_BYTES);
        filled = 0;
        sized = false;
      }
    }
    if (filled > 0) {
      const wanted = sized ? target.length : FRAME_HEADER_BYTES;
      throw new GrapevineError(
        'FRAME_TRUNCATED',
        `link ended ${filled} bytes into a frame, wanted ${wanted}`,
      );
    }
  };
}

function growTo(bytes: number, header: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(bytes);
  frame.set(header);
  return frame;
}
