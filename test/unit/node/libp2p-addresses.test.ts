/** Addresses as other peers announce them: what they can make us dial, and whom a caller counts as. */
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { addressKey, dialAddresses, isMemberAddress } from '../../../src/node/libp2p-addresses.js';
import { MAX_ADDRESSES } from '../../../src/node/membership.js';

const PEER = '12D3KooWA4uESC4QyKvmkZuq7ceE8kmE9c9BzvRiaQAmuaYrYbDR';
const RELAY = '12D3KooWCjh8CPBZJUuPr6QzfosgWgVeUgjz2CXmBCKo7PeqQpMG';
const dialed = (...addresses: string[]): string[] =>
  dialAddresses({ index: 1, peerId: PEER, addresses, round: 0, state: 'joining', serial: 1 }).map(String);

describe('addresses that a member announces', () => {
  it('are dialed for that member only, whomever they name', () => {
    expect(dialed('/ip4/192.0.2.1/tcp/4001', `/ip6/2001:db8::1/tcp/1/ws/p2p/${RELAY}`)).toEqual([
      `/ip4/192.0.2.1/tcp/4001/p2p/${PEER}`,
      `/ip6/2001:db8::1/tcp/1/ws/p2p/${PEER}`,
    ]);
    expect(dialed(`/dns4/relay.example/tcp/443/tls/ws/p2p/${RELAY}/p2p-circuit`)).toEqual([
      `/dns4/relay.example/tcp/443/tls/ws/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`,
    ]);
  });

  it('are left out where one could stand for many, or for what is no peer', () => {
    expect(
      dialed(
        '/dnsaddr/many.example',
        `/dnsaddr/many.example/p2p/${PEER}`,
        '/ip4/192.0.2.1/udp/53',
        '/ip4/192.0.2.1/udp/4001/quic-v1',
        '/unix/run%2Fdocker.sock',
        '/ip4/192.0.2.1/tcp/80/http',
        `/ip4/192.0.2.1/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${RELAY}/p2p-circuit`,
        '/tcp/4001',
        'no address',
        '',
      ),
    ).toEqual([]);
  });

  it('are few, whatever a record holds', () => {
    expect(MAX_ADDRESSES).toBeLessThanOrEqual(8);
  });

  it('are kept in a file only as they could be dialed after a restart', () => {
    expect(isMemberAddress(`/ip4/192.0.2.1/tcp/4001/p2p/${PEER}`)).toBe(true);
    expect(isMemberAddress('/ip4/192.0.2.1/tcp/4001')).toBe(false);
    expect(isMemberAddress('/ip4/999.0.2.1/tcp/4001')).toBe(false);
    expect(isMemberAddress(`/dnsaddr/many.example/p2p/${PEER}`)).toBe(false);
  });
});

describe('a caller', () => {
  const keyOf = (text: string): string | null => addressKey(multiaddr(text));

  it('is an IPv4 address, or the network of an IPv6 address', () => {
    expect(keyOf('/ip4/192.0.2.1/tcp/1')).toBe('192.0.2.1');
    expect(keyOf('/ip6/2001:db8::1/tcp/1')).toBe('2001:db8:0:0::/64');
    expect(keyOf('/ip6/2001:db8:1:2:3:4:5:6/tcp/1')).toBe('2001:db8:1:2::/64');
    expect(keyOf(`/ip4/192.0.2.1/tcp/1/p2p/${RELAY}/p2p-circuit`)).toBeNull();
  });

  it('is its IPv4 address too where the socket is one for both families', () => {
    expect(keyOf('/ip6/::ffff:192.0.2.1/tcp/1')).toBe('192.0.2.1');
    expect(keyOf('/ip6/::ffff:c000:201/tcp/1')).toBe('192.0.2.1');
  });
});
