/**
 * Strangers at the port of a swarm that trains: whatever they send is refused with its code, costs little memory,
 * and leaves the parameters of every round as the simulator has them, to the bit.
 */
import { connect, type Socket } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { createRandom, nextUint32 } from '../../src/base/random.js';
import { createStreamChannel } from '../../src/node/libp2p-channel.js';
import { INTRODUCTION_PROTOCOL } from '../../src/node/libp2p-introduction.js';
import { createSwarmNode, type SwarmNode } from '../../src/node/libp2p-node.js';
import { createSocketBytes } from '../../src/node/libp2p-socket-bytes.js';
import { EDGE_PROTOCOL } from '../../src/node/libp2p-transport.js';
import { type Channel, type Introduction, shakeHands } from '../../src/node/link.js';
import { layoutHash } from '../../src/training/parameters.js';
import { encodeFrame, swarmTagOf } from '../../src/wire/encode.js';
import type { Hello } from '../../src/wire/frame.js';
import { deltaFrame, HonestSwarm, helloOf, planOf, simulated, swarmTag } from '../reference/honest-swarm.js';

const portOf = (address: string): number => Number(/\/tcp\/(\d+)/.exec(address)![1]);

/** What the process may grow by under an attack: a tenth of what the attackers would like. */
const MEMORY_BYTES = 100 * 1024 * 1024;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function callRaw(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => resolve(socket)); // cut off by the other end: as good as an answer
    cleanups.push(() => socket.destroy());
  });
}

/** A libp2p node of nobody. */
async function createStranger(): Promise<SwarmNode> {
  const stranger = await createSwarmNode({
    listen: [],
    announce: [],
    topic: 'none',
    privateKey: undefined,
    socketBytes: createSocketBytes(),
  });
  await stranger.start();
  cleanups.push(() => stranger.stop());
  return stranger;
}

async function callEdge(stranger: SwarmNode, address: string): Promise<Channel> {
  const stream = await stranger.dialProtocol(multiaddr(address), EDGE_PROTOCOL);
  return createStreamChannel(stream, systemClock);
}

