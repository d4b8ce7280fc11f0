/** Multiaddrs as users write them and as other peers announce them. */
import {
  CODE_IP4,
  CODE_IP6,
  CODE_P2P,
  CODE_P2P_CIRCUIT,
  type Multiaddr,
  multiaddr,
} from '@multiformats/multiaddr';
import { GrapevineError } from '../base/errors.js';
import type { MemberRecord } from './membership.js';

/** The identity at the end of an address, or null. */
export function identityOf(address: Multiaddr): string | null {
  return address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value ?? null;
}

/** @throws GrapevineError BAD_CONFIG when `text` is no multiaddr. */
export function parseAddress(text: string, what: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new GrapevineError(
      'BAD_CONFIG',
      `${what} "${text}" is no multiaddr; wanted, for instance, /ip4/0.0.0.0/tcp/4001`,
      { address: text },
      cause,
    );
  }
}

/** @throws GrapevineError BAD_CONFIG when an address is no multiaddr or does not end in an identity. */
export function parseBootstrap(texts: readonly string[], what = 'bootstrap address'): Multiaddr[] {
  return texts.map((text) => {
    const address = parseAddress(text, what);
    if (identityOf(address) !== null) return address;
    throw new GrapevineError(
      'BAD_CONFIG',
      `${what} "${text}" does not say whose it is; wanted /ip4/.../tcp/.../p2p/12D3KooW..., as that peer prints it`,
      { address: text },
    );
  });
}

/**
 * What a member may make us dial: one host, by TCP or WebSocket, or one relay there. Not what our transports lack, and no
 * /dnsaddr, behind which as many addresses may stand as its owner likes.
 */
const DIALABLE = /^(ip4|ip6|dns|dns4|dns6)\/tcp(\/ws|\/wss|\/tls(\/sni)?\/ws)?(\/p2p\/p2p-circuit)?(\/p2p)?$/;

function isDialable(address: Multiaddr): boolean {
  const names = address.getComponents().map(({ name }) => name);
  return DIALABLE.test(names.join('/'));
}

/** Whether a text can be dialed as it stands, as a member's address in a file of ours. */
export function isMemberAddress(text: string): boolean {
  try {
    const address = multiaddr(text);
    return isDialable(address) && address.getComponents().at(-1)?.code === CODE_P2P;
  } catch {
    return false;
  }
}

/** Where a member can be dialed; only its own identity will be accepted there. Other addresses are left out. */
export function dialAddresses(record: MemberRecord): Multiaddr[] {
  return record.addresses.flatMap((text) => {
    try {
      const address = multiaddr(text);
      if (!isDialable(address)) return [];
      // Only at its end: the identity of a relay stands before /p2p-circuit and must stay.
      const endsInIdentity = address.getComponents().at(-1)?.code === CODE_P2P;
      const place = endsInIdentity ? address.decapsulateCode(CODE_P2P) : address;
      return [place.encapsulate(`/p2p/${record.peerId}`)];
    } catch {
      return []; // another peer's words: nobody here can mend them
    }
  });
}

/**
 * What counts as one caller: an IPv4 address, or the network of an IPv6 address (its first 64 bits, which one household
 * has to itself). Null where there is no telling, behind a relay.
 */
export function addressKey(address: Multiaddr): string | null {
  const components = address.getComponents();
  if (components.some(({ code }) => code === CODE_P2P_CIRCUIT)) return null;
  const host = components.find(({ code }) => code === CODE_IP4 || code === CODE_IP6);
  if (host?.value === undefined) return null;
  return host.code === CODE_IP4 ? host.value : (mappedIn(host.value) ?? networkOf(host.value));
}

/** The IPv4 address of a caller on a socket for both families: ::ffff:192.0.2.1, or ::ffff:c000:201 (RFC 4291, 2.5.5.2). */
function mappedIn(address: string): string | null {
  const rest = /^::ffff:(.+)$/i.exec(address)?.[1];
  if (rest === undefined || rest.includes('.')) return rest ?? null;
  const [high = 0, low = 0] = rest.split(':').map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** 2001:db8::1 -> 2001:db8:0:0::/64 */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before!.length - after!.length);
  const groups = [...before!, ...new Array<string>(zeros).fill('0'), ...after!];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
