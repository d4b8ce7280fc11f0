/**
 * The transport of real swarms: one long-lived libp2p stream per edge of the topology, over TCP, WebSocket or a relay,
 * with noise and yamux. Peers find each other through one bootstrap address and the swarm's membership topic.
 *
 * On each edge the lower index dials, so that there is one stream; it dials again, with backoff, whenever the
 * link is lost. PeerId is authentication; the index a peer may speak for is settled by the first identity that
 * claims it (membership.ts), and HELLO (handshake.ts) settles that both train the same thing.
 */
import { setMaxListeners } from 'node:events';
import type { Connection } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { type Clock, systemClock } from '../base/clock.js';
import { GrapevineError, messageOf } from '../base/errors.js';
import { createRandom, type Random } from '../base/random.js';
import type { FrameLimits, Hello } from '../wire/frame.js';
import { createBackoff, pause } from './backoff.js';
import { dialAddresses, parseAddress, parseBootstrap } from './libp2p-addresses.js';
import { createStreamChannel } from './libp2p-channel.js';
import {
  createEntrances,
  dialDirectly,
  type Entrances,
  mdnsServiceOf,
  ownAddresses,
} from './libp2p-entrances.js';
import type { SwarmGuard } from './libp2p-guard.js';
import {
  createIntroducer,
  INTRODUCTION_PROTOCOL,
  type Introducer,
  readIntroduction,
} from './libp2p-introduction.js';
import {
  CONNECT_TIMEOUT_MS,
  createSwarmNode,
  type EdgeStream,
  MAX_PARALLEL_DIALS,
  ON_ANY_CONNECTION,
  type SwarmNode,
  startSwarmNode,
} from './libp2p-node.js';
import { answerProbes } from './libp2p-probe.js';
import { createSocketBytes, type SocketBytes } from './libp2p-socket-bytes.js';
import { joinTopic } from './libp2p-topic.js';
import { type Channel, type LinkRefusal, linkDown, refuseLink, shakeHands } from './link.js';
import { createLinkTable, type LinkTable } from './link-table.js';
import { createMembership, type MemberRecord, type MemberStatus, type Membership } from './membership.js';
import type { ReachOptions } from './reach.js';
import type { Transport, TransportHandlers } from './transport.js';
import { createGate } from './turns.js';

export const EDGE_PROTOCOL = '/grapevine/edge/1.0.0';
/**
 * From an open stream to both verdicts: four messages, on a machine that is busy starting others. What times out
 * is done again, so a short limit makes a crowded machine more crowded: 64 peers never linked within 10 s.
 */
export const HELLO_TIMEOUT_MS = CONNECT_TIMEOUT_MS;
/** A refusal is settled by people, not by trying again soon. */
export const REFUSED_RETRY_MS = 10_000;
/** A link that lived this long was a good one: after it, dialing begins anew without a long wait. */
const GOOD_LINK_MS = 5000;
/** A connection has one live stream per edge, and room for some whose end has not been noticed yet. */
const EDGE_STREAMS = { maxInboundStreams: 4, maxOutboundStreams: 4, ...ON_ANY_CONNECTION } as const;
/** Peers of one process dial in turn: it is their common core that each dial takes 20 to 40 ms of. */
const dialInTurn = createGate(MAX_PARALLEL_DIALS);

export interface Libp2pTransportInit extends ReachOptions {
  /** This peer's index in the topology. */
  readonly node: number;
  /** Indices of its neighbors. */
  readonly neighbors: readonly number[];
  /** What both ends of a link must agree on; its `swarm` names the membership topic. */
  readonly hello: Hello;
  /** First 8 bytes of SHA-256 of the swarm id. */
  readonly swarmTag: Uint8Array;
  readonly limits: FrameLimits;
  /** Multiaddrs, with /p2p/ identity, of peers to join through; none for the first peer of a swarm. */
  readonly bootstrap: readonly string[];
  /** Protobuf bytes of a libp2p private key. @default a fresh Ed25519 identity */
  readonly privateKey?: Uint8Array | undefined;
  /** Seeds the jitter of announcements and retries. @default 0 */
  readonly seed?: number;
  /** For deadlines, retries and announcements; libp2p has its own. @default systemClock */
  readonly clock?: Clock;
  /** Who may take part, and what becomes of those who break the rules. @default everybody may, and nothing */
  readonly guard?: SwarmGuard;
  /** Told when another identity speaks for this peer's index. */
  readonly onRival?: (record: MemberRecord) => void;
  /** Told about each link that did not come up although the other end was reached. */
  readonly onRefused?: (refusal: LinkRefusal) => void;
  /** Told about each new or changed member record. */
  readonly onMember?: (record: MemberRecord) => void;
  /** One line about what is tried and what fails. */
  readonly log?: (line: string) => void;
}

