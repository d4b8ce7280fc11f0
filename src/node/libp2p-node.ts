/**
 * The libp2p node of one peer: TCP, WebSocket and relays, noise, yamux, identify and gossipsub, with the settings that
 * a training swarm needs and the defaults do not give. Each departure from a default says why beside it.
 *
 * Protocol names are Grapevine's own where libp2p lets them be (identify, autonat, mDNS, the edge protocol), so that a
 * peer never becomes part of a public network; gossipsub's topics are limited to the swarm's one. Those of relays and
 * hole punching (dcutr) are fixed in libp2p.
 */
import './polyfills.js';
import { autoNATv2 } from '@libp2p/autonat-v2';
import { generateKeyPair, privateKeyFromProtobuf } from '@libp2p/crypto/keys';
import { dcutr } from '@libp2p/dcutr';
import { type GossipSub, gossipsub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import type {
  ConnectionGater,
  Libp2p,
  PeerDiscoveryEvents,
  Stream,
  StreamCloseEvent,
  StreamMessageEvent,
  TypedEventTarget,
} from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import { noise } from '@libp2p/noise';
import { preSharedKey } from '@libp2p/pnet';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { GrapevineError, messageOf } from '../base/errors.js';
import { compareForTrial, isLoopback } from './libp2p-address-order.js';
import { type RelayClient, relayClient, relayServer, relayTransport } from './libp2p-relay.js';
import type { SocketBytes } from './libp2p-socket-bytes.js';
import type { OnTurnedAway } from './libp2p-websocket-guard.js';
import { webSocketTransport } from './libp2p-websockets.js';
import { guardedYamux } from './libp2p-yamux-guard.js';
import type { ReachOptions } from './reach.js';

export { TopicValidatorResult } from '@libp2p/gossipsub';
export type { StreamCloseEvent, StreamMessageEvent };
export type EdgeStream = Stream;
export type SwarmNode = Libp2p<{
  identify: Identify;
  pubsub: GossipSub;
  relays: RelayClient;
  /** mDNS, where it is wanted. */
  localPeers?: TypedEventTarget<PeerDiscoveryEvents>;
}>;

/**
 * Most that a stream may have in flight. libp2p's 16 MiB would let one slow reader hold that much; 1 MiB still
 * fills 1 Gbit/s at 8 ms round-trip time.
 */
export const MAX_STREAM_WINDOW_BYTES = 1024 * 1024;
/** Unread bytes of one stream; above the window, or a paused reader would be cut off for what it allowed. */
const MAX_READ_BUFFER_BYTES = 4 * MAX_STREAM_WINDOW_BYTES;
/** Dials under way at once in a process: each costs 20-40 ms of CPU at both ends, and listeners refuse bursts. */
export const MAX_PARALLEL_DIALS = 8;
/** For encryption, multiplexing and each protocol's name; libp2p's 10 s are too short for a crowded machine. */
export const CONNECT_TIMEOUT_MS = 30_000;
/** Our streams are long and heavy, and a relay that limits its connections must bear them as long as it does. */
export const ON_ANY_CONNECTION = { runOnLimitedConnection: true } as const;
/** Inbound connections a second from one address; loopback is exempt. A swarm may sit behind one NAT. */
const INBOUND_PER_SECOND = 32;
/** Inbound connections whose encryption is not done yet. A swarm starts all at once on one machine. */
const MAX_PENDING_INBOUND = 128;
/** Longest membership message, far above what membership.ts makes; gossip is for control only. */
const MAX_GOSSIP_BYTES = 64 * 1024;
/** Time between the mesh's repairs; half of libp2p's second, for a swarm that forms in seconds. */
const GOSSIP_HEARTBEAT_MS = 500;
/**
 * Peers that a peer forwards announcements to: D wanted, from Dlo to Dhi tolerated. Dhi is wide because at
 * the start everybody is connected to one bootstrap peer only, and who that peer prunes hears nothing.
 */
const GOSSIP_MESH = { D: 6, Dlo: 4, Dhi: 64, Dout: 2, Dscore: 4, Dlazy: 6 };

/** Put before the names of those of libp2p's protocols that can be named. */
const PROTOCOL_PREFIX = 'grapevine';

export interface SwarmNodeInit extends Pick<ReachOptions, 'listen' | 'announce' | 'relayServer'> {
  /** The name of the mDNS service to find peers by, e.g. _gv-0a1b2c3d._udp.local; null: no mDNS. @default null */
  readonly mdnsService?: string | null;
  /** The one gossip topic. */
  readonly topic: string;
  /** Identity, as protobuf bytes of a libp2p private key; fresh when absent. */
  readonly privateKey: Uint8Array | undefined;
  readonly socketBytes: SocketBytes;
  /** Who may connect. @default libp2p's: everybody */
  readonly gater?: ConnectionGater | undefined;
  /** Told about callers that are turned away before it is known who they are. */
  readonly onTurnedAway?: OnTurnedAway;
  /** Swarm key file of libp2p: connections of those that have another are not understood. */
  readonly psk?: Uint8Array | undefined;
}

/** A node that is not started yet. */
export async function createSwarmNode(init: SwarmNodeInit): Promise<SwarmNode> {
  const { privateKey, listen, announce = [], mdnsService = null, onTurnedAway = () => {} } = init;
  return await createLibp2p({
    start: false,
    privateKey:
      privateKey === undefined ? await generateKeyPair('Ed25519') : privateKeyFromProtobuf(privateKey),
    addresses: { listen: [...listen], announce: [...announce] },
    nodeInfo: { name: 'grapevine' },
    transports: [tcp(), webSocketTransport(onTurnedAway), relayTransport()],
    connectionEncrypters: [noise()],
    ...(init.gater === undefined ? {} : { connectionGater: init.gater }),
    ...(init.psk === undefined ? {} : { connectionProtector: preSharedKey({ psk: init.psk }) }),
    streamMuxers: [
      guardedYamux(
        {
          streamOptions: {
            maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES,
            maxReadBufferLength: MAX_READ_BUFFER_BYTES,
          },
        },
        MAX_STREAM_WINDOW_BYTES,
        onTurnedAway,
      ),
    ],
    // Its pings abort a connection whenever training blocks the event loop for some seconds.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxParallelDials: MAX_PARALLEL_DIALS,
      dialTimeout: CONNECT_TIMEOUT_MS,
      addressDialTimeout: CONNECT_TIMEOUT_MS / 2, // of two addresses, the second has its turn
      inboundUpgradeTimeout: CONNECT_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: CONNECT_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: CONNECT_TIMEOUT_MS,
      allow: ['/ip4/127.0.0.0/ipcidr/8', '/ip6/::1/ipcidr/128'],
      inboundConnectionThreshold: INBOUND_PER_SECOND,
      maxIncomingPendingConnections: MAX_PENDING_INBOUND,
      addressSorter: (a, b) => compareForTrial(a.multiaddr, b.multiaddr),
    },
    services: {
      identify: identify({ protocolPrefix: PROTOCOL_PREFIX }),
      pubsub: membershipGossip(init.topic),
      relays: relayClient(),
      ...natServices(listen),
      ...(mdnsService === null ? {} : { localPeers: mdns({ serviceTag: mdnsService }) }),
      ...(init.relayServer === true ? { relayServer: relayServer() } : {}),
    },
    metrics: init.socketBytes.metrics,
  });
}

