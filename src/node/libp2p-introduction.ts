/**
 * A membership record said to one peer (membership.ts: why). The stream carries the record's bytes and ends; the
 * connection proves whose it is.
 */
import type { Clock } from '../base/clock.js';
import type { EdgeStream } from './libp2p-node.js';
import { readWhole, sayWhole } from './libp2p-whole-message.js';
import { MAX_RECORD_BYTES } from './membership.js';

/** Sends `record` and closes the stream. */
export const sayIntroduction = sayWhole;

/** The bytes up to the end of `stream`; null, and the stream aborted, when they are too many or too slow. */
export async function readIntroduction(stream: EdgeStream, clock: Clock): Promise<Uint8Array | null> {
  try {
    const record = await readWhole(stream, MAX_RECORD_BYTES, clock);
    await stream.close();
    return record;
  } catch {
    return null;
  }
}
