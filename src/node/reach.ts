/**
 * How a peer is reached and how it reaches others: one set of options for `grapevine peer`, `grapevine swarm` and the
 * library. What they mean on the wire is in the libp2p-*.ts files; how to choose them is in docs/networks.md.
 */
export interface ReachOptions {
  /**
   * Multiaddrs to listen on: /ip4/0.0.0.0/tcp/4001, /ip6/::/tcp/4001, /ip4/0.0.0.0/tcp/4002/ws. Port 0 takes any
   * that is free.
   */
  readonly listen: readonly string[];
  /**
   * Multiaddrs to announce in place of those listened on, for a peer behind a forwarded port or a load balancer.
   * Addresses at relays are announced besides. @default those listened on
   */
  readonly announce?: readonly string[];
  /**
   * Multiaddrs, with /p2p/ identity, of relays at which this peer can be called: for one that nobody can call
   * directly. Each reservation is made again, for ever, when it is lost. @default none
   */
  readonly relays?: readonly string[];
  /** Relays for others, within RELAY_LIMITS (libp2p-relay.ts); for a peer that everybody can call. @default false */
  readonly relayServer?: boolean;
  /**
   * Finds peers of the same swarm on the local network by multicast DNS, under a service name made of the swarm's:
   * one swarm never sees another's. @default false
   */
  readonly mdns?: boolean;
}

const TCP_ADDRESS = /\/tcp\/[^/]+$/;

/** `reach` of one of several peers: {peer} in its addresses stands for the index. */
export function reachOfPeer(reach: ReachOptions, peer: number): ReachOptions {
  const of = (texts: readonly string[]): string[] =>
    texts.map((text) => text.replaceAll('{peer}', String(peer)));
  return { ...reach, listen: of(reach.listen), ...(reach.announce && { announce: of(reach.announce) }) };
}

/** `listen`, and beside each TCP address a WebSocket on `port` of the same interface; 0 takes any that is free. */
export function withWebSocket(listen: readonly string[], port: number): string[] {
  const sockets = listen.filter((text) => TCP_ADDRESS.test(text));
  return [...listen, ...sockets.map((text) => text.replace(TCP_ADDRESS, `/tcp/${port}/ws`))];
}
