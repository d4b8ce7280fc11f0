/**
 * A membership record said to one peer (membership.ts: why). The stream carries the record's bytes and ends; the
 * connection proves whose it is.
 */
import type { Connection } from '@libp2p/interface';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { dialAddresses } from './libp2p-addresses.js';
import { CONNECT_TIMEOUT_MS, type EdgeStream, ON_ANY_CONNECTION, type SwarmNode } from './libp2p-node.js';
import { readWhole, sayWhole } from './libp2p-whole-message.js';
import { MAX_RECORD_BYTES, type MemberRecord } from './membership.js';
import { createRateLimit } from './peer-limits.js';

/** One membership record (membership.ts), said to one peer on a connection that proves who says it. */
export const INTRODUCTION_PROTOCOL = '/grapevine/introduction/1.0.0';
/**
 * Calls that records of one index cause: some when a member comes and comes back, one in ten seconds if it does nothing
 * else. Whatever addresses it claims, nobody can make its neighbors call them more often than that.
 */
export const INTRODUCTIONS = { burst: 3, perSecond: 0.1 } as const;

export interface IntroducerInit {
  readonly node: SwarmNode;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Bounds the dials under way. */
  dialInTurn(dial: () => Promise<Connection>): Promise<Connection>;
  /** The record to say. */
  record(): Uint8Array;
  log(line: string): void;
}

export interface Introducer {
  /** Says who calls, on a connection of ours. */
  say(connection: Connection, signal: AbortSignal): Promise<void>;
  /** Calls a peer that must dial us, and tells it where we are. What fails is made up for by the next announcement. */
  call(member: MemberRecord): Promise<void>;
}

export function createIntroducer(init: IntroducerInit): Introducer {
  const limit = createRateLimit(init.clock, INTRODUCTIONS);
  const underWay = new Set<number>();
  const say = async (connection: Connection, signal: AbortSignal): Promise<void> => {
    const stream = await connection.newStream(INTRODUCTION_PROTOCOL, { signal, ...ON_ANY_CONNECTION });
    await sayIntroduction(stream, init.record(), signal);
  };
  return {
    say,
    async call(member) {
      const { index } = member;
      if (underWay.has(index) || !limit.take(String(index))) return;
      underWay.add(index);
      const signal = AbortSignal.any([init.signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
      try {
        await say(await init.dialInTurn(() => init.node.dial(dialAddresses(member), { signal })), signal);
      } catch (error) {
        init.log(`no introduction to peer ${index}: ${messageOf(error)}`);
      } finally {
        underWay.delete(index);
      }
    },
  };
}

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