/** What a handshake ended with: the neighbor's index, or the code of the refusal. */
async function introduce(channel: Channel, who: Omit<Introduction, 'objections'>): Promise<number | string> {
  try {
    return await shakeHands(channel, { ...who, objections: () => [] });
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const garbage = (bytes: number): Uint8Array => {
  const random = createRandom('garbage', bytes);
  return Uint8Array.from({ length: bytes }, () => nextUint32(random) & 255);
};

describe('a swarm that trains', () => {
  test('is not moved by garbage, half handshakes and 200 callers on its port', async () => {
    const plan = planOf();
    const swarm = new HonestSwarm(plan);
    await swarm.start([0, 1, 2, 3, 4, 5]);
    await swarm.reachHeldRound();
    const rssBefore = process.memoryUsage().rss;
    const ports = [...swarm.transports.values()].map((each) => portOf(each.addresses()[0]!));
    for (const port of ports) {
      for (const bytes of [1, 100, 100_000]) (await callRaw(port)).write(garbage(bytes));
      // multistream-select, then half of the first noise message: and nothing more, for as long as the run lasts.
      (await callRaw(port)).write('\x13/multistream/1.0.0\n\x07/noise\n\x00\x20half');
    }
    const crowd = await Promise.all(Array.from({ length: 200 }, () => callRaw(ports[0]!)));
    for (const socket of crowd.slice(0, 100)) socket.write('GET / HTTP/1.1\r\n\r\n');
    await swarm.finish();
    expect(swarm.trace).toEqual(await simulated(plan));
    expect(swarm.edges.filter(({ state }) => state === 'inactive')).toEqual([]);
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(MEMORY_BYTES);
  });

  test('refuses libp2p strangers with their codes and trains on', async () => {
    const plan = planOf();
    const swarm = new HonestSwarm(plan);
    await swarm.start([0, 1, 2, 3, 4, 5]);
    await swarm.reachHeldRound();
    const victim = swarm.transports.get(3)!;
    const [address] = victim.addresses();
    const hello = helloOf(plan, layoutHash((await plan.createModel(3)).layout));
    const as = async (node: number, over: Partial<Hello> = {}, tag = swarmTag): Promise<number | string> => {
      const channel = await callEdge(await createStranger(), address!);
      const outcome = await introduce(channel, {
        node,
        swarmTag: tag,
        hello: { ...hello, ...over },
        called: 3,
      });
      await channel.close();
      return outcome;
    };
    expect(await as(2, { swarm: 'other' }, swarmTagOf('other'))).toBe('HELLO_REFUSED');
    expect(await as(2, { configHash: 'other' })).toBe('HELLO_REFUSED');
    expect(await as(2)).toBe('HELLO_REFUSED'); // held by the real peer 2
    expect(await as(4)).toBe('HELLO_REFUSED'); // whom peer 3 calls, not the other way round
    expect(await as(5)).toBe('HELLO_REFUSED'); // no neighbor on the ring
    expect(await as(3)).toBe('HELLO_REFUSED'); // itself
    expect(await as(0xffff_ffff)).toBe('HELLO_REFUSED');
    await swarm.until(() => swarm.refusals.length >= 7);
    expect(swarm.refusalCodes(3)).toEqual(new Array(7).fill('HELLO_REFUSED'));
    await swarm.finish();
    expect(swarm.trace).toEqual(await simulated(plan));
    expect(swarm.edges.filter(({ state }) => state !== 'active' && state !== 'closed')).toEqual([]);
  });

  test('cuts off strangers whose handshake is no frame, and outlives those that only wait', async () => {
    const plan = planOf();
    const swarm = new HonestSwarm(plan);
    await swarm.start([0, 1, 2, 3, 4, 5]);
    await swarm.reachHeldRound();
    const [address] = swarm.transports.get(3)!.addresses();
    const heartbeat = encodeFrame({ kind: 'heartbeat', swarmTag, sender: 2, receiver: 3 });
    const delta = encodeFrame(deltaFrame({ sender: 2, receiver: 3 }, new Uint8Array(1 << 16)));
    for (const bytes of [garbage(4096), heartbeat, delta]) {
      const channel = await callEdge(await createStranger(), address!);
      await channel.write(bytes);
      await expect(channel.frames.next()).rejects.toMatchObject({ code: 'LINK_DOWN' });
    }
    await swarm.until(() => swarm.refusals.length >= 3);
    expect(swarm.refusalCodes(3)).toEqual(['FRAME_BAD_MAGIC', 'FRAME_BAD_KIND', 'FRAME_TOO_LARGE']);
    const idle = await createStranger();
    await callEdge(idle, address!);
    await idle.dialProtocol(multiaddr(address!), INTRODUCTION_PROTOCOL);
    const talker = await createStranger();
    const talk = await talker.dialProtocol(multiaddr(address!), INTRODUCTION_PROTOCOL);
    for (let k = 0; k < 64 && talk.status === 'open' && !talk.writableNeedsDrain; k++)
      talk.send(garbage(4096));
    await swarm.finish();
    expect(swarm.trace).toEqual(await simulated(plan));
  });

  test('keeps an index for its peer when a stranger with another config has asked for it', async () => {
    const plan = planOf();
    const swarm = new HonestSwarm(plan);
    await swarm.start([3, 0, 1, 4, 5]);
    const [address] = swarm.transports.get(3)!.addresses();
    const hello = helloOf(plan, layoutHash((await plan.createModel(3)).layout));
    const channel = await callEdge(await createStranger(), address!);
    const asked = { node: 2, swarmTag, hello: { ...hello, configHash: 'other' }, called: 3 };
    expect(await introduce(channel, asked)).toBe('HELLO_REFUSED');
    await swarm.start([2]);
    await swarm.finish();
    expect(swarm.refusals).toHaveLength(1);
    expect(swarm.trace).toEqual(await simulated(plan));
  });
});
