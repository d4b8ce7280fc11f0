/**
 * Which addresses of a peer are tried, and announced, first. libp2p dials them one after another, and each that leads
 * nowhere costs up to its whole time limit: a private address of another network swallows packets. So a relay, which
 * is known to work, comes before private addresses of networks that this machine is not on; dcutr then makes a direct
 * connection of it where the network allows one.
 */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CODE_P2P_CIRCUIT, type Multiaddr } from '@multiformats/multiaddr';

/**
 * Not reachable from everywhere, by IANA's special-purpose registries (RFC 6890): private use, shared (carrier NAT),
 * link-local, documentation and benchmarks; unique local in IPv6.
 */
const privateNetworks = [
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
] as const;

const privates = new BlockList();
for (const [network, prefix, family] of privateNetworks) privates.addSubnet(network, prefix, family);
const loopbacks = new BlockList();
loopbacks.addSubnet('127.0.0.0', 8, 'ipv4');
loopbacks.addAddress('::1', 'ipv6');

const familyOf = (ip: string): 'ipv4' | 'ipv6' => (isIP(ip) === 6 ? 'ipv6' : 'ipv4');
const within = (list: BlockList, ip: string): boolean => list.check(ip, familyOf(ip));

/** From the one to try first. `relayed` is by way of a relay, whatever network that is on. */
const kinds = ['shared', 'public', 'relayed', 'private', 'loopback'] as const;
export type AddressKind = (typeof kinds)[number];

/** The IP address, or the host name, that a multiaddr begins with; null for one that begins with neither. */
export function hostOf(address: Multiaddr): string | null {
  const first = address.getComponents()[0];
  return first?.value !== undefined && /^(ip[46]|dns[46]?)$/.test(first.name) ? first.value : null;
}

export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT);
}

/** The networks that this machine has an address in, loopback left out. */
export function networksOfMachine(interfaces = networkInterfaces()): BlockList {
  const networks = new BlockList();
  for (const { cidr, internal } of Object.values(interfaces).flatMap((list) => list ?? [])) {
    const [ip, prefix] = cidr?.split('/') ?? [];
    if (!internal && ip !== undefined) networks.addSubnet(ip, Number(prefix), familyOf(ip));
  }
  return networks;
}

/** Whom an IP address of this machine can be told to. */
export function reachOfHost(ip: string): 'public' | 'private' | 'loopback' {
  if (within(loopbacks, ip)) return 'loopback';
  return within(privates, ip) ? 'private' : 'public';
}

/** @param own the networks of the machine that dials; addresses in them are `shared`. */
export function kindOf(address: Multiaddr, own: BlockList): AddressKind {
  const host = hostOf(address);
  const isAddress = host !== null && isIP(host) !== 0;
  if (isAddress && reachOfHost(host) === 'loopback') return 'loopback';
  if (isRelayed(address)) return 'relayed';
  if (!isAddress) return 'public'; // a name is given to be found
  return within(own, host) ? 'shared' : reachOfHost(host);
}

const noNetworks = new BlockList();

export function isLoopback(address: Multiaddr): boolean {
  return kindOf(address, noNetworks) === 'loopback';
}

/** Whether an address can be told to the whole Internet: neither loopback nor private. */
export function isPublic(address: Multiaddr): boolean {
  return kindOf(address, noNetworks) === 'public';
}

/** For Array.sort: which of two addresses of another peer to try first. */
export function compareForTrial(a: Multiaddr, b: Multiaddr): -1 | 0 | 1 {
  const own = networksOfMachine(); // asked each time: laptops move
  const rank = (address: Multiaddr): number => kinds.indexOf(kindOf(address, own));
  return Math.sign(rank(a) - rank(b)) as -1 | 0 | 1;
}

/** Sorts this peer's own addresses so that those of most use to others come first; stable. */
export function inOrderOfUse(addresses: readonly Multiaddr[]): Multiaddr[] {
  const rank = (address: Multiaddr): number => kinds.indexOf(kindOf(address, noNetworks));
  return addresses.toSorted((a, b) => rank(a) - rank(b));
}
