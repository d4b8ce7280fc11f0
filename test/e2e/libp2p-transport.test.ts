/** The real transport, on loopback: the conformance suite, and what only sockets can show. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, test } from 'vitest';
import { createIdentity } from '../../src/node/libp2p-identity.js';
import { createSwarmNode } from '../../src/node/libp2p-node.js';
import { createSocketBytes } from '../../src/node/libp2p-socket-bytes.js';
import {
  createLibp2pTransport,
  EDGE_PROTOCOL,
  HELLO_TIMEOUT_MS,
  type Libp2pTransport,
} from '../../src/node/libp2p-transport.js';
import type { MemberRecord } from '../../src/node/membership.js';
import { deltaFrame, describeTransport } from '../conformance/transport.js';
import { common, cutBetween, startsTransports } from '../reference/libp2p-transports.js';
import { ManualClock } from '../reference/manual-clock.js';
import { createTcpDoor } from '../reference/tcp-door.js';

const root = join(import.meta.dirname, '..', '..');
/** Runs a program to its end; fails when it takes longer than any of these should. */
const run = (file: string, args: string[]) => promisify(execFile)(file, args, { cwd: root, timeout: 60_000 });
const portOf = (address: string): number => Number(/\/tcp\/(\d+)/.exec(address)![1]);

describeTransport('libp2p', async () => {
  const started = new Map<number, Libp2pTransport>();
  return {
    async create(spec) {
      const bootstrap = [...started.values()].slice(0, 1).flatMap((first) => first.addresses());
      const transport = await createLibp2pTransport({ ...common, ...spec, bootstrap, seed: spec.node });
      started.set(spec.node, transport);
      return transport;
    },
    cut: (a, b) => cutBetween(started.get(a)!, started.get(b)!),
    dispose: async () => {},
  };
});