export interface Libp2pTransport extends Transport {
  readonly peerId: string;
  /** Multiaddrs, with identity, under which others can dial this peer; complete once started. */
  addresses(): string[];
  /** What the other peers have announced, by index. */
  readonly members: ReadonlyMap<number, MemberRecord>;
  /** What this peer announces about itself. */
  setStatus(status: MemberStatus): void;
  /**
   * Joins through these peers too, while the transport runs: those given at first may be gone.
   * @throws GrapevineError BAD_CONFIG
   */
  join(bootstrap: readonly string[]): void;
}

/**
 * A transport that is not started yet.
 * @throws GrapevineError BAD_CONFIG for an address that is none. `start` throws ADDRESS_IN_USE.
 */
export async function createLibp2pTransport(init: Libp2pTransportInit): Promise<Libp2pTransport> {
  const { listen, announce = [], relayServer = false } = init;
  for (const text of [...listen, ...announce]) parseAddress(text, 'address');
  const bootstrap = parseBootstrap(init.bootstrap);
  const relays = parseBootstrap(init.relays ?? [], 'relay address');
  const socketBytes = createSocketBytes();
  const topic = `/grapevine/${init.hello.swarm}/members`;
  const { privateKey, guard } = init;
  const node = await createSwarmNode({
    listen,
    announce,
    relayServer,
    mdnsService: init.mdns === true ? mdnsServiceOf(init.swarmTag) : null,
    topic,
    privateKey,
    socketBytes,
    gater: guard?.gater,
    psk: guard?.psk,
    onTurnedAway: (error) => guard?.turnedAway(error),
  });
  await guard?.attach(node, topic);
  return new SwarmTransport(init, { node, topic, bootstrap, relays, socketBytes });
}

interface Parts {
  readonly node: SwarmNode;
  readonly topic: string;
  readonly bootstrap: readonly Multiaddr[];
  readonly relays: readonly Multiaddr[];
  readonly socketBytes: SocketBytes;
}

class SwarmTransport implements Libp2pTransport {
  readonly peerId: string;
  readonly members: ReadonlyMap<number, MemberRecord>;
  private readonly init: Libp2pTransportInit;
  private readonly parts: Parts;
  private readonly membership: Membership;
  private readonly random: Random;
  private readonly clock: Clock;
  private readonly stopping = new AbortController();
  /** Channels whose handshake is under way. */
  private readonly greeting = new Set<Channel>();
  /** Wakes the loop that waits for the address of a neighbor. */
  private readonly waiting = new Map<number, () => void>();
  private links: LinkTable | null = null;
  private readonly bootstrap: Multiaddr[];
  private readonly entrances: Entrances;
  private readonly introducer: Introducer;
  private readonly loops: Promise<void>[] = [];

  constructor(init: Libp2pTransportInit, parts: Parts) {
    const { pubsub } = parts.node.services;
    this.init = init;
    this.parts = parts;
    this.bootstrap = [...parts.bootstrap];
    this.peerId = parts.node.peerId.toString();
    this.clock = init.clock ?? systemClock;
    setMaxListeners(0, this.stopping.signal); // one listener per dialed neighbor, each removed after its pause
    this.random = createRandom('transport', init.seed ?? 0, init.node);
    this.membership = createMembership({
      index: init.node,
      peerId: this.peerId,
      addresses: () => this.addresses(),
      isComplete: () => this.isComplete(),
      publish: async (announcement) => {
        await pubsub
          .publish(parts.topic, announcement)
          .catch((error) => this.log(`announcement: ${messageOf(error)}`));
      },
      onChange: (record, isNew) => this.onMember(record, isNew),
      invitation: init.guard?.invitation,
      admits: ({ peerId, invitation, index }) =>
        (init.guard?.present(peerId, invitation) ?? null) === null && this.mayHold(peerId, index),
      onRival: (record) => init.onRival?.(record),
      clock: this.clock,
      random: this.random,
      firstSerial: Date.now(),
    });
    this.members = this.membership.view;
    this.introducer = createIntroducer({
      node: parts.node,
      clock: this.clock,
      signal: this.stopping.signal,
      dialInTurn,
      record: () => this.membership.introduction(),
      log: (line) => this.log(line),
    });
    this.entrances = createEntrances({
      node: parts.node,
      clock: this.clock,
      random: this.random,
      signal: this.stopping.signal,
      dialInTurn,
      isComplete: () => this.isComplete(),
      greet: async (connection) => {
        if (init.guard !== undefined) await this.introducer.say(connection, this.stopping.signal);
      },
      onNewAddress: () => this.membership.hurry(),
      log: (line) => this.log(line),
    });
  }

