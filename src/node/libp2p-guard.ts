/**
 * The guard at a peer's door: carries out what admission.ts and peer-limits.ts decide, on the connections of one libp2p node.
 *
 *     a TCP connection      from an address that calls too often              RATE_LIMITED, before any key exchange
 *                           that says much before it has proved who it is      RATE_LIMITED (libp2p-upgrade-limit.ts)
 *     a proven identity     banned, revoked, or calling too often             PEER_BANNED, REVOKED, RATE_LIMITED
 *     a stranger inside     may ask to join (join-service.ts), no more; is    NOT_ADMITTED
 *                           closed after STRANGER_MS; MAX_STRANGERS at once
 *     an edge or a record   of a peer that is not admitted                    refused by the handshake, or ignored
 *     a place at our relay  for who is not admitted                           NOT_ADMITTED
 *     anybody               that breaks a protocol: of edges, of yamux        strikes, then a ban: all its connections go
 *                           (libp2p-yamux-guard.ts), of gossip (libp2p-gossip-limit.ts), or forges documents
 *
 * Nobody is called because a stranger asks for it, and who has gone is forgotten but for its strikes. Whoever dials says its
 * member record first, with its invitation, so that the other end can judge it (settled).
 */
import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Clock } from '../base/clock.js';
import { type ErrorCode, GrapevineError, isGrapevineError, messageOf } from '../base/errors.js';
import { type Admission, type AdmissionInit, createAdmission } from './admission.js';
import { JOIN_PROTOCOL, type JoinService, MAX_JOIN_REQUEST_BYTES } from './join-service.js';
import { addressKey } from './libp2p-addresses.js';
import { limitGossip } from './libp2p-gossip-limit.js';
import type { EdgeStream, SwarmNode } from './libp2p-node.js';
import { createUpgradeLimit, type UpgradeLimit } from './libp2p-upgrade-limit.js';
import { readWhole, sayWhole } from './libp2p-whole-message.js';
import { limitIntake, watchIntake } from './libp2p-yamux-guard.js';
import type { Reception } from './membership.js';
import {
  ADDRESS_CONNECTIONS_PER_MINUTE,
  aMinute,
  createRateLimit,
  createStrikes,
  isOffense,
  OFFENSE_CONNECTIONS,
  PEER_CONNECTIONS_PER_MINUTE,
} from './peer-limits.js';

/** A connection whose other end is not admitted is closed after this: time to ask, on a slow link. */
export const STRANGER_MS = 15_000;
/** Connections of peers that are not admitted, at once; each holds a yamux session of some 50 KB. */
export const MAX_STRANGERS = 32;
/** Where there are more, the one that was first has had its time after this: whoever asks at once needs no longer. */
export const STRANGER_GRACE_MS = 2_000;
/** An edge that is opened before its caller's invitation has arrived waits for it this long. */
export const SETTLE_MS = 5_000;
/**
 * Likewise, who asks for a place at the relay: libp2p's asker gives up after 5 s, and should hear the refusal before.
 * Milliseconds.
 */
export const RELAY_SETTLE_MS = 2_000;
/** What a stranger may send: its record, a question, subscriptions; a window of each of its streams would be megabytes. */
export const STRANGER_BYTES = 256 * 1024;
/** Join questions at once of one connection. */
const MAX_JOIN_STREAMS = 2;

/** Somebody was not let in, or was put out. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** Null before a connection has proved who calls. */
  readonly peerId: string | null;
  /** A peer that was in is put out: once for each ban and revocation. */
  readonly expelled?: boolean;
}

export interface GuardInit extends Omit<AdmissionInit, 'onRevoked'> {
  readonly clock: Clock;
  /** This peer's own invitation, which it shows to other members. */
  readonly invitation?: string | undefined;
  /** What all members' connections are encrypted with besides noise, in libp2p's format of a swarm key. */
  readonly psk?: Uint8Array | undefined;
  onRefusal?(refusal: Refusal): void;
}

