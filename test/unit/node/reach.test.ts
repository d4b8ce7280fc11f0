import { expect, test } from 'vitest';
import { reachOfPeer, withWebSocket } from '../../../src/node/reach.js';

test('{peer} stands for the index of a peer, in addresses and in ports', () => {
  const listen = withWebSocket(['/ip4/127.0.1.{peer}/tcp/40{peer}'], 0);
  const reach = reachOfPeer({ listen, announce: ['/dns4/host-{peer}/tcp/4001'], relays: [] }, 7);
  expect(reach).toEqual({
    listen: ['/ip4/127.0.1.7/tcp/407', '/ip4/127.0.1.7/tcp/0/ws'],
    announce: ['/dns4/host-7/tcp/4001'],
    relays: [],
  });
  expect(reachOfPeer({ listen }, 0)).not.toHaveProperty('announce');
});
