/**
 * One message on a stream of its own, ended by closing the writing side: for what is said once and is short. Bounded in
 * bytes and time, so that a stranger costs no more than that.
 */
import type { Clock } from '../base/clock.js';
import type { EdgeStream } from './libp2p-node.js';

/** A stranger that opens a stream and says nothing is cut off after this. */
export const READ_TIMEOUT_MS = 10_000;

/** The bytes up to the end of `stream`. @throws Error, the stream aborted, when they are too many or too slow. */
export async function readWhole(stream: EdgeStream, maxBytes: number, clock: Clock): Promise<Uint8Array> {
  const cancel = clock.after(READ_TIMEOUT_MS, () => stream.abort(new Error('no message in time')));
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of stream) {
      bytes += part.byteLength;
      if (bytes > maxBytes) throw new Error(`a message of more than ${maxBytes} bytes`);
      parts.push(part.subarray());
    }
    return new Uint8Array(Buffer.concat(parts));
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    stream.abort(reason);
    throw reason;
  } finally {
    cancel();
  }
}

/** Sends `message`, which is far below any window, and closes the writing side. */
export async function sayWhole(stream: EdgeStream, message: Uint8Array, signal: AbortSignal): Promise<void> {
  stream.send(message);
  await stream.close({ signal });
}
