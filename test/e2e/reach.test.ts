/** Ways to reach a peer, on loopback: WebSocket, relay, IPv6, mDNS. Over the first two the whole transport suite runs. */
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { Connection } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { GrapevineError } from '../../src/base/errors.js';
import { issueInvitation } from '../../src/node/invitation.js';
import { createJoinService } from '../../src/node/join-service.js';
import { type Refusal, SwarmGuard } from '../../src/node/libp2p-guard.js';
import { createIdentity, type Identity, verifySignature } from '../../src/node/libp2p-identity.js';
import { askToJoin } from '../../src/node/libp2p-join.js';
import {
  createLibp2pTransport,
  type Libp2pTransport,
  type Libp2pTransportInit,
} from '../../src/node/libp2p-transport.js';
import { foundSwarm } from '../../src/node/swarm-identity.js';
import { swarmTagOf } from '../../src/wire/encode.js';
import { deltaFrame, describeTransport, hello } from '../conformance/transport.js';
import { common, cutBetween, nodeOf, startsTransports } from '../reference/libp2p-transports.js';

/** The index of a peer that is nobody's neighbor. */
const RELAY = 99;
/** Nothing listens there. */
const NOBODY = '/ip4/127.0.0.1/tcp/1';
/** Nobody can call such a peer directly. */
const unreachable = { listen: [] as readonly string[] };

const listenedOn = (transport: Libp2pTransport): Multiaddr[] =>
  (
    nodeOf(transport) as unknown as { components: { transportManager: { getAddrs(): Multiaddr[] } } }
  ).components.transportManager.getAddrs();
const connectionsOf = (a: Libp2pTransport, b: Libp2pTransport): Connection[] =>
  nodeOf(a).getConnections(nodeOf(b).peerId);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const ignoreAll = { onNeighborUp() {}, onNeighborDown() {}, onFrame() {} };

async function startRelay(init: Partial<Libp2pTransportInit> = {}): Promise<Libp2pTransport> {
  const relay = await createLibp2pTransport({
    ...common,
    node: RELAY,
    neighbors: [],
    relayServer: true,
    ...init,
  });
  await relay.start(ignoreAll);
  return relay;
}

describeTransport('libp2p over WebSocket', async () => {
  const started = new Map<number, Libp2pTransport>();
  return {
    async create(spec) {
      const bootstrap = [...started.values()].slice(0, 1).flatMap((first) => first.addresses());
      const listen = ['/ip4/127.0.0.1/tcp/0/ws'];
      const transport = await createLibp2pTransport({
        ...common,
        ...spec,
        listen,
        bootstrap,
        seed: spec.node,
      });
      started.set(spec.node, transport);
      return transport;
    },
    cut: (a, b) => cutBetween(started.get(a)!, started.get(b)!),
    dispose: async () => {},
  };
});

describeTransport('libp2p through a relay', async () => {
  const relay = await startRelay();
  const started = new Map<number, Libp2pTransport>();
  return {
    async create(spec) {
      const relays = relay.addresses();
      const init = { ...common, ...spec, ...unreachable, relays, bootstrap: relays, seed: spec.node };
      const transport = await createLibp2pTransport(init);
      started.set(spec.node, transport);
      return transport;
    },
    cut: (a, b) => cutBetween(started.get(a)!, started.get(b)!),
    dispose: () => relay.stop(),
  };
});

