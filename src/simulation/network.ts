/**
 * The virtual network between all peers: a link for each direction of each edge, each with options of its own, and the
 * uplink and downlink that all edges of a peer share. On slow networks these bind: a peer with four neighbors behind
 * 10 Mbit/s sends each at 2.5.
 *
 * A frame goes through three queues, each first in, first out: the sender's uplink, the link, the receiver's downlink. It
 * occupies each for its own bytes over that one's rate, and passes on as it comes in, as packets do: on three idle queues
 * B bytes need L + 8 B / min(rates), not the sum of three transfers.
 */
import { createRandom } from '../base/random.js';
import {
  type Arrival,
  createVirtualLink,
  FrameQueue,
  type LinkOptions,
  type LinkState,
  losesFrames,
  type QueueState,
  sentBytes,
  transferMs,
  type VirtualLink,
} from './link-model.js';

/** What a peer's own connection bears, in megabits a second, over all its edges. */
export interface AccessOptions {
  /** @default no limit */
  readonly uplinkMbps?: number;
  readonly downlinkMbps?: number;
}

export interface NetworkOptions {
  /** The link that frames take from one peer to another; the two directions may differ. */
  linkBetween(from: number, to: number): LinkOptions;
  /** @default no limit */
  access?(node: number): AccessOptions;
}

/** The same link on every edge. */
export function uniformNetwork(link: LinkOptions): NetworkOptions {
  return { linkBetween: () => link };
}

interface Access {
  readonly up: FrameQueue | null;
  readonly down: FrameQueue | null;
}

function accessOf({ uplinkMbps, downlinkMbps }: AccessOptions): Access {
  const queue = (mbps: number | undefined) => (mbps === undefined ? null : new FrameQueue(mbps));
  return { up: queue(uplinkMbps), down: queue(downlinkMbps) };
}

/** All that a network remembers, as plain data: links that have carried something, by sender and receiver. */
export interface SavedNetwork {
  readonly links: ReadonlyMap<number, ReadonlyMap<number, LinkState>>;
  readonly accesses: ReadonlyMap<
    number,
    { readonly up: QueueState | null; readonly down: QueueState | null }
  >;
}

/** Queues and chance of one run. */
export class VirtualNetwork {
  private readonly options: NetworkOptions;
  private readonly seed: number;
  /** By sender, then receiver. */
  private readonly links = new Map<number, Map<number, VirtualLink>>();
  private readonly accesses = new Map<number, Access>();

  constructor(options: NetworkOptions, seed: number) {
    this.options = options;
    this.seed = seed;
  }

  /**
   * A frame leaves `from` at `nowMs`: where and when it comes to `to`. Where that peer has a downlink, `receive` must be
   * asked at each `headMs`, in this order.
   */
  send(frame: Uint8Array, [from, to]: readonly [from: number, to: number], nowMs: number): Arrival[] {
    const { up } = this.access(from);
    const link = this.link(from, to);
    if (up === null) return link.carry(frame, nowMs);
    const bytes = sentBytes(frame.length, this.options.linkBetween(from, to).framing);
    return link.carry(frame, up.admit(bytes, nowMs));
  }

  hasDownlink(node: number): boolean {
    return this.access(node).down !== null;
  }

  /** When the last byte of a frame is through the downlink of `to`. */
  receive(arrival: Arrival, [from, to]: readonly [from: number, to: number]): number {
    const bytes = sentBytes(arrival.frame.length, this.options.linkBetween(from, to).framing);
    const through = this.access(to).down!.admit(bytes, arrival.headMs);
    return Math.max(through.endMs, arrival.atMs);
  }

  latencyMs(from: number, to: number): number {
    return this.options.linkBetween(from, to).latencyMs;
  }

  saved(): SavedNetwork {
    return {
      links: new Map(
        [...this.links].map(([from, leaving]) => [
          from,
          new Map([...leaving].map(([to, { state }]) => [to, state])),
        ]),
      ),
      accesses: new Map(
        [...this.accesses].map(([node, { up, down }]) => [
          node,
          { up: up?.state ?? null, down: down?.state ?? null },
        ]),
      ),
    };
  }

  /** Goes on from what `saved` gave. */
  restore({ links, accesses }: SavedNetwork): void {
    for (const [from, leaving] of links)
      for (const [to, { queue, losses, random }] of leaving) {
        const { state } = this.link(from, to);
        Object.assign(state.queue, queue);
        Object.assign(state.losses, losses);
        state.random.set(random);
      }
    for (const [node, { up, down }] of accesses) {
      const access = this.access(node);
      Object.assign(access.up?.state ?? {}, up);
      Object.assign(access.down?.state ?? {}, down);
    }
  }

  private link(from: number, to: number): VirtualLink {
    const leaving = this.links.get(from) ?? new Map<number, VirtualLink>();
    this.links.set(from, leaving);
    const known = leaving.get(to);
    if (known !== undefined) return known;
    const random = createRandom(this.seed, 'link', from, to);
    const made = createVirtualLink(this.options.linkBetween(from, to), random);
    leaving.set(to, made);
    return made;
  }

  private access(node: number): Access {
    const known = this.accesses.get(node);
    if (known !== undefined) return known;
    const made = accessOf(this.options.access?.(node) ?? {});
    this.accesses.set(node, made);
    return made;
  }
}

/** Round trips after which an unacknowledged difference is sent again; at least 50 ms. */
const RETRANSMIT_ROUND_TRIPS = 4;
const LEAST_RETRANSMIT_MS = 50;

/**
 * How long `node` waits for an answer before it sends a frame of `bytes` again, in milliseconds: by the slowest of its
 * links, whose ends send to all their neighbors at a time. null where no link of the peer loses frames.
 */
export function retransmitAfter(
  network: NetworkOptions,
  ends: { readonly node: number; neighborsOf(node: number): readonly number[] },
  bytes: number,
): number | null {
  const { node } = ends;
  const neighbors = ends.neighborsOf(node);
  const links = neighbors.flatMap((neighbor) => [
    network.linkBetween(node, neighbor),
    network.linkBetween(neighbor, node),
  ]);
  if (!links.some(losesFrames)) return null;
  const shared = (peer: number): number => {
    const { uplinkMbps = Infinity, downlinkMbps = Infinity } = network.access?.(peer) ?? {};
    return ends.neighborsOf(peer).length * transferMs(bytes, Math.min(uplinkMbps, downlinkMbps));
  };
  const access = [node, ...neighbors].map(shared);
  const waits = links.map(
    ({ latencyMs, jitterMs, bandwidthMbps }) => latencyMs + jitterMs + transferMs(bytes, bandwidthMbps),
  );
  const slowest = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), 0);
  return Math.max(LEAST_RETRANSMIT_MS, RETRANSMIT_ROUND_TRIPS * (slowest(waits) + slowest(access)));
}
