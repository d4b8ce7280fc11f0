/**
 * The live links of one transport: at most one per neighbor, each with its pump. A link that comes up while
 * an older one to the same neighbor is still open replaces it: the other end, whose identity the handshake
 * has proved, has already given the old one up.
 */
import type { GrapevineError } from '../base/errors.js';
import { isGrapevineError } from '../base/errors.js';
import type { FrameLimits } from '../wire/frame.js';
import { type Channel, linkDown, linkReason, pumpFrames } from './link.js';
import type { TransportHandlers } from './transport.js';

export interface LinkTable {
  /** Number of links that are up. */
  readonly size: number;
  has(neighbor: number): boolean;
  /**
   * Takes over a channel whose handshake is done: announces the link and pumps its frames.
   * Resolves with the reason when the link is down and its channel closed. Never rejects.
   */
  run(neighbor: number, channel: Channel): Promise<GrapevineError>;
  /** @throws GrapevineError LINK_DOWN */
  send(neighbor: number, frame: Uint8Array): Promise<void>;
  /** Takes the link down, and closes it after sending what is queued. */
  unlink(neighbor: number): void;
  /** Closes every link, after sending what is queued. Handlers hear nothing more from now on. */
  close(): Promise<void>;
}

export function createLinkTable(handlers: TransportHandlers, limits: FrameLimits): LinkTable {
  const links = new Map<number, Channel>();
  /** The latest write of each; writes end in turn. */
  const writing = new WeakMap<Channel, Promise<void>>();
  /** Unlinked, with something still to be written. */
  const ending = new Set<Channel>();
  let closed = false;

  const takeDown = (neighbor: number, channel: Channel, reason: GrapevineError): void => {
    if (links.get(neighbor) !== channel) return;
    links.delete(neighbor);
    if (!closed) handlers.onNeighborDown(neighbor, reason);
  };

  const pump = async (neighbor: number, channel: Channel): Promise<GrapevineError | null> => {
    try {
      await pumpFrames(channel, (frame) => (closed ? undefined : handlers.onFrame(neighbor, frame)));
      return null;
    } catch (error) {
      return linkReason(error);
    }
  };

  return {
    get size() {
      return links.size;
    },
    has: (neighbor) => links.has(neighbor),
    async run(neighbor, channel) {
      const older = links.get(neighbor);
      if (older !== undefined) {
        const reason = linkDown(`link to peer ${neighbor} was replaced by a newer one`);
        takeDown(neighbor, older, reason);
        older.abort(reason);
      }
      links.set(neighbor, channel);
      channel.widen(limits);
      if (!closed) handlers.onNeighborUp(neighbor);
      const failure = await pump(neighbor, channel);
      const reason = failure ?? linkDown(`peer ${neighbor} closed the link`);
      takeDown(neighbor, channel, reason);
      if (failure !== null) channel.abort(failure);
      await channel.close();
      return reason;
    },
    async send(neighbor, frame) {
      const channel = links.get(neighbor);
      if (channel === undefined) throw linkDown(`no link to peer ${neighbor}: wait until it is up again`);
      try {
        const write = channel.write(frame);
        writing.set(channel, write);
        await write;
      } catch (error) {
        if (isGrapevineError(error, 'LINK_DOWN')) throw error;
        throw linkDown(`link to peer ${neighbor} went down while sending`, error);
      }
    },
    unlink(neighbor) {
      const channel = links.get(neighbor);
      if (channel === undefined) return;
      takeDown(neighbor, channel, linkDown(`peer ${neighbor} is no neighbor any more`));
      ending.add(channel);
      const written = writing.get(channel)?.catch(() => undefined) ?? Promise.resolve();
      void written.then(() => channel.close()).finally(() => ending.delete(channel));
    },
    async close() {
      closed = true;
      await Promise.all([...links.values(), ...ending].map((channel) => channel.close()));
    },
  };
}
