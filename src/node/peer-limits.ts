/**
 * What strangers and neighbors may ask of a peer in a time, and what becomes of those who break the rules: token buckets
 * for connections, and strikes that add up to a ban. No libp2p here: libp2p-guard.ts carries the verdicts out.
 */
import { BoundedMap } from '../base/bounded-map.js';
import type { Clock } from '../base/clock.js';
import type { ErrorCode } from '../base/errors.js';

/**
 * Connections a minute that one address may open. A swarm of 64 peers behind one NAT, all started again at once, stays
 * below; each costs the listener a key exchange, 20 ms.
 */
export const ADDRESS_CONNECTIONS_PER_MINUTE = 120;
/**
 * What an offense of somebody who is not admitted costs its address, in connections: an identity is made in no time, an
 * address is not. Four of them, and nobody calls from there for a while.
 */
export const OFFENSE_CONNECTIONS = 30;
/** Connections a minute of one identity: it dials again at most every 2.5 s on average once its backoff is full. */
export const PEER_CONNECTIONS_PER_MINUTE = 40;
/** Strikes within STRIKE_WINDOW_MS that make a ban: an accident is not repeated so often. */
export const STRIKES_TO_BAN = 3;
export const STRIKE_WINDOW_MS = 600_000;
/** The first ban; each further one of a peer lasts twice as long. */
export const FIRST_BAN_MS = 60_000;
export const MAX_BAN_MS = 24 * 3_600_000;
/** Addresses and identities that are remembered; of more, the longest unheard of are forgotten. */
export const MAX_REMEMBERED = 4096;

/**
 * What nobody does by mistake, or that a release of ours would do: bytes that are no frames, numbers that are none, forged
 * documents. A wrong configuration, an expired invitation or a slow link is no offense.
 */
const offenses: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FRAME_BAD_MAGIC',
  'FRAME_BAD_VERSION',
  'FRAME_BAD_KIND',
  'FRAME_BAD_HEADER',
  'FRAME_TOO_LARGE',
  'FRAME_TRUNCATED',
  'FRAME_BAD_CHECKSUM',
  'FRAME_WRONG_SWARM',
  'FRAME_WRONG_PEER',
  'FRAME_BAD_BODY',
  'PAYLOAD_BAD_OPERATOR',
  'PAYLOAD_BAD_LENGTH',
  'PAYLOAD_BAD_VALUE',
  'SEQUENCE_GAP',
  'DOCUMENT_INVALID',
  'RATE_LIMITED',
]);

export function isOffense(code: ErrorCode): boolean {
  return offenses.has(code);
}

/** What may be taken: `burst` at once, refilled evenly. */
export interface TokenBucket {
  /** Takes `cost`; false, and nothing taken, when there is less than that. */
  take(cost?: number): boolean;
  /** Takes `cost` whatever there is: what is lacking, up to `burst`, has to come in first. */
  charge(cost: number): void;
}

export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

export function createTokenBucket(clock: Clock, { burst, perSecond }: BucketSize): TokenBucket {
  let tokens = burst;
  let atMs = clock.nowMs();
  const refill = (): void => {
    const nowMs = clock.nowMs();
    tokens = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1000);
    atMs = nowMs;
  };
  return {
    take(cost = 1) {
      refill();
      if (tokens < cost) return false;
      tokens -= cost;
      return true;
    },
    charge(cost) {
      refill();
      tokens = Math.max(-burst, tokens - cost);
    },
  };
}

export interface RateLimit {
  /** Takes one; false when `key` has had its share for now. */
  take(key: string): boolean;
  /** As TokenBucket.charge. */
  charge(key: string, cost: number): void;
}

/** A token bucket for each key; of the longest unused ones, those beyond MAX_REMEMBERED are forgotten. */
export function createRateLimit(clock: Clock, size: BucketSize): RateLimit {
  const buckets = new BoundedMap<string, TokenBucket>(MAX_REMEMBERED);
  const bucketOf = (key: string): TokenBucket => {
    const bucket = buckets.get(key) ?? createTokenBucket(clock, size);
    buckets.set(key, bucket);
    return bucket;
  };
  return {
    take: (key) => bucketOf(key).take(),
    charge: (key, cost) => bucketOf(key).charge(cost),
  };
}

/** `count` at once, and as many again within a minute. */
export function aMinute(count: number): BucketSize {
  return { burst: count, perSecond: count / 60 };
}

export interface Strikes {
  /** Counts an offense of `peerId`; true when that makes a ban. Other codes count for nothing. */
  strike(peerId: string, code: ErrorCode): boolean;
  /** Milliseconds that `peerId` is still banned for; 0 when it is not. */
  bannedMs(peerId: string): number;
}

interface Record {
  /** When each recent offense was. */
  readonly atMs: readonly number[];
  readonly bans: number;
  readonly bannedUntilMs: number;
}

export function createStrikes(clock: Clock): Strikes {
  const records = new BoundedMap<string, Record>(MAX_REMEMBERED);
  return {
    strike(peerId, code) {
      if (!isOffense(code)) return false;
      const nowMs = clock.nowMs();
      const { atMs, bans, bannedUntilMs } = records.get(peerId) ?? { atMs: [], bans: 0, bannedUntilMs: 0 };
      const recent = [...atMs.filter((at) => nowMs - at < STRIKE_WINDOW_MS), nowMs];
      if (recent.length < STRIKES_TO_BAN) {
        records.set(peerId, { atMs: recent, bans, bannedUntilMs });
        return false;
      }
      const banMs = Math.min(MAX_BAN_MS, FIRST_BAN_MS * 2 ** bans);
      records.set(peerId, { atMs: [], bans: bans + 1, bannedUntilMs: nowMs + banMs });
      return true;
    },
    bannedMs: (peerId) => Math.max(0, (records.get(peerId)?.bannedUntilMs ?? 0) - clock.nowMs()),
  };
}
