import { describe, expect, it } from 'vitest';
import { readReachFlags } from '../../../src/cli/reach-flags.js';
import { readSettings } from '../../../src/cli/settings.js';

const ANY = '/ip4/0.0.0.0/tcp/0';

describe('flags of reachability', () => {
  it('come to the default address and nothing else when none is given', () => {
    const plain = { listen: [ANY], announce: [], relays: [], relayServer: false, mdns: false };
    expect(readReachFlags({}, ANY)).toEqual(plain);
  });

  it('put a WebSocket beside each TCP address, and beside no other', () => {
    const listen = ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001', '/ip4/0.0.0.0/tcp/4002/ws'];
    expect(readReachFlags({ listen, websocket: '443' }, ANY).listen).toEqual([
      ...listen,
      '/ip4/0.0.0.0/tcp/443/ws',
      '/ip6/::/tcp/443/ws',
    ]);
    expect(readReachFlags({ websocket: true }, ANY).listen).toEqual([ANY, '/ip4/0.0.0.0/tcp/0/ws']);
  });

  it('refuse a port that is no number, naming the flag', () => {
    expect(() => readReachFlags({ websocket: 'yes' }, ANY)).toThrow(/--websocket yes/);
  });

  it('may be given as one text or as a list in a file or the environment', async () => {
    const { launch } = await readSettings({}, { GRAPEVINE_LISTEN: ANY, GRAPEVINE_RELAY_SERVER: 'true' });
    expect(launch).toMatchObject({ listen: [ANY], relayServer: true });
    const twice = await readSettings({ listen: [ANY, '/ip6/::/tcp/0'], websocket: true }, {});
    expect(twice.launch).toMatchObject({ listen: [ANY, '/ip6/::/tcp/0'], websocket: 0 });
  });
});
