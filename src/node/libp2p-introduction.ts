/**
 * A membership record said to one peer (membership.ts: why). The stream carries the record's bytes and ends; the
 * connection proves whose it is.
 */
import type { Clock } from '../base/clock.js';
import type { EdgeStream } from './libp2p-node.js';
import { MAX_RECORD_BYTES } from './membership.js';

/** A stranger that opens a stream and says nothing is cut off after this. */
const READ_TIMEOUT_MS = 10_000;

/** Sends `record` and closes the stream. */
export async function sayIntroduction(
  stream: EdgeStream,
  record: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  stream.send(record); // far below any window
  await stream.close({ signal });
}

/** The bytes up to the end of `stream`; null, and the stream aborted, when they are too many or too slow. */
export async function readIntroduction(stream: EdgeStream, clock: Clock): Promise<Uint8Array | null> {
  const cancel = clock.after(READ_TIMEOUT_MS, () => stream.abort(new Error('no introduction in time')));
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of stream) {
      parts.push(part.subarray());
      bytes += part.byteLength;
      if (bytes > MAX_RECORD_BYTES) throw new Error(`an introduction of more than ${MAX_RECORD_BYTES} bytes`);
    }
    await stream.close();
    return Buffer.concat(parts);
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error('introduction failed'));
    return null;
  } finally {
    cancel();
  }
}
