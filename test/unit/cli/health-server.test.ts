import { afterEach, describe, expect, it } from 'vitest';
import {
  type HealthServer,
  type PeerHealth,
  parseHealthAddress,
  STALL_MS,
  startHealthServer,
} from '../../../src/cli/health-server.js';
import { ManualClock } from '../../reference/manual-clock.js';

describe('health endpoints', () => {
  let server: HealthServer | null = null;
  afterEach(async () => await server?.stop());

  async function start(first: PeerHealth) {
    const clock = new ManualClock();
    const peer = { health: first };
    const metrics = { contentType: 'text/plain; version=0.0.4', expose: async () => 'grapevine_round 3\n' };
    const health = () => peer.health;
    server = await startHealthServer({ host: '127.0.0.1', port: 0, clock, health, metrics });
    const { port } = server;
    const get = async (path: string, method = 'GET') =>
      await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { clock, peer, get, port };
  }
  const training: PeerHealth = { state: 'training', round: 3, links: 2, neighbors: 2 };

  it('a peer that joins is alive and not ready; one that trains with a neighbor is both', async () => {
    const { peer, get } = await start({ state: 'joining', round: 0, links: 0, neighbors: 2 });
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503]);
    peer.health = { ...training, links: 1 };
    expect((await get('/readyz')).status).toBe(200);
    peer.health = { ...training, links: 0 };
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503]);
    peer.health = { ...training, state: 'failed' };
    expect((await get('/healthz')).status).toBe(503);
  });

  it('a peer that finishes no round for long is to be restarted, until one is finished', async () => {
    const { clock, peer, get } = await start(training);
    await get('/healthz');
    clock.advance(STALL_MS);
    expect((await get('/healthz')).status).toBe(200);
    clock.advance(1);
    const stalled = await get('/healthz');
    expect(stalled.status).toBe(503);
    expect(await stalled.json()).toEqual({ ...training, stalled: true });
    peer.health = { ...training, round: 4 };
    expect((await get('/healthz')).status).toBe(200);
  });

  it('knows no other path and no other method', async () => {
    const { get } = await start(training);
    const other = await get('/');
    expect([other.status, await other.json()]).toEqual([404, { paths: ['/healthz', '/readyz', '/metrics'] }]);
    expect((await get('/metrics', 'DELETE')).status).toBe(405);
    expect((await get('/healthz', 'POST')).status).toBe(405);
    expect((await get('/healthz?from=probe', 'HEAD')).status).toBe(200);
  });

  it('gives numbers to whoever scrapes, in the form that they come in', async () => {
    const { get } = await start(training);
    const response = await get('/metrics');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4',
    ]);
    expect(await response.text()).toBe('grapevine_round 3\n');
  });

  it('says which flag to change when the port is taken', async () => {
    const { clock, port } = await start(training);
    const again = startHealthServer({ host: '127.0.0.1', port, clock, health: () => training });
    await expect(again).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining('--health-port'),
    });
  });

  it('listens on loopback unless told otherwise', () => {
    expect(parseHealthAddress('9464')).toEqual({ host: '127.0.0.1', port: 9464 });
    expect(parseHealthAddress('0.0.0.0:9464')).toEqual({ host: '0.0.0.0', port: 9464 });
    expect(parseHealthAddress('[::]:9464')).toEqual({ host: '::', port: 9464 });
    for (const wrong of ['', 'http', '99999', 'a:b:1'])
      expect(() => parseHealthAddress(wrong)).toThrow(/--health-port/);
  });
});