describe('reaching a peer', () => {
  const { start, alsoStop } = startsTransports();
  type Started = Awaited<ReturnType<typeof start>>;

  async function exchange(a: Started, b: Started, sequence = 1): Promise<void> {
    const frame = deltaFrame(0, 1, { sequence, bytes: 100_000 });
    await a.transport.send(1, frame);
    await b.witness.until(() => b.witness.frames.length === sequence);
    expect(Buffer.compare(b.witness.frames[sequence - 1]!.frame, frame)).toBe(0);
  }

  test('a peer that nobody can call directly announces its place at the relay, and is called there', async () => {
    const relay = await startRelay();
    alsoStop(relay);
    const hidden = await start({ ...unreachable, node: 1, neighbors: [0], relays: relay.addresses() });
    const caller = await start({ ...unreachable, node: 0, neighbors: [1], bootstrap: relay.addresses() });
    await caller.witness.until(() => caller.witness.ups.length === 1);
    await exchange(caller, hidden);
    const paths = connectionsOf(caller.transport, hidden.transport).map(({ remoteAddr }) =>
      String(remoteAddr),
    );
    for (const path of paths) expect(path).toContain(`/p2p/${relay.peerId}/p2p-circuit`);
    expect(hidden.transport.addresses().every((address) => address.includes('/p2p-circuit/'))).toBe(true);
  });

  test('a relay that goes away and comes back has its guests again, and their links', async () => {
    const privateKey = privateKeyToProtobuf(await generateKeyPair('Ed25519'));
    const first = await startRelay({ privateKey });
    const bootstrap = first.addresses();
    const listen = bootstrap.map((address) => address.replace(/\/p2p\/.*/, ''));
    const hidden = await start({ ...unreachable, node: 1, neighbors: [0], relays: bootstrap });
    const caller = await start({ ...unreachable, node: 0, neighbors: [1], bootstrap });
    await caller.witness.until(() => caller.witness.ups.length === 1);
    await first.stop();
    await caller.witness.until(() => caller.witness.downs.length === 1);
    while (hidden.transport.addresses().length > 0) await turn();
    alsoStop(await startRelay({ privateKey, listen }));
    await caller.witness.until(() => caller.witness.ups.length === 2);
    await exchange(caller, hidden);
  });

  test('a direct connection takes the place of a relayed one, and the link moves to it', async () => {
    const relay = await startRelay();
    alsoStop(relay);
    const bootstrap = relay.addresses();
    const hidden = await start({ ...unreachable, node: 1, neighbors: [0], relays: bootstrap });
    const announce = [NOBODY]; // or the hidden peer would introduce itself, and be called back, directly
    const caller = await start({ node: 0, neighbors: [1], bootstrap, announce });
    await caller.witness.until(() => caller.witness.ups.length === 1);
    // As dcutr does once a hole is punched; on loopback, where all addresses are private, it does not try.
    const direct = listenedOn(caller.transport).map((address) =>
      address.encapsulate(`/p2p/${caller.transport.peerId}`),
    );
    await nodeOf(hidden.transport).dial(direct, { force: true });
    await caller.witness.until(() => caller.witness.ups.length === 2);
    await hidden.witness.until(() => hidden.witness.ups.length === 2);
    await exchange(caller, hidden);
    for (const { remoteAddr } of connectionsOf(caller.transport, hidden.transport))
      expect(String(remoteAddr)).not.toContain('p2p-circuit');
  });

  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const hasIpv6 = addresses.some(({ address }) => address === '::1');
  test.skipIf(!hasIpv6)('peers link over IPv6 (skipped where there is no ::1)', async () => {
    const listen = ['/ip6/::1/tcp/0'];
    const a = await start({ node: 0, neighbors: [1], listen });
    const b = await start({ node: 1, neighbors: [0], listen, bootstrap: a.transport.addresses() });
    await a.witness.until(() => a.witness.ups.length === 1);
    await exchange(a, b);
    expect(a.transport.addresses()[0]).toMatch(/^\/ip6\/::1\/tcp\//);
  });

  test('what is announced takes the place of what is listened on, and places at relays stay', async () => {
    const relay = await startRelay();
    alsoStop(relay);
    const announce = ['/dns4/peer.example/tcp/4001'];
    const { transport } = await start({ node: 0, neighbors: [], announce, relays: relay.addresses() });
    while (transport.addresses().length === 1) await turn();
    const [first, ...rest] = transport.addresses();
    expect(first).toBe(`${announce[0]}/p2p/${transport.peerId}`);
    for (const address of rest) expect(address).toContain(`/p2p/${relay.peerId}/p2p-circuit/p2p/`);
  });

  test('a relay address without an identity is refused before anything starts', async () => {
    const relays = ['/ip4/127.0.0.1/tcp/4001'];
    await expect(start({ node: 0, neighbors: [], relays })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('relay address'),
    });
  });

  test('peers of one swarm find each other by mDNS, and no other swarm (skipped without multicast)', async ({
    skip,
  }) => {
    skip(!(await hasMulticast()), 'multicast does not come back to this machine');
    const other = { swarmTag: swarmTagOf('another'), hello: { ...hello, swarm: 'another' } };
    const listen = ['/ip4/0.0.0.0/tcp/0'];
    const stranger = await start({ ...other, listen, node: 1, neighbors: [0], mdns: true });
    const a = await start({ node: 0, neighbors: [1], listen, mdns: true });
    const b = await start({ node: 1, neighbors: [0], listen, mdns: true });
    await a.witness.until(() => a.witness.ups.length === 1);
    await exchange(a, b);
    expect(connectionsOf(stranger.transport, a.transport)).toEqual([]);
    expect(connectionsOf(stranger.transport, b.transport)).toEqual([]);
  });
});