export class SwarmGuard {
  readonly admission: Admission;
  readonly gater: ConnectionGater;
  readonly invitation: string | undefined;
  readonly psk: Uint8Array | undefined;
  private readonly init: GuardInit;
  private readonly strikes;
  private readonly addressLimit;
  private readonly peerLimit;
  private readonly upgrades: UpgradeLimit;
  /** Connections of peers that are not admitted, and since when; the oldest first. */
  private readonly strangers = new Map<Connection, number>();
  private readonly waiting = new Map<string, Set<() => void>>();
  private node: { readonly node: SwarmNode; readonly topic: string } | null = null;
  private service: JoinService | null = null;
  private tellExpelled: (peerIds: readonly string[]) => void = () => {};

  constructor(init: GuardInit) {
    this.init = init;
    this.invitation = init.invitation;
    this.psk = init.psk;
    this.admission = createAdmission({ ...init, onRevoked: (peerIds) => this.expel(peerIds, 'REVOKED') });
    this.strikes = createStrikes(init.clock);
    this.addressLimit = createRateLimit(init.clock, aMinute(ADDRESS_CONNECTIONS_PER_MINUTE));
    this.peerLimit = createRateLimit(init.clock, aMinute(PEER_CONNECTIONS_PER_MINUTE));
    this.upgrades = createUpgradeLimit((error, remote) => this.offendedFrom(remote, error));
    this.gater = {
      denyDialPeer: (peerId) => this.banOf(peerId.toString()) !== null || this.isStranger(peerId),
      denyInboundConnection: (connection) => {
        const denied = this.deniesAddress(connection);
        if (!denied) this.upgrades.watch(connection);
        return denied;
      },
      denyInboundUpgradedConnection: (_peerId, connection) => {
        this.upgrades.done(connection);
        return false;
      },
      denyInboundEncryptedConnection: (peerId) => this.deniesPeer(peerId),
      denyInboundRelayReservation: (peerId) => this.deniesPlace(peerId),
      denyOutboundRelayedConnection: (_, guest) => this.admission.objection(guest.toString()) !== null,
      denyDialMultiaddr: () => false, // libp2p's default would not dial loopback and private addresses
    };
  }

  /** Watches over the connections of `node`, and answers who asks to join. Before the node starts. */
  async attach(node: SwarmNode, topic: string): Promise<void> {
    this.node = { node, topic };
    node.addEventListener('connection:open', ({ detail }) => this.onConnection(detail));
    node.addEventListener('connection:close', ({ detail }) => void this.strangers.delete(detail));
    // libp2p keeps what everybody has said of itself, and looks for what is out of date only when it reads it.
    node.addEventListener('peer:disconnect', ({ detail }) => {
      node.peerStore.delete(detail).catch(() => {}); // a store in memory: there is nothing to be done about it
    });
    limitGossip(node.services.pubsub, this.init.clock, {
      isMember: (peerId) => this.admission.objection(peerId) === null || this.hasCalled(peerId),
      onFlood: (peerId, error) => this.strike(peerId, error),
    });
    await node.handle(
      JOIN_PROTOCOL,
      (stream, { remotePeer }) => void this.answer(stream, remotePeer.toString()),
      { maxInboundStreams: MAX_JOIN_STREAMS, runOnLimitedConnection: true },
    );
  }

  /** From now on `service` answers who asks to join. */
  serve(service: JoinService): void {
    this.service = service;
  }

  /** From now on `tell` hears who is put out. */
  onExpelled(tell: (peerIds: readonly string[]) => void): void {
    this.tellExpelled = tell;
  }

  /** As Admission.present; edges that wait for it go on. */
  present(peerId: string, invitation: string | undefined): GrapevineError | null {
    const objection = this.admission.present(peerId, invitation);
    if (objection === null) for (const wake of this.waiting.get(peerId) ?? []) wake();
    else if (isOffense(objection.code)) this.strike(peerId, objection);
    else if (invitation !== undefined) this.refuse(objection, peerId);
    return objection;
  }