  addresses(): string[] {
    return ownAddresses(this.parts.node);
  }

  counters() {
    return this.parts.socketBytes.counters();
  }

  setStatus(status: MemberStatus): void {
    this.membership.setStatus(status);
  }

  join(bootstrap: readonly string[]): void {
    const addresses = parseBootstrap(bootstrap);
    this.bootstrap.push(...addresses);
    if (this.links === null || this.stopping.signal.aborted) return; // start() sees to it, or nobody needs it
    this.loops.push(...addresses.map((address) => this.entrances.keepBootstrapped(address)));
  }

  async send(neighbor: number, frame: Uint8Array): Promise<void> {
    if (this.links === null) throw linkDown('the transport is not running');
    await this.links.send(neighbor, frame);
  }

  async start(handlers: TransportHandlers): Promise<void> {
    const { node, neighbors, limits, listen } = this.init;
    this.links = createLinkTable(handlers, limits);
    const onStream = (stream: EdgeStream, connection: Connection) => void this.accept(stream, connection);
    await this.parts.node.handle(EDGE_PROTOCOL, onStream, EDGE_STREAMS);
    const onIntroduction = async (stream: EdgeStream, { remotePeer }: Connection) => {
      const record = await readIntroduction(stream, this.clock);
      if (record !== null) this.membership.receive(remotePeer.toString(), record);
    };
    await this.parts.node.handle(INTRODUCTION_PROTOCOL, onIntroduction, ON_ANY_CONNECTION);
    this.entrances.open();
    await answerProbes(this.parts.node, this.clock);
    await startSwarmNode(this.parts.node, listen);
    joinTopic(this.parts.node, {
      topic: this.parts.topic,
      membership: this.membership,
      revoke: (document) => this.init.guard?.revoke(document) ?? 'ignore',
    });
    this.loops.push(
      ...neighbors.filter((neighbor) => neighbor > node).map((neighbor) => this.keepLinked(neighbor)),
      ...this.bootstrap.map((address) => this.entrances.keepBootstrapped(address)),
      ...this.parts.relays.map((address) => this.entrances.keepReserved(address)),
    );
  }

  async stop(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    for (const wake of this.waiting.values()) wake();
    for (const channel of this.greeting) channel.abort(linkDown('this peer is leaving'));
    await this.membership.stop();
    await this.links?.close();
    await Promise.all(this.loops);
    await this.parts.node.stop();
  }

  private onMember(record: MemberRecord, isNew: boolean): void {
    const { node, neighbors } = this.init;
    const wantsUs = record.index < node && neighbors.includes(record.index) && !this.links!.has(record.index);
    if (isNew && wantsUs) void this.introducer.call(record);
    this.waiting.get(record.index)?.();
    // As it would be dialed: what is no address of the member's goes into nobody's files.
    this.init.onMember?.({ ...record, addresses: dialAddresses(record).map(String) });
  }

  /** An invitation may say which index it is for. */
  private mayHold(peerId: string, index: number): boolean {
    return [undefined, index].includes(this.init.guard?.admission.indexOf(peerId));
  }

  private isComplete(): boolean {
    return this.links?.size === this.init.neighbors.length;
  }

  private log(line: string): void {
    this.init.log?.(`peer ${this.init.node}: ${line}`);
  }

