/**
 * A membership record said to one peer (membership.ts: why). The stream carries the record's bytes and ends; the
 * connection proves whose it is.
 */
import type { Connection } from '@libp2p/interface';
import type { Clock } from '../base/clock.js';
import type { EdgeStream, SwarmNode } from './libp2p-node.js';
import { readWhole, sayWhole } from './libp2p-whole-message.js';
import { MAX_RECORD_BYTES } from './membership.js';

/** One membership record, said to one peer on a connection that proves who says it. */
export const INTRODUCTION_PROTOCOL = '/grapevine/introduction/1.0.0';
/** Also on one that a relay limits: it is how a peer behind it is found. */
const ON_ANY_CONNECTION = { runOnLimitedConnection: true } as const;

/** Sends `record` to the other end of `connection`. */
export async function sayIntroduction(
  connection: Connection,
  record: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const stream = await connection.newStream(INTRODUCTION_PROTOCOL, { signal, ...ON_ANY_CONNECTION });
  await sayWhole(stream, record, signal);
}

/** From now on `onRecord` gets what others say, and the identity that the connection proves. */
export async function hearIntroductions(
  node: SwarmNode,
  clock: Clock,
  onRecord: (peerId: string, record: Uint8Array) => void,
): Promise<void> {
  const onStream = async (stream: EdgeStream, { remotePeer }: Connection) => {
    const record = await readIntroduction(stream, clock);
    if (record !== null) onRecord(remotePeer.toString(), record);
  };
  await node.handle(INTRODUCTION_PROTOCOL, onStream, ON_ANY_CONNECTION);
}

/** The bytes up to the end of `stream`; null, and the stream aborted, when they are too many or too slow. */
async function readIntroduction(stream: EdgeStream, clock: Clock): Promise<Uint8Array | null> {
  try {
    const record = await readWhole(stream, MAX_RECORD_BYTES, clock);
    await stream.close();
    return record;
  } catch {
    return null;
  }
}