  /** Resolves when `peerId` is admitted, at the latest after `withinMs`: its invitation may be on its way. */
  async settled(peerId: string, withinMs = SETTLE_MS): Promise<void> {
    if (this.admission.objection(peerId) === null) return;
    await new Promise<void>((resolve) => {
      const wakes = this.waiting.get(peerId) ?? new Set();
      this.waiting.set(peerId, wakes);
      const finish = (): void => {
        cancel();
        wakes.delete(finish);
        if (wakes.size === 0) this.waiting.delete(peerId);
        resolve();
      };
      const cancel = this.init.clock.after(withinMs, finish);
      wakes.add(finish);
    });
  }

  /** Why `peerId` may have no edge here, told to whoever watches; null when it may. */
  objection(peerId: string): GrapevineError | null {
    const objection = this.admission.objection(peerId) ?? this.banOf(peerId);
    if (objection !== null) this.refuse(objection, peerId);
    return objection;
  }

  /** `peerId` has ended a link or a handshake like this: offenses count as strikes. */
  strike(peerId: string, error: unknown): void {
    if (!isGrapevineError(error) || !isOffense(error.code)) return;
    this.refuse(error, peerId);
    if (this.strikes.strike(peerId, error.code)) this.expel([peerId], 'PEER_BANNED');
  }

  /** A caller was turned away before it had said who it is. */
  turnedAway(error: GrapevineError): void {
    this.refuse(error, null);
  }

  /** Takes a revocation list, from a file or a peer. */
  revoke(document: string): Reception {
    return this.admission.revoke(document);
  }

  /** Says the newest revocation list to all. */
  async publishRevocations(): Promise<void> {
    const { revocations } = this.admission;
    if (revocations === null || this.node === null) return;
    const { node, topic } = this.node;
    await node.services.pubsub.publish(topic, new TextEncoder().encode(revocations)).catch(() => {
      // nobody listens, or it was said before: it is said again, and who joins gets it with the answer
    });
  }

  private banOf(peerId: string): GrapevineError | null {
    const ms = this.strikes.bannedMs(peerId);
    if (ms === 0) return null;
    const seconds = Math.ceil(ms / 1000);
    return new GrapevineError('PEER_BANNED', `peer ${peerId} is banned for another ${seconds} s.`, {
      peerId,
      ms,
    });
  }

  private deniesAddress({ remoteAddr }: MultiaddrConnection): boolean {
    const key = addressKey(remoteAddr);
    if (key === null || this.addressLimit.take(key)) return false;
    const message = `more than ${ADDRESS_CONNECTIONS_PER_MINUTE} connections a minute from ${key}.`;
    this.refuse(new GrapevineError('RATE_LIMITED', message, { address: key }), null);
    return true;
  }

  private deniesPeer(peer: PeerId): boolean {
    const peerId = peer.toString();
    const ban = this.banOf(peerId);
    const objection = this.admission.objection(peerId);
    if (ban !== null) this.refuse(ban, peerId);
    if (objection?.code === 'REVOKED') this.refuse(objection, peerId);
    if (ban !== null || objection?.code === 'REVOKED') return true;
    if (this.peerLimit.take(peerId)) return false;
    const message = `more than ${PEER_CONNECTIONS_PER_MINUTE} connections a minute of peer ${peerId}.`;
    this.refuse(new GrapevineError('RATE_LIMITED', message, { peerId }), peerId);
    return true;
  }

  /**
   * Places at the relay are for members. Who joins needs none before it is admitted: it calls, and may do so through a
   * relay, for as long as a stranger's connection lasts.
   */
  private async deniesPlace(peer: PeerId): Promise<boolean> {
    const peerId = peer.toString();
    await this.settled(peerId, RELAY_SETTLE_MS);
    return this.objection(peerId) !== null;
  }

  /** A peer that has called, and is not admitted: it does not make us call anybody. */
  private isStranger(peerId: PeerId): boolean {
    if (this.admission.objection(peerId.toString()) === null) return false;
    return [...this.strangers.keys()].some(({ remotePeer }) => remotePeer.equals(peerId));
  }