/** Finding out whether others can call this peer, and making direct connections of relayed ones; none on loopback. */
function natServices(listen: readonly string[]) {
  if (listen.length > 0 && listen.every((text) => isLoopback(multiaddr(text)))) return {};
  return { autoNAT: autoNATv2({ protocolPrefix: PROTOCOL_PREFIX }), dcutr: dcutr() };
}

function membershipGossip(topic: string) {
  return gossipsub({
    ...GOSSIP_MESH,
    heartbeatInterval: GOSSIP_HEARTBEAT_MS,
    allowedTopics: [topic],
    globalSignaturePolicy: 'StrictSign',
    fallbackToFloodsub: false,
    floodPublish: false,
    // Without it every copy of a message has its signature verified before it is found to be a copy.
    fastMsgIdFn: ({ from, seqno }) => `${keyOf(from)}:${keyOf(seqno)}`,
    // The first announcements find nobody listening.
    allowPublishToZeroTopicPeers: true,
    // Membership is our own; the connection manager is not to keep peers for the mesh's sake.
    tagMeshPeers: false,
    maxInboundDataLength: MAX_GOSSIP_BYTES,
    // More than ten peers behind one address are normal here, not an attack.
    // And a busy machine that answers late is not misbehaving.
    scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
    // A relay that limits its connections carries announcements too, else nobody would be found through it.
    runOnLimitedConnection: true,
  });
}

const keyOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('base64');

/**
 * Starts the node: it listens when this resolves.
 * @throws GrapevineError ADDRESS_IN_USE; whatever else libp2p throws for an address it cannot listen on.
 */
export async function startSwarmNode(node: SwarmNode, listen: readonly string[]): Promise<void> {
  try {
    await node.start();
  } catch (error) {
    // libp2p 3 gathers the errors of its listeners into one text; the code is nowhere else.
    if (!messageOf(error).includes('EADDRINUSE')) throw error;
    const wanted = listen.join(', ');
    throw new GrapevineError(
      'ADDRESS_IN_USE',
      `cannot listen on ${wanted}: the port is taken. Stop the program that has it, choose another port, or port 0 for any.`,
      { listen: [...listen] },
      error,
    );
  }
}
