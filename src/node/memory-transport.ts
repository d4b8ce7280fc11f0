/**
 * Transports that meet in one process, without sockets, keys or timers: the algorithm's tests run on them, and
 * runs on them are reproducible. Links, handshakes and framing are those of the real transport; what is left
 * out is encryption, discovery and redialing after a loss (a hub's link stays cut until it is mended).
 */
import type { GrapevineError } from '../base/errors.js';
import type { FrameLimits, Hello } from '../wire/frame.js';
import { type Channel, type LinkRefusal, linkDown, notANeighbor, refuseLink, shakeHands } from './link.js';
import { createLinkTable, type LinkTable } from './link-table.js';
import { type ByteCount, createChannelPair } from './memory-channel.js';
import type { Transport, TransportHandlers } from './transport.js';

export interface MemoryTransportInit {
  /** This peer's index in the topology. */
  readonly node: number;
  /** Indices of its neighbors. */
  readonly neighbors: readonly number[];
  readonly hello: Hello;
  readonly limits: FrameLimits;
  /** First 8 bytes of SHA-256 of the swarm id. */
  readonly swarmTag: Uint8Array;
  /** Told about each link that never came up. */
  readonly onRefused?: (refusal: LinkRefusal) => void;
}

export interface MemoryHub {
  /** @returns a transport that links with the neighbors it has in this hub, once both have started. */
  createTransport(init: MemoryTransportInit): Transport;
  /** Cuts the link between two peers, with all that is in flight, until `mend`. */
  cut(a: number, b: number): void;
  /** Lets two peers link again; they do so at once. */
  mend(a: number, b: number): void;
}

interface Member {
  readonly init: MemoryTransportInit;
  readonly handlers: TransportHandlers;
  neighbors: readonly number[];
  readonly count: ByteCount;
  readonly links: LinkTable;
  /** Breaks the link to a neighbor. */
  readonly aborts: Map<number, (reason: GrapevineError) => void>;
}

const edgeKey = (a: number, b: number): string => `${Math.min(a, b)}-${Math.max(a, b)}`;

/** A network inside the process. */
export function createMemoryNetwork(): MemoryHub {
  const members = new Map<number, Member>();
  const severed = new Set<string>();

  const join = (a: number, b: number): void => {
    const [low, high] = [members.get(Math.min(a, b)), members.get(Math.max(a, b))];
    if (low === undefined || high === undefined || severed.has(edgeKey(a, b))) return;
    if (!low.neighbors.includes(high.init.node)) return;
    const [lowEnd, highEnd] = createChannelPair(low.count, high.count);
    low.aborts.set(high.init.node, lowEnd.abort);
    high.aborts.set(low.init.node, highEnd.abort);
    void runEnd(low, lowEnd, high.init.node);
    void runEnd(high, highEnd, null);
  };

  return {
    createTransport: (init) => createTransport(init, members, join),
    cut(a, b) {
      severed.add(edgeKey(a, b));
      members.get(a)?.aborts.get(b)?.(linkDown(`link ${edgeKey(a, b)} was cut`));
      members.get(b)?.aborts.get(a)?.(linkDown(`link ${edgeKey(a, b)} was cut`));
    },
    mend(a, b) {
      severed.delete(edgeKey(a, b));
      join(a, b);
    },
  };
}

async function runEnd(member: Member, channel: Channel, called: number | null): Promise<void> {
  const { init, links, handlers } = member;
  const objections = (neighbor: number) =>
    member.neighbors.includes(neighbor)
      ? []
      : [notANeighbor(init.node, neighbor, handlers.onMember !== undefined)];
  let neighbor: number;
  try {
    neighbor = await shakeHands(channel, { ...init, called, objections });
  } catch (error) {
    init.onRefused?.(await refuseLink(channel, called, error));
    return;
  }
  await links.run(neighbor, channel);
}

function createTransport(
  init: MemoryTransportInit,
  members: Map<number, Member>,
  join: (a: number, b: number) => void,
): Transport {
  const count: ByteCount = { sentBytes: 0, receivedBytes: 0 };
  let member: Member | null = null;
  let { neighbors } = init;
  return {
    async start(handlers: TransportHandlers) {
      const links = createLinkTable(handlers, init.limits);
      member = { init, handlers, neighbors, count, links, aborts: new Map() };
      for (const [index, other] of members) {
        other.handlers.onMember?.({ index: init.node, gone: false });
        handlers.onMember?.({ index, gone: false });
      }
      members.set(init.node, member);
      for (const other of members.keys()) if (other !== init.node) join(init.node, other);
    },
    setNeighbors(next) {
      neighbors = next;
      if (member === null) return;
      member.neighbors = next;
      for (const neighbor of next) {
        const wanted = members.get(neighbor)?.neighbors.includes(init.node);
        if (wanted && !member.links.has(neighbor)) join(init.node, neighbor);
      }
    },
    unlink(neighbor) {
      member?.links.unlink(neighbor);
    },
    async send(neighbor, frame) {
      if (member === null) throw linkDown('the transport is not running');
      await member.links.send(neighbor, frame);
    },
    counters: () => ({ ...count }),
    async stop() {
      const leaving = member;
      member = null;
      if (leaving === null) return;
      members.delete(init.node);
      for (const other of members.values()) other.handlers.onMember?.({ index: init.node, gone: true });
      await leaving.links.close();
    },
  };
}
