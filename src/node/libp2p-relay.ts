/**
 * Relays (libp2p's circuit relay v2): a peer behind NAT keeps a reservation at one that everybody can call, and is
 * called through it. The connection through a relay is encrypted from end to end; the relay sees bytes and identities.
 *
 * The library's relay ends a connection after two minutes or 128 KiB, made for hole punching at strangers' cost; a
 * swarm's own relay carries training. The library reserves once, when it begins to listen; here a reservation that is
 * lost can be made again, as often as it takes.
 *
 * Who may have a place is the guard's to say (libp2p-guard.ts): the members of the relay's swarm. Whom a guest is called
 * by is the guest's own matter: its guard sees the caller.
 */
import {
  type CircuitRelayServerInit,
  circuitRelayServer,
  circuitRelayTransport,
} from '@libp2p/circuit-relay-v2';
import type { Listener } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { GrapevineError, messageOf } from '../base/errors.js';

/** What a relay bears for others. */
export const RELAY_LIMITS = {
  /** Peers that can be called through one relay: each costs a connection, some 100 KiB. */
  reservations: 128,
  /** A peer that has gone without a word keeps its place for at most this; others renew in time. Milliseconds. */
  reservationMs: 60 * 60 * 1000,
  /** Relayed connections under way to one peer, at most one for each of its neighbors and some that end. */
  connectionsPerPeer: 64,
  /** For the few messages that open a relayed connection. Milliseconds. */
  hopMs: 30_000,
} as const;

/**
 * Bytes through a relay are bounded in flight, not in sum: each connection has a window of MAX_STREAM_WINDOW_BYTES
 * (libp2p-node.ts) at each end, and the relay reads no faster than it can write.
 */
const serverInit: CircuitRelayServerInit = {
  hopTimeout: RELAY_LIMITS.hopMs,
  maxInboundHopStreams: RELAY_LIMITS.connectionsPerPeer,
  maxOutboundStopStreams: RELAY_LIMITS.connectionsPerPeer,
  reservations: {
    maxReservations: RELAY_LIMITS.reservations,
    reservationTtl: RELAY_LIMITS.reservationMs,
    applyDefaultLimit: false,
  },
};

export const relayServer = () => circuitRelayServer(serverInit);

/** Dials and listens by way of relays. */
export const relayTransport = () =>
  circuitRelayTransport({ maxInboundStopStreams: RELAY_LIMITS.connectionsPerPeer });

export interface RelayClient {
  /** Where this peer can be called by way of relays, its own identity left out. */
  addresses(): Multiaddr[];
  /** Whether the relay at `address` holds a place for this peer. */
  isReserved(address: Multiaddr): boolean;
  /**
   * Reserves a place at a relay that this peer is connected with.
   * @throws GrapevineError NOT_ADMITTED, RELAY_FULL; else what libp2p says
   */
  reserve(address: Multiaddr): Promise<void>;
}

/** What the client uses of a libp2p node's inside. */
interface Components {
  readonly transportManager: {
    listen(addresses: Multiaddr[]): Promise<void>;
    getListeners(): Listener[];
  };
}

/** A service of a libp2p node; the first reservation must wait until the node has started. */
export function relayClient(): (components: Components) => RelayClient {
  return ({ transportManager }) => {
    const listeners = new Map<string, Listener>();
    let last: Promise<void> = Promise.resolve();

    /** One after another, so that the listener that has come is the one that was asked for. */
    const firstListen = async (key: string, circuit: Multiaddr): Promise<void> => {
      const before = new Set(transportManager.getListeners());
      try {
        await transportManager.listen([circuit]);
      } finally {
        const made = transportManager.getListeners().find((listener) => !before.has(listener));
        if (made !== undefined) listeners.set(key, made);
      }
    };

    return {
      addresses: () => [...listeners.values()].flatMap((listener) => listener.getAddrs()),
      isReserved: (address) => (listeners.get(address.toString())?.getAddrs().length ?? 0) > 0,
      async reserve(address) {
        const key = address.toString();
        const circuit = address.encapsulate('/p2p-circuit');
        const turn = last.then(() => listeners.get(key)?.listen(circuit) ?? firstListen(key, circuit));
        last = turn.catch(() => undefined);
        await turn.catch((error: unknown) => {
          throw refusalOf(key, error) ?? error;
        });
      },
    };
  };
}

/** What the relay at `address` has said; libp2p's text holds the status, and nothing else does. */
function refusalOf(address: string, error: unknown): GrapevineError | null {
  const text = messageOf(error);
  if (text.includes('PERMISSION_DENIED'))
    return new GrapevineError(
      'NOT_ADMITTED',
      `relay ${address} has places for members of its swarm only: name a relay of the swarm that this peer is in.`,
      { address },
      error,
    );
  if (text.includes('RESERVATION_REFUSED'))
    return new GrapevineError(
      'RELAY_FULL',
      `all places at relay ${address} are taken: name another one, or start a second peer with --relay-server.`,
      { address },
      error,
    );
  return null;
}
