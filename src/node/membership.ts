/**
 * Who is in the swarm and where: each peer announces its index, identity, addresses and progress on one gossip
 * topic, and keeps the newest announcement of every other. Announcements are signed by the gossip layer; the
 * identity in a record must be the signer's, and the first identity that claims an index keeps it, so nobody
 * can take a neighbor's place in the topology. A peer that has announced 'left' gives its index back.
 *
 * Every announcement reaches every peer and is verified there, so N peers that repeat themselves cost N^2. A
 * peer therefore speaks to all on joining and when its state changes, and for what gossip has lost, again at
 * growing intervals, longer in a larger swarm. Of a neighbor that must dial it and has joined after its last
 * words it hears by that neighbor's own announcement, and introduces itself to it alone. No libp2p here: the
 * transport brings `publish`, carries introductions and calls `receive`.
 */

import * as z from 'zod';
import { BoundedMap } from '../base/bounded-map.js';
import type { Clock } from '../base/clock.js';
import { type Random, uniform } from '../base/random.js';
import { MAX_INVITATION_CHARACTERS } from './invitation.js';

/** With links missing: the first repetition; each further one waits twice as long. */
export const EAGER_ANNOUNCE_MS = 500;
/** In large swarms later: peers that all miss links hear at most one repetition in this time, from whomever. */
const EAGER_SHARE_MS = 60;
/** With all links up, and at most before that: a sign of life, and the round. */
export const STEADY_ANNOUNCE_MS = 5000;
/** In large swarms signs of life are rarer: each peer hears one in this time, from whomever. */
const STEADY_SHARE_MS = 500;
/** Between two signs of life of one peer, with all links up, in a swarm of `members`. Milliseconds. */
export function steadyAnnounceMs(members: number): number {
  return Math.max(STEADY_ANNOUNCE_MS, STEADY_SHARE_MS * members);
}

/** Least time between two announcements, whatever happens. */
const ANNOUNCE_SPACING_MS = 100;
/** Announcements spread over this share of their interval, so that a swarm does not speak in chorus. */
const JITTER = 0.2;
/** A record is a few hundred bytes; eight addresses of the longest kind and an invitation stay below this. */
export const MAX_RECORD_BYTES = 6144;
/** A machine has a handful of interfaces; more addresses would only slow dialing. */
export const MAX_ADDRESSES = 8;
/** Members that are remembered, and indices: sixteen times the largest swarm that has been tried. */
export const MAX_MEMBERS = 4096;

export type MemberState = 'joining' | 'training' | 'finished' | 'left';

const recordSchema = z.strictObject({
  index: z
    .int()
    .min(0)
    .max(MAX_MEMBERS - 1),
  peerId: z.string().min(1).max(128),
  addresses: z.array(z.string().max(256)).max(MAX_ADDRESSES),
  round: z.int().min(0),
  state: z.enum(['joining', 'training', 'finished', 'left']),
  serial: z.int().min(0),
  /** By which the peer was admitted, for whoever has not met it (invitation.ts). */
  invitation: z.string().max(MAX_INVITATION_CHARACTERS).optional(),
});

/** One peer's latest announcement. */
export type MemberRecord = Readonly<z.infer<typeof recordSchema>>;

export interface MemberStatus {
  readonly round: number;
  readonly state: MemberState;
}

/** What becomes of a received announcement: believed and passed on, dropped, or dropped as its sender's fault. */
export type Reception = 'accept' | 'ignore' | 'reject';

export interface MembershipInit {
  readonly index: number;
  readonly peerId: string;
  /** Multiaddrs under which this peer can be reached, asked at each announcement. */
  addresses(): readonly string[];
  /** True when every neighbor is linked. */
  isComplete(): boolean;
  /** Never rejects: what is not heard is said again. */
  publish(announcement: Uint8Array): Promise<void>;
  /** A record of another peer has arrived; `isNew` when that peer has just joined, or has come back. */
  onChange(record: MemberRecord, isNew: boolean): void;
  readonly clock: Clock;
  /** This peer's own invitation, which goes with its records. */
  readonly invitation?: string | undefined;
  /** Whether the peer of a record, whose signer it is, may take part. @default everybody may */
  admits?(record: MemberRecord): boolean;
  /** The founder has revoked this identity: its index is free. @default nobody is revoked */
  isRevoked?(peerId: string): boolean;
  /** Another identity speaks for this peer's index. */
  onRival?(record: MemberRecord): void;
  /** For the jitter. */
  readonly random: Random;
  /** First serial number; larger than any of an earlier run with the same identity. */
  readonly firstSerial: number;
}

export interface Membership {
  /** Latest record per index, this peer's own not included. */
  readonly view: ReadonlyMap<number, MemberRecord>;
  /** @param signer the identity that signed `announcement`. */
  receive(signer: string, announcement: Uint8Array): Reception;
  /** Binds an index to an identity that has proved itself on a link. False when another one holds it. */
  claim(index: number, peerId: string): boolean;
  /** Announces a new state at once and a new round with the next announcement. */
  setStatus(status: MemberStatus): void;
  /** Announces soon: somebody may want to hear it. */
  hurry(): void;
  /** What `publish` would be given now, for one peer to `receive` on a link that proves who says it. */
  introduction(): Uint8Array;
  /** Begins to announce. */
  start(): void;
  /** Announces 'left' and ends. */
  stop(): Promise<void>;
}

