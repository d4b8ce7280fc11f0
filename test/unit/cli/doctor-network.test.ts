import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkNetwork, judgeAddresses, judgeClock, judgeNat } from '../../../src/cli/doctor-network.js';
import type { ProbeReport } from '../../../src/node/libp2p-probe.js';
import { createLibp2pTransport } from '../../../src/node/libp2p-transport.js';
import { swarmTagOf } from '../../../src/wire/encode.js';
import { hello, MAX_FRAME_BYTES, SWARM } from '../../conformance/transport.js';

const LOOPBACK = '/ip4/127.0.0.1/tcp/0';
const report: ProbeReport = {
  peerId: '12D3KooW',
  roundTripMs: 20,
  clockSkewMs: 500,
  seenAs: '1.1.1.1',
  ports: [4001],
  reached: [],
  relays: false,
};
const v4 = (address: string): NetworkInterfaceInfo => ({
  address,
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '',
  internal: false,
  cidr: `${address}/24`,
});

describe('doctor on reachability', () => {
  it('takes a machine with private addresses for one behind NAT, and says two ways out', () => {
    const [ipv4, ipv6] = judgeAddresses({ eth0: [v4('192.168.1.20')], lo: [v4('127.0.0.1')] });
    expect(ipv4).toMatchObject({
      status: 'missing',
      found: expect.stringContaining('192.168.1.20 (behind NAT'),
    });
    expect(ipv4!.remedy).toMatch(/--announce .*--relay/);
    expect(ipv6!.found).toBe('none');
    expect(judgeAddresses({ eth0: [v4('1.1.1.1')] })[0]).toMatchObject({ status: 'ok' });
    expect(judgeAddresses({ lo: [v4('127.0.0.1')] })[0]!.found).toBe('loopback only');
  });

  it('tells NAT from a firewall by the address that the peer saw', () => {
    expect(judgeNat(report, ['192.168.1.20'])).toMatchObject({
      status: 'missing',
      remedy: expect.stringContaining('--announce'),
    });
    expect(judgeNat(report, ['1.1.1.1'])).toMatchObject({
      status: 'missing',
      remedy: expect.stringContaining('open TCP 4001'),
    });
    expect(judgeNat({ ...report, reached: [4001] }, ['192.168.1.20']).status).toBe('ok');
    expect(judgeNat({ ...report, seenAs: null }, []).found).toContain('relay');
  });

  it('bears a clock that is off by seconds, and not by minutes', () => {
    expect(judgeClock(report)).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('0.5 s behind'),
    });
    expect(judgeClock({ ...report, clockSkewMs: -120_000 })).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('120.0 s ahead of'),
      remedy: expect.stringContaining('set-ntp'),
    });
  });

  it('asks a running peer, which calls back, and a relay, which has a place', async () => {
    const peer = await createLibp2pTransport({
      node: 0,
      neighbors: [],
      hello,
      swarmTag: swarmTagOf(SWARM),
      limits: { maxFrameBytes: MAX_FRAME_BYTES },
      listen: [LOOPBACK],
      bootstrap: [],
      relayServer: true,
    });
    await peer.start({ onNeighborUp() {}, onNeighborDown() {}, onFrame() {} });
    const [address] = peer.addresses();
    try {
      const checks = await checkNetwork({ listen: [LOOPBACK], peer: address, relay: address });
      const of = (name: string) => checks.find((check) => check.name === name);
      expect(of('listening')).toMatchObject({ status: 'ok', found: expect.stringMatching(/127\.0\.0\.1/) });
      expect(of('peer')).toMatchObject({ status: 'ok', found: expect.stringContaining(peer.peerId) });
      expect(of('peer')!.found).toContain('relays for others');
      expect(of('called back')).toMatchObject({ status: 'ok', found: expect.stringContaining('127.0.0.1') });
      expect(of('clock')!.status).toBe('ok');
      expect(of('relay')).toMatchObject({ status: 'ok', remedy: null });
    } finally {
      await peer.stop();
    }
  });

  it('says what to do when the peer is not there, and when the port is taken', async () => {
    const nobody = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWRwbJdKT2R2JPr6oyv2wphgWjWwvoFkmAJaCDgnCD7K7A';
    const checks = await checkNetwork({ listen: [LOOPBACK], peer: nobody, relay: nobody });
    expect(checks.filter(({ status }) => status === 'problem').map(({ name }) => name)).toEqual([
      'peer',
      'relay',
    ]);
    expect(checks.at(-1)!.remedy).toContain('--relay-server');
    const unlistenable = await checkNetwork({
      listen: ['/ip4/203.0.113.9/tcp/4001'],
      peer: undefined,
      relay: undefined,
    });
    expect(unlistenable[0]).toMatchObject({ name: 'listening', status: 'problem' });
  });
});