describe('libp2p transport', () => {
  const { start } = startsTransports();

  test('eight peers that know one address link into a ring', async () => {
    const count = 8;
    const peers: Awaited<ReturnType<typeof start>>[] = [];
    for (let node = 0; node < count; node++) {
      const neighbors = [(node + 1) % count, (node + count - 1) % count];
      const bootstrap = peers.slice(0, 1).map(({ transport }) => transport.addresses()[0]!);
      peers.push(await start({ node, neighbors, bootstrap, seed: node }));
    }
    await Promise.all(peers.map(({ witness }) => witness.until(() => witness.ups.length === 2)));
    for (const [node, { witness }] of peers.entries()) {
      expect(witness.ups.toSorted()).toEqual([(node + 1) % count, (node + count - 1) % count].toSorted());
      expect(witness.downs).toEqual([]);
      expect(witness.refusals).toEqual([]);
    }
  });

  test('bytes are counted as a proxy on the wire counts them, within 1 percent', async () => {
    const proxy = await createTcpDoor();
    const a = await start({ node: 0, neighbors: [1] });
    proxy.target(portOf(a.transport.addresses()[0]!));
    const b = await start({
      node: 1,
      neighbors: [0],
      bootstrap: [`${proxy.address}/p2p/${a.transport.peerId}`],
    });
    await a.witness.until(() => a.witness.ups.length === 1);
    for (let sequence = 1; sequence <= 5; sequence++) {
      await a.transport.send(1, deltaFrame(0, 1, { sequence, bytes: 1_000_000 }));
      await b.transport.send(0, deltaFrame(1, 0, { sequence, bytes: 300_000 }));
    }
    await b.witness.until(() => b.witness.frames.length === 5);
    await a.witness.until(() => a.witness.frames.length === 5);
    const [atA, atB] = [a.transport.counters(), b.transport.counters()];
    const { fromCallers, fromTarget } = proxy.passed;
    await proxy.close();
    expect(fromTarget).toBeGreaterThan(5_000_000);
    for (const [counted, passed] of [
      [atA.sentBytes, fromTarget],
      [atB.receivedBytes, fromTarget],
      [atB.sentBytes, fromCallers],
      [atA.receivedBytes, fromCallers],
    ] as const) {
      expect(Math.abs(counted - passed) / passed).toBeLessThan(0.01);
    }
  });

  for (const end of ['caller', 'target'] as const) {
    test(`a connection of which only the ${end} knows is given up, and another one is made`, async () => {
      const door = await createTcpDoor();
      const signOfLifeMs = 50;
      const b = await start({ node: 1, neighbors: [0], signOfLifeMs });
      door.target(portOf(b.transport.addresses()[0]!));
      const bootstrap = [`${door.address}/p2p/${b.transport.peerId}`];
      const a = await start({ node: 0, neighbors: [1], signOfLifeMs, bootstrap });
      const linked = (times: number) =>
        Promise.all([a, b].map(({ witness }) => witness.until(() => witness.ups.length === times)));
      await linked(1);
      expect(door.connections).toBeGreaterThan(0);
      door.forget(end);
      await linked(2);
      await expect.poll(() => door.halfOpenMs()).toEqual([]);
      await door.close();
    });
  }

  test('a port that is taken is named, with what to do about it', async () => {
    const { transport } = await start({ node: 0, neighbors: [1] });
    const listen = [`/ip4/127.0.0.1/tcp/${portOf(transport.addresses()[0]!)}`];
    await expect(start({ node: 1, neighbors: [0], listen })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringContaining(listen[0]!),
    });
  });

  test('a bootstrap address without an identity, and a word that is no address, are refused', async () => {
    const bad = { node: 0, neighbors: [1] };
    await expect(start({ ...bad, bootstrap: ['/ip4/127.0.0.1/tcp/4001'] })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
    });
    await expect(start({ ...bad, listen: ['localhost:4001'] })).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });

  test('an index that another identity holds, and a stranger to the topology, are refused on both sides', async () => {
    const hub = await start({ node: 2, neighbors: [0] });
    const bootstrap = hub.transport.addresses();
    // Of two that are joining, the lesser PeerId keeps an index (membership.ts).
    const identities = [await createIdentity(), await createIdentity()];
    const [lesser, greater] = identities.sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
    const holder = await start({ node: 0, neighbors: [2], bootstrap, privateKey: lesser!.privateKey });
    await hub.witness.until(() => hub.witness.ups.length === 1);
    const impostor = await start({ node: 0, neighbors: [2], bootstrap, privateKey: greater!.privateKey });
    await impostor.witness.until(() => impostor.witness.refusals.length > 0);
    expect(impostor.witness.refusals[0]!.error.message).toContain('index 0 belongs to another identity');
    const stranger = await start({ node: 1, neighbors: [2], bootstrap });
    await stranger.witness.until(() => stranger.witness.refusals.length > 0);
    expect(stranger.witness.refusals[0]!.error.message).toContain('peer 1 is no neighbor of peer 2');
    await hub.witness.until(() => hub.witness.refusals.length >= 2);
    expect(hub.witness.downs).toEqual([]);
    expect(holder.witness.downs).toEqual([]);
  });

  test('a caller that says nothing is cut off after the time for a HELLO', async () => {
    const clock = new ManualClock();
    const { transport, witness } = await start({ node: 0, neighbors: [1], clock });
    const caller = await createSwarmNode({
      listen: [],
      announce: [],
      topic: 'none',
      privateKey: undefined,
      socketBytes: createSocketBytes(),
    });
    await caller.start();
    const stream = await caller.dialProtocol(multiaddr(transport.addresses()[0]!), EDGE_PROTOCOL);
    while (stream.status === 'open') {
      clock.advance(HELLO_TIMEOUT_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await witness.until(() => witness.refusals.length === 1);
    expect(witness.refusals[0]).toMatchObject({ neighbor: null, error: { code: 'HELLO_TIMEOUT' } });
    await caller.stop();
  });

  test('peers see what the others announce about themselves', async () => {
    const seen: MemberRecord[] = [];
    let wake = () => {};
    const onMember = (record: MemberRecord) => {
      seen.push(record);
      wake();
    };
    const a = await start({ node: 0, neighbors: [1], onMember });
    const b = await start({ node: 1, neighbors: [0], bootstrap: a.transport.addresses() });
    await a.witness.until(() => a.witness.ups.length === 1);
    const announced = async (wanted: (record: MemberRecord) => boolean) => {
      while (!seen.some(wanted)) await new Promise<void>((resolve) => (wake = resolve));
    };
    b.transport.setStatus({ round: 7, state: 'training' });
    await announced(({ round, state }) => round === 7 && state === 'training');
    expect(a.transport.members.get(1)).toMatchObject({ index: 1, peerId: b.transport.peerId });
    await b.transport.stop();
    await announced(({ state }) => state === 'left');
  });

  test('a process whose transports have linked and stopped ends by itself', async () => {
    // A plain Node process: vitest's own handles would keep a worker alive. The sources are compiled for it.
    const build = await mkdtemp(join(root, 'node_modules', '.exit-test-'));
    try {
      await run('npx', [
        'tsc',
        '-p',
        'tsconfig.build.json',
        '--noCheck',
        '--declaration',
        'false',
        '--outDir',
        build,
      ]);
      const { stdout } = await run('node', [join(root, 'test', 'e2e', 'link-and-stop.mjs'), build]);
      expect(stdout).toBe('linked\nstopped\n');
    } finally {
      await rm(build, { recursive: true });
    }
  });
});