  /** A peer that we have called: nobody makes us call strangers, so it is one that we were told of. */
  private hasCalled(peerId: string): boolean {
    const connections = this.node?.node.getConnections() ?? [];
    return connections.some(
      ({ direction, remotePeer }) => direction === 'outbound' && remotePeer.toString() === peerId,
    );
  }

  private onConnection(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    watchIntake(connection);
    connection.addEventListener('close', ({ error }) => {
      this.strike(peerId, error);
      const isStranger = connection.direction === 'inbound' && this.admission.objection(peerId) !== null;
      if (isStranger && isGrapevineError(error) && isOffense(error.code)) this.charge(connection.remoteAddr);
    });
    if (connection.direction !== 'inbound' || this.admission.objection(peerId) === null) return;
    if (!this.makeRoom()) {
      this.turnAway(connection);
      return;
    }
    limitIntake(connection, STRANGER_BYTES, () => this.admission.objection(peerId) !== null);
    this.strangers.set(connection, this.init.clock.nowMs());
    const cancel = this.init.clock.after(STRANGER_MS, () => {
      this.strangers.delete(connection);
      const objection = this.admission.objection(peerId);
      if (objection === null || connection.status !== 'open') return;
      this.refuse(objection, peerId);
      connection.abort(objection);
    });
    connection.addEventListener('close', cancel);
  }

  /** An offense of a stranger is its address's, too: it has as many identities as it likes. */
  private charge(address: Multiaddr): void {
    const key = addressKey(address);
    if (key !== null) this.addressLimit.charge(key, OFFENSE_CONNECTIONS);
  }

  private offendedFrom(address: Multiaddr, error: GrapevineError): void {
    this.charge(address);
    this.refuse(error, null);
  }

  /** Whether there is room for one more stranger, once the oldest has had to go if need be. */
  private makeRoom(): boolean {
    for (const [connection, sinceMs] of this.strangers) {
      const peerId = connection.remotePeer.toString();
      if (this.admission.objection(peerId) === null) this.strangers.delete(connection);
      else if (this.strangers.size < MAX_STRANGERS) return true;
      else if (this.init.clock.nowMs() - sinceMs < STRANGER_GRACE_MS) return false;
      else {
        this.strangers.delete(connection);
        this.turnAway(connection);
      }
    }
    return this.strangers.size < MAX_STRANGERS;
  }

  /** No offense, so the connection does not end with a code. */
  private turnAway(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const message = `more than ${MAX_STRANGERS} connections of peers that are not admitted.`;
    this.refuse(new GrapevineError('RATE_LIMITED', message, { peerId }), peerId);
    connection.abort(new Error(message));
  }

  private async answer(stream: EdgeStream, peerId: string): Promise<void> {
    try {
      const request = await readWhole(stream, MAX_JOIN_REQUEST_BYTES, this.init.clock);
      if (this.service === null) throw new Error('not ready');
      const { bytes, refusal } = this.service.answer(peerId, request);
      if (refusal === null) this.present(peerId, undefined);
      else if (isOffense(refusal.code)) this.strike(peerId, refusal);
      else this.refuse(refusal, peerId);
      await sayWhole(stream, bytes, AbortSignal.timeout(STRANGER_MS));
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  private refuse({ code, message }: GrapevineError, peerId: string | null): void {
    this.init.onRefusal?.({ code, message, peerId });
  }

  private expel(peerIds: readonly string[], code: 'REVOKED' | 'PEER_BANNED'): void {
    const connections = this.node?.node.getConnections() ?? [];
    for (const peerId of peerIds) {
      const theirs = connections.filter(({ remotePeer }) => remotePeer.toString() === peerId);
      if (code === 'PEER_BANNED' || theirs.length > 0)
        this.init.onRefusal?.({ code, message: `peer ${peerId} is put out.`, peerId, expelled: true });
      for (const connection of theirs) connection.abort(new GrapevineError(code, 'put out', { peerId }));
    }
    if (code === 'REVOKED') this.tellExpelled(peerIds);
  }
}