  /** Dials one higher neighbor, keeps the link, and dials again when it is lost. */
  private async keepLinked(neighbor: number): Promise<void> {
    const { signal } = this.stopping;
    const backoff = createBackoff(this.random);
    while (!signal.aborted) {
      const record = await this.findMember(neighbor);
      if (record === null) return;
      let retryMs = 0;
      try {
        const channel = await dialInTurn(() => this.dialEdge(neighbor, record));
        const upMs = this.clock.nowMs();
        const reason = await this.links!.run(neighbor, channel);
        this.init.guard?.strike(record.peerId, reason);
        this.log(`link to peer ${neighbor} is down: ${reason.message}`);
        if (this.clock.nowMs() - upMs > GOOD_LINK_MS) backoff.reset();
      } catch (error) {
        if (error instanceof GrapevineError && error.code === 'HELLO_REFUSED') retryMs = REFUSED_RETRY_MS;
        this.log(`no link to peer ${neighbor} yet: ${messageOf(error)}`);
      }
      await pause(this.clock, Math.max(retryMs, backoff.nextMs()), signal);
    }
  }

  /** The record of a member that can be dialed, once there is one; null when stopping. */
  private async findMember(index: number): Promise<MemberRecord | null> {
    while (!this.stopping.signal.aborted) {
      const record = this.members.get(index);
      if (record !== undefined && record.state !== 'left' && dialAddresses(record).length > 0) return record;
      await new Promise<void>((resolve) => this.waiting.set(index, resolve));
    }
    return null;
  }

  private async dialEdge(neighbor: number, record: MemberRecord): Promise<Channel> {
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
    const connection = await dialDirectly(this.parts.node, dialAddresses(record), signal);
    try {
      if (this.init.guard !== undefined) await this.introducer.say(connection, signal);
      const stream = await connection.newStream(EDGE_PROTOCOL, { signal, ...ON_ANY_CONNECTION });
      const channel = createStreamChannel(stream, this.clock);
      await this.greet(channel, neighbor, record.peerId);
      return channel;
    } catch (error) {
      // A connection that no longer answers looks open until TCP gives up: do not try it again.
      if (signal.aborted) connection.abort(new Error('peer did not answer'));
      throw error;
    }
  }

  private async accept(stream: EdgeStream, connection: Connection): Promise<void> {
    const { guard } = this.init;
    const channel = createStreamChannel(stream, this.clock);
    const peerId = connection.remotePeer.toString();
    try {
      await guard?.settled(peerId);
      const neighbor = await this.greet(channel, null, peerId);
      const reason = await this.links!.run(neighbor, channel); // not within the next line: without a guard it is not evaluated
      guard?.strike(peerId, reason);
    } catch (error) {
      guard?.strike(peerId, error);
      this.log(`refused a caller: ${messageOf(error)}`);
    }
  }

  /** The handshake, with a deadline. @throws GrapevineError after closing the channel and telling onRefused. */
  private async greet(channel: Channel, called: number | null, peerId: string): Promise<number> {
    const { node, swarmTag, hello, onRefused } = this.init;
    const cancel = this.clock.after(HELLO_TIMEOUT_MS, () =>
      channel.abort(
        new GrapevineError('HELLO_TIMEOUT', `no handshake within ${HELLO_TIMEOUT_MS} ms of calling`),
      ),
    );
    this.greeting.add(channel);
    try {
      const objections = (neighbor: number) => this.objectionsTo(neighbor, called, peerId);
      return await shakeHands(channel, { node, swarmTag, hello, called, objections });
    } catch (error) {
      const refusal = await refuseLink(channel, called, error);
      if (refusal.error.code !== 'LINK_DOWN') onRefused?.({ ...refusal, peerId });
      throw refusal.error;
    } finally {
      cancel();
      this.greeting.delete(channel);
    }
  }

  /** Why the identity `peerId` may not be linked as `neighbor`. */
  private objectionsTo(neighbor: number, called: number | null, peerId: string): string[] {
    const { node, neighbors, guard } = this.init;
    const refusal = guard?.objection(peerId) ?? null;
    if (refusal !== null) return [`${refusal.message} [${refusal.code}]`];
    if (!neighbors.includes(neighbor))
      return [`peer ${neighbor} is no neighbor of peer ${node} in the topology`];
    if (called === null && neighbor > node)
      return [`peer ${node} calls peer ${neighbor}, not the other way round`];
    if (this.mayHold(peerId, neighbor) && this.membership.claim(neighbor, peerId)) return [];
    return [`index ${neighbor} belongs to another identity; give each peer its own index`];
  }
}
