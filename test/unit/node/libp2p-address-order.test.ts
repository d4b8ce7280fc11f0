import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import {
  compareForTrial,
  inOrderOfUse,
  isPublic,
  kindOf,
  networksOfMachine,
} from '../../../src/node/libp2p-address-order.js';

const RELAY = '/p2p/12D3KooWRwbJdKT2R2JPr6oyv2wphgWjWwvoFkmAJaCDgnCD7K7A/p2p-circuit';
const home = networksOfMachine({
  eth0: [
    {
      address: '192.168.7.20',
      netmask: '255.255.255.0',
      family: 'IPv4',
      mac: '',
      internal: false,
      cidr: '192.168.7.20/24',
    },
  ],
});
const kind = (text: string) => kindOf(multiaddr(text), home);

describe('order of addresses', () => {
  it('tells what leads where', () => {
    expect(kind('/ip4/192.168.7.1/tcp/1')).toBe('shared');
    expect(kind('/ip4/192.168.8.1/tcp/1')).toBe('private');
    expect(kind('/ip4/100.64.3.1/tcp/1')).toBe('private');
    expect(kind('/ip6/fe80::1/tcp/1')).toBe('private');
    expect(kind('/ip4/203.0.113.9/tcp/1')).toBe('private'); // documentation: nobody's
    expect(kind('/ip4/8.8.8.8/tcp/1/ws')).toBe('public');
    expect(kind('/dns4/peer.example/tcp/1')).toBe('public');
    expect(kind('/ip6/::1/tcp/1')).toBe('loopback');
    expect(kind(`/ip4/10.0.0.1/tcp/1${RELAY}`)).toBe('relayed');
    expect(kind(`/ip4/127.0.0.1/tcp/1${RELAY}`)).toBe('loopback');
  });

  it('tries a relay before a private address of a network that this machine is not on', () => {
    const texts = [
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/10.255.255.1/tcp/1',
      `/ip4/1.1.1.1/tcp/1${RELAY}`,
      '/ip4/1.1.1.1/tcp/2',
    ];
    const sorted = texts.map((text) => multiaddr(text)).toSorted(compareForTrial);
    expect(sorted.map(String)).toEqual(texts.toReversed());
  });

  it('announces first what most can use', () => {
    const texts = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1', '/ip4/1.1.1.1/tcp/2'];
    expect(inOrderOfUse(texts.map((text) => multiaddr(text))).map(String)).toEqual(texts.toReversed());
    expect(texts.map((text) => isPublic(multiaddr(text)))).toEqual([false, false, true]);
  });
});