export function createMembership(init: MembershipInit): Membership {
  const view = new Map<number, MemberRecord>();
  const holders = new Map<number, string>([[init.index, init.peerId]]);
  const serials = createSerials();
  const announcer = createAnnouncer(init, () => holders.size);

  const claim = (index: number, peerId: string): boolean => {
    const holder = holders.get(index);
    if (holder === peerId) return true;
    if (holder !== undefined && init.isRevoked?.(holder) !== true) return false;
    if (holders.size >= MAX_MEMBERS) return false;
    for (const other of holders.values()) if (other === peerId) return false;
    holders.set(index, peerId);
    return true;
  };

  return {
    view,
    claim,
    receive(signer, announcement) {
      const record = readRecord(announcement);
      if (record === null || record.peerId !== signer) return 'reject';
      const known = view.get(record.index);
      if (serials.newest(signer) >= record.serial) return 'ignore';
      if (signer === init.peerId || init.admits?.(record) === false) return 'ignore';
      if (record.index === init.index && record.state !== 'left') init.onRival?.(record);
      if (givesWay(known, record)) holders.delete(record.index);
      if (!claim(record.index, signer)) return 'ignore';
      const before = serials.note(record);
      if (before !== undefined && view.get(before)?.peerId === signer) view.delete(before); // it has moved
      view.set(record.index, record);
      if (record.state === 'left') holders.delete(record.index);
      const comesBack = known?.state !== 'joining' && record.state === 'joining';
      init.onChange(record, known?.peerId !== signer || comesBack);
      return 'accept';
    },
    ...announcer,
  };
}

/** What each identity has said last, and about which index; of those beyond twice MAX_MEMBERS, the oldest are forgotten. */
function createSerials() {
  const latest = new BoundedMap<string, { readonly serial: number; readonly index: number }>(2 * MAX_MEMBERS);
  return {
    newest: (peerId: string): number => latest.get(peerId)?.serial ?? -1,
    /** @returns the index that it has spoken for before. */
    note({ peerId, serial, index }: MemberRecord): number | undefined {
      const before = latest.get(peerId)?.index;
      latest.set(peerId, { serial, index });
      return before;
    },
  };
}

/**
 * Of two newcomers that were given one index by different members the lesser PeerId keeps it, whoever was heard of first: so
 * all members come to one verdict, and pass on to the other that it has a rival. Who trains keeps its index.
 */
function givesWay(known: MemberRecord | undefined, rival: MemberRecord): boolean {
  return known?.state === 'joining' && rival.state === 'joining' && rival.peerId < known.peerId;
}

/** The record in an announcement, or null when it is none. */
function readRecord(announcement: Uint8Array): MemberRecord | null {
  if (announcement.length > MAX_RECORD_BYTES) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(announcement);
    return recordSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // not UTF-8 or not JSON
  }
}

function createAnnouncer(
  init: MembershipInit,
  memberCount: () => number,
): Pick<Membership, 'setStatus' | 'hurry' | 'introduction' | 'start' | 'stop'> {
  const { clock } = init;
  let status: MemberStatus = { round: 0, state: 'joining' };
  let serial = init.firstSerial;
  let eagerMs = EAGER_ANNOUNCE_MS;
  let cancel = () => {};
  let nextMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  let running = false;

  const introduction = (): Uint8Array => {
    const { index, peerId, invitation } = init;
    const addresses = init.addresses().slice(0, MAX_ADDRESSES);
    const record: MemberRecord = {
      index,
      peerId,
      addresses: [...addresses],
      ...status,
      serial: serial++,
      ...(invitation === undefined ? {} : { invitation }),
    };
    return new TextEncoder().encode(JSON.stringify(record));
  };
  const announce = async (): Promise<void> => {
    lastMs = clock.nowMs();
    await init.publish(introduction());
  };
  const schedule = (delayMs: number): void => {
    cancel();
    nextMs = clock.nowMs() + delayMs;
    cancel = clock.after(delayMs, () => {
      void announce();
      schedule(intervalMs() * (1 - JITTER * uniform(init.random)));
    });
  };
  const intervalMs = (): number => {
    const steadyMs = steadyAnnounceMs(memberCount());
    const missingMs = Math.max(eagerMs, EAGER_SHARE_MS * memberCount());
    const delayMs = init.isComplete() ? steadyMs : Math.min(missingMs, steadyMs);
    eagerMs = Math.min(2 * missingMs, steadyMs);
    return delayMs;
  };
  const hurry = (): void => {
    if (!running) return;
    eagerMs = EAGER_ANNOUNCE_MS;
    const delayMs = Math.max(0, lastMs + ANNOUNCE_SPACING_MS - clock.nowMs());
    if (clock.nowMs() + delayMs < nextMs) schedule(delayMs);
  };

  return {
    setStatus(next) {
      const urgent = next.state !== status.state;
      status = { round: next.round, state: next.state };
      if (urgent) hurry();
    },
    hurry,
    introduction,
    start() {
      running = true;
      hurry();
    },
    async stop() {
      if (!running) return;
      running = false;
      cancel();
      status = { ...status, state: 'left' };
      await announce();
    },
  };
}