describe('a relay of a swarm', () => {
  const { start, alsoStop } = startsTransports();

  /** A swarm with a relay at index 99 that everybody can call. */
  async function startSwarm() {
    const [founder, relay] = await Promise.all([createIdentity(), createIdentity()]);
    const config = { chance: randomUUID() };
    const { swarm } = foundSwarm({ identity: founder, config, admission: 'invited', salt: 'any' });
    const refusals: Refusal[] = [];
    const invite = () => {
      const expires = Math.floor(Date.now() / 1000) + 600;
      return issueInvitation({ id: randomUUID(), swarm, addresses: [], expires }, founder);
    };
    const guardOf = (peerId: string, invitation?: string, allow: readonly string[] = []) =>
      new SwarmGuard({
        swarm,
        policy: 'invited',
        self: peerId,
        allow: new Set(allow),
        verify: verifySignature,
        unixSeconds: () => Date.now() / 1000,
        clock: systemClock,
        invitation,
        onRefusal: (refusal) => refusals.push(refusal),
      });
    const ofSwarm = { hello: { ...hello, swarm }, swarmTag: swarmTagOf(swarm) };
    const { privateKey } = relay;
    const guard = guardOf(relay.peerId);
    const transport = await startRelay({ ...ofSwarm, privateKey, guard });
    alsoStop(transport);
    const hidden = { ...unreachable, ...ofSwarm, neighbors: [], relays: transport.addresses() };
    return { relay: transport, founder, swarm, refusals, invite, guardOf, hidden };
  }

  test('gives a place to who shows an invitation, and none to a stranger: both are told why', async () => {
    const { relay, refusals, invite, guardOf, hidden } = await startSwarm();
    const [guest, stranger] = await Promise.all([createIdentity(), createIdentity()]);
    const reasons: GrapevineError[] = [];
    const onNoPlace = (reason: GrapevineError) => void reasons.push(reason);
    const who = ({ privateKey, peerId }: Identity, invitation?: string) => ({
      ...hidden,
      privateKey,
      guard: guardOf(peerId, invitation, [relay.peerId]),
      onNoPlace,
    });
    const turnedAway = await start({ node: 2, ...who(stranger) });
    while (reasons.length + turnedAway.transport.addresses().length === 0) await turn();
    expect(reasons[0]).toMatchObject({ code: 'NOT_ADMITTED' });
    expect(reasons[0]!.message).toContain('members of its swarm only');
    expect(turnedAway.transport.addresses()).toEqual([]);
    expect(refusals).toContainEqual(
      expect.objectContaining({ code: 'NOT_ADMITTED', peerId: stranger.peerId }),
    );
    const { transport } = await start({ node: 1, ...who(guest, invite()) });
    while (transport.addresses().length === 0) await turn();
    expect(transport.addresses()[0]).toContain(`/p2p/${relay.peerId}/p2p-circuit/p2p/${guest.peerId}`);
  });

  test('lets a newcomer call a member that only it can reach, who lets the newcomer in', async () => {
    const { founder, swarm, invite, guardOf, hidden } = await startSwarm();
    const guard = guardOf(founder.peerId);
    const { privateKey } = founder;
    const { transport } = await start({ node: 0, ...hidden, privateKey, guard });
    guard.serve(
      createJoinService({
        swarm,
        document: 'signed',
        peers: 2,
        admission: guard.admission,
        self: { index: 0, peerId: founder.peerId },
        members: () => new Map(),
        begun: () => false,
        fixed: null,
        nowMs: () => 0,
      }),
    );
    while (transport.addresses().length === 0) await turn();
    const answer = await askToJoin({
      addresses: transport.addresses(),
      request: { invitation: invite() },
      privateKey: (await createIdentity()).privateKey,
      patienceMs: 0,
      clock: systemClock,
      signal: new AbortController().signal,
    });
    expect(answer).toMatchObject({ swarm, index: 1, begun: false });
  });
});

/** Whether a packet to the group of mDNS, on a port of our own, comes back to this machine. */
function hasMulticast(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  return new Promise<boolean>((resolve) => {
    const giveUp = setTimeout(() => resolve(false), 1000);
    socket.on('error', () => resolve(false)).on('message', () => resolve(true));
    socket.on('close', () => clearTimeout(giveUp));
    socket.bind(() => {
      try {
        socket.addMembership('224.0.0.251');
        socket.send('ping', socket.address().port, '224.0.0.251');
      } catch {
        resolve(false); // no network that has multicast
      }
    });
  }).finally(() => socket.close());
}
