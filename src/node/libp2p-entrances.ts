/**
 * How a peer comes into its swarm and stays there: bootstrap peers, places at relays, peers that mDNS finds, and direct
 * connections in place of relayed ones. Nothing here gives up: whatever fails is tried again, after at most
 * MAX_RETRY_MS, for as long as the peer runs. libp2p's own reconnection ends after 31 s and is not used.
 */
import type { Connection, PeerInfo } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Clock } from '../base/clock.js';
import { GrapevineError, messageOf } from '../base/errors.js';
import type { Random } from '../base/random.js';
import { createBackoff, MAX_RETRY_MS, pause } from './backoff.js';
import { inOrderOfUse, isRelayed } from './libp2p-address-order.js';
import { identityOf } from './libp2p-addresses.js';
import type { SwarmNode } from './libp2p-node.js';

export interface EntrancesInit {
  readonly node: SwarmNode;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends every loop. */
  readonly signal: AbortSignal;
  /** Bounds the dials under way. */
  dialInTurn(dial: () => Promise<Connection>): Promise<Connection>;
  /** Says who calls, where the other end wants to know before all else. */
  greet(connection: Connection): Promise<void>;
  /** True when every neighbor is linked. */
  isComplete(): boolean;
  /** This peer can be called at an address that the others have not heard of. */
  onNewAddress(): void;
  /** There is no place at a relay, for another reason than at the last try. */
  onNoPlace(reason: GrapevineError): void;
  log(line: string): void;
}

export interface Entrances {
  /** Begins to take what libp2p finds; before the node starts. */
  open(): void;
  /** Dials a bootstrap peer until it is reached, and again while links are missing and it is lost. */
  keepBootstrapped(address: Multiaddr): Promise<void>;
  /** Keeps a place at a relay: reserves it, and again whenever it is lost. */
  keepReserved(address: Multiaddr): Promise<void>;
}

export function createEntrances(init: EntrancesInit): Entrances {
  const { node, signal } = init;
  return {
    open() {
      node.addEventListener('connection:open', ({ detail }) => preferDirect(init, detail));
      node.services.localPeers?.addEventListener('peer', ({ detail }) => void joinDiscovered(init, detail));
    },
    async keepBootstrapped(address) {
      const identity = identityOf(address);
      if (identity === node.peerId.toString()) return;
      const reached = (): boolean =>
        node.getConnections().some(({ remotePeer }) => remotePeer.toString() === identity);
      await keep(
        init,
        `bootstrap peer ${address}`,
        () => reached() || init.isComplete(),
        async () => {
          await init.greet(await init.dialInTurn(() => node.dial(address, { signal })));
        },
      );
    },
    async keepReserved(address) {
      const { relays } = node.services;
      let reason: string | null = null;
      await keep(
        init,
        `relay ${address}`,
        () => relays.isReserved(address),
        async () => {
          try {
            await init.greet(await init.dialInTurn(() => node.dial(address, { signal })));
            await relays.reserve(address);
          } catch (error) {
            const noPlace = noPlaceAt(address, error);
            if (noPlace.code !== reason && !signal.aborted) init.onNoPlace(noPlace);
            reason = noPlace.code;
            throw error;
          }
          reason = null;
          init.log(`can be called by way of relay ${address}`);
          init.onNewAddress();
        },
      );
    },
  };
}

function noPlaceAt(address: Multiaddr, error: unknown): GrapevineError {
  if (error instanceof GrapevineError) return error;
  const message = `relay ${address} gives no place yet, and is asked again: ${messageOf(error)}`;
  return new GrapevineError('LINK_DOWN', message, { address: String(address) }, error);
}

/** Runs `attain` whenever `holds` is false, with backoff, until the signal. */
async function keep(
  { clock, random, signal, log }: EntrancesInit,
  what: string,
  holds: () => boolean,
  attain: () => Promise<void>,
): Promise<void> {
  const backoff = createBackoff(random);
  while (!signal.aborted) {
    if (holds()) {
      await pause(clock, MAX_RETRY_MS, signal);
      continue;
    }
    try {
      await attain();
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      log(`${what}: ${messageOf(error)}`);
    }
    await pause(clock, backoff.nextMs(), signal);
  }
}

/**
 * A direct connection, made by dcutr or by a call of the other end, takes the place of relayed ones: these are closed,
 * and the lower index opens the edge's stream again on the direct one. The edge resumes as after any loss of its link.
 */
function preferDirect({ node, log }: EntrancesInit, { remoteAddr, remotePeer }: Connection): void {
  if (isRelayed(remoteAddr)) return;
  for (const other of node.getConnections(remotePeer)) {
    if (!isRelayed(other.remoteAddr)) continue;
    log(`direct connection with ${remotePeer}: leaving the relay`);
    other.close().catch((error: Error) => other.abort(error));
  }
}

/** Joins through a peer of this swarm that mDNS has found. It is found again and again, so a failure is no matter. */
async function joinDiscovered(init: EntrancesInit, { id, multiaddrs }: PeerInfo): Promise<void> {
  const { node, signal } = init;
  if (init.isComplete() || multiaddrs.length === 0 || node.getConnections(id).length > 0) return;
  const addresses = multiaddrs.map((address) => address.encapsulate(`/p2p/${id}`));
  try {
    await init.greet(await init.dialInTurn(() => node.dial(addresses, { signal })));
  } catch (error) {
    init.log(`peer ${id} on the local network: ${messageOf(error)}`);
  }
}

/** A connection with the peer at `addresses`: a direct one if there is one, else whichever can be made. */
export async function dialDirectly(
  node: SwarmNode,
  addresses: Multiaddr[],
  signal: AbortSignal,
): Promise<Connection> {
  const dialed = await node.dial(addresses, { signal });
  const direct = node
    .getConnections(dialed.remotePeer)
    .find(({ remoteAddr, status }) => status === 'open' && !isRelayed(remoteAddr));
  return direct ?? dialed;
}

/** Where others can call a node, its identity included, those of most use first. */
export function ownAddresses(node: SwarmNode): string[] {
  const { relays, listening } = node.services;
  // With addresses to announce libp2p leaves the relays' out.
  const more = [...listening(), ...relays.addresses()].map((address) =>
    identityOf(address) === node.peerId.toString() ? address : address.encapsulate(`/p2p/${node.peerId}`),
  );
  const known = new Map([...node.getMultiaddrs(), ...more].map((address) => [String(address), address]));
  return inOrderOfUse([...known.values()]).map(String);
}

/** The name that peers of one swarm, and of no other, look for on the local network (RFC 6763: 15 letters at most). */
export function mdnsServiceOf(swarmTag: Uint8Array): string {
  return `_gv-${Buffer.from(swarmTag).toString('hex').slice(0, 8)}._udp.local`;
}
