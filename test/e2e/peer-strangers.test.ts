/**
 * Strangers at the door of `grapevine peer`: one swarm of two honest processes, and all attacks on its founder while it
 * trains. Each is refused with its code, the founder's memory stays below MEMORY_KIB at its peak, and its model is the
 * simulator's, to the bit. (What an admitted neighbor may send on an edge - NaN, wrong shapes, gaps, repetitions - is in
 * broken-neighbors.test.ts.)
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { multiaddr } from '@multiformats/multiaddr';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { verifyForeignConfig } from '../../src/config/foreign-config.js';
import { maxFrameBytesOf, planRun } from '../../src/config/run-plan.js';
import { issueInvitation, openInvitation } from '../../src/node/invitation.js';
import { createStreamChannel } from '../../src/node/libp2p-channel.js';
import { SwarmGuard } from '../../src/node/libp2p-guard.js';
import {
  createIdentity,
  type Identity,
  openIdentity,
  verifySignature,
} from '../../src/node/libp2p-identity.js';
import { askToJoin } from '../../src/node/libp2p-join.js';
import { createSwarmNode } from '../../src/node/libp2p-node.js';
import { createSocketBytes } from '../../src/node/libp2p-socket-bytes.js';
import { createLibp2pTransport, EDGE_PROTOCOL } from '../../src/node/libp2p-transport.js';
import { shakeHands } from '../../src/node/link.js';
import { openDescription } from '../../src/node/swarm-identity.js';
import { layoutHash } from '../../src/training/parameters.js';
import { tasks } from '../../src/training/tasks/registry.js';
import { encodeFrame, swarmTagOf } from '../../src/wire/encode.js';
import { FRAME_VERSION, type Frame } from '../../src/wire/frame.js';
import { planOf, simulated } from '../reference/honest-swarm.js';
import { type GrapevineProcess, startGrapevine, temporaryDirectory } from './grapevine-process.js';
import { modelIn } from './peer-model.js';

/** What the attackers would like is gigabytes; a peer alone has 150 to 200 MiB. */
const MEMORY_KIB = 256 * 1024;
const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0'];
/** Nobody honest is silent for silenceMs, however busy the machine: that would be in the numbers. The liar is, once. */
const choices = {
  peers: 3,
  topology: 'ring',
  localSteps: 300,
  silenceMs: 10_000,
  seed: 9,
  learningRate: 0.05,
};

const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function startPeer(...args: readonly string[]): GrapevineProcess {
  const peer = startGrapevine(['peer', ...LISTEN, ...args]);
  cleanups.push(() => peer.child.kill('SIGKILL'));
  return peer;
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'let in',
    (error: { code?: string }) => error.code ?? String(error),
  );

/** Peak of the resident memory of process `pid`, in KiB. */
const peakKib = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

async function startSwarm() {
  const [out, guestOut] = [temporaryDirectory(), temporaryDirectory()];
  const flags = Object.entries(choices).flatMap(([key, value]) => [
    `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const run = ['--task', 'quadratic:dimension=64', '--rounds', '1000000', '--evaluate-every', '1000000'];
  const founder = startPeer('--create', ...flags, ...run, '--out', out);
  await founder.line(/^gv-invitation\./);
  const text = readFileSync(join(out, 'invitation.txt'), 'utf8').trim();
  const guest = startPeer('--invite', text, '--index', '1', '--out', guestOut);
  const { swarm, addresses } = openInvitation(text, verifySignature);
  const key = await openIdentity(join(out, 'identity.key'));
  const invitation = (over: object = {}, issuer: Identity = key): string => {
    const expires = Math.floor(Date.now() / 1000) + 3600;
    return issueInvitation({ id: randomUUID(), swarm, addresses, expires, ...over }, issuer);
  };
  return { founder, guest, out, used: text, swarm, address: addresses[0]!, invitation };
}

type Swarm = Awaited<ReturnType<typeof startSwarm>>;

async function ask(swarm: Swarm, invitation: string | undefined, identity?: Identity, psk?: Uint8Array) {
  const { privateKey } = identity ?? (await createIdentity());
  return askToJoin({
    addresses: [swarm.address],
    request: { invitation },
    privateKey,
    psk,
    patienceMs: 0,
    clock: systemClock,
    signal: new AbortController().signal,
  });
}

/** An identity with an invitation and a place, on links of its own, whose frames a test makes. */
async function admitLiar(swarm: Swarm) {
  const identity = await createIdentity();
  const invitation = swarm.invitation({ index: 2, peerId: identity.peerId });
  const answer = await ask(swarm, invitation, identity);
  const description = openDescription(answer.document, swarm.swarm, verifySignature);
  const config = verifyForeignConfig(description.config, { task: undefined, tasks });
  const plan = planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
  const { layout } = await plan.createModel(2);
  const hello = {
    protocol: FRAME_VERSION,
    swarm: swarm.swarm,
    configHash: plan.configHash,
    topologyHash: plan.topologyHash,
    layoutHash: layoutHash(layout),
    maxFrameBytes: maxFrameBytesOf(plan, layout),
  };
  const swarmTag = swarmTagOf(swarm.swarm);
  const { privateKey, peerId } = identity;
  const guard = new SwarmGuard({
    swarm: swarm.swarm,
    policy: 'invited',
    self: peerId,
    allow: null,
    verify: verifySignature,
    unixSeconds: () => Date.now() / 1000,
    clock: systemClock,
    invitation,
  });
  const transport = await createLibp2pTransport({
    node: 2,
    neighbors: [0, 1],
    hello,
    swarmTag,
    limits: { maxFrameBytes: hello.maxFrameBytes },
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [swarm.address],
    privateKey,
    guard,
  });
  cleanups.push(() => transport.stop());
  let ups = 0;
  let wake = (): void => {};
  await transport.start({
    onNeighborUp: (neighbor) => {
      if (neighbor === 0) ups += 1;
      wake();
    },
    onNeighborDown() {},
    onFrame() {},
  });
  const linked = async (times: number): Promise<void> => {
    while (ups < times)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  return { hello, linked, transport, swarmTag };
}

function delta(ends: { readonly sender: number; readonly swarmTag: Uint8Array }): Uint8Array {
  const parts = [{ kind: 'add', bytes: new Uint8Array(8) }] as const;
  const frame: Frame = {
    kind: 'delta',
    receiver: 0,
    ...ends,
    delta: { sequence: 1, round: 1, acknowledged: 0, gamma: 1, parts },
  };
  return encodeFrame(frame);
}

/** A delta whose header announces `bytes`, with a checksum that fits. */
function announcing(bytes: number, frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint32(8, bytes, true);
  view.setUint32(44, crc32(frame.subarray(0, 44)), true);
  return frame;
}

async function createStranger() {
  const node = await createSwarmNode({
    listen: [],
    announce: [],
    topic: 'none',
    privateKey: undefined,
    socketBytes: createSocketBytes(),
  });
  await node.start();
  cleanups.push(() => node.stop());
  return node;
}

function callRaw(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => resolve(socket)); // cut off: as good as an answer
    cleanups.push(() => socket.destroy());
  });
}

describe('a swarm that trains among strangers', () => {
  it('refuses each by code, stays small, and trains what the simulator trains', async () => {
    const swarm = await startSwarm();
    const { founder, address } = swarm;
    const liar = await admitLiar(swarm);
    await liar.linked(1);
    await founder.line(/^link with peer 1 is active/);

    // Who asks to join.
    const other = await createIdentity();
    const notMine = (await createIdentity()).peerId;
    const psk = new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${'5'.repeat(64)}`);
    expect(await codeOf(ask(swarm, undefined))).toBe('NOT_ADMITTED');
    expect(await codeOf(ask(swarm, swarm.used))).toBe('INVITATION_USED');
    expect(await codeOf(ask(swarm, swarm.invitation({ expires: 1 })))).toBe('INVITATION_EXPIRED');
    expect(await codeOf(ask(swarm, swarm.invitation({}, other)))).toBe('DOCUMENT_INVALID'); // forged
    expect(await codeOf(ask(swarm, swarm.invitation({ peerId: notMine })))).toBe('INVITATION_NOT_YOURS');
    const elsewhere = { swarm: `${other.peerId}.0123` };
    expect(await codeOf(ask(swarm, swarm.invitation(elsewhere, other)))).toBe('SWARM_MISMATCH');
    expect(await codeOf(ask(swarm, swarm.invitation({ index: 1 })))).toBe('INDEX_TAKEN');
    expect(await codeOf(ask(swarm, swarm.invitation()))).toBe('SWARM_FULL');
    expect(await codeOf(ask(swarm, swarm.invitation(), undefined, psk))).toBe('JOIN_FAILED'); // the wrong key

    // Who does not ask.
    const stranger = await createStranger();
    const stream = await stranger.dialProtocol(multiaddr(address), EDGE_PROTOCOL);
    const channel = createStreamChannel(stream, systemClock);
    const mine = { node: 1, called: 0, swarmTag: liar.swarmTag, hello: liar.hello, objections: () => [] };
    await expect(shakeHands(channel, mine)).rejects.toMatchObject({
      code: 'HELLO_REFUSED',
      message: expect.stringContaining('[NOT_ADMITTED]'),
    });
    const lost = await createStranger();
    const wrong = createStreamChannel(
      await lost.dialProtocol(multiaddr(address), EDGE_PROTOCOL),
      systemClock,
    );
    const wrongSwarm = { ...mine, swarmTag: swarmTagOf('other'), hello: { ...liar.hello, swarm: 'other' } };
    await expect(shakeHands(wrong, wrongSwarm)).rejects.toMatchObject({
      code: 'HELLO_REFUSED',
      message: expect.stringContaining('swarm id differs'),
    });

    // Who is in, and breaks the protocol: three strikes, then out.
    const attacks = [
      ['FRAME_TOO_LARGE', announcing(600_000_000, delta({ sender: 2, swarmTag: liar.swarmTag }))],
      ['FRAME_WRONG_SWARM', delta({ sender: 2, swarmTag: swarmTagOf('replayed from another swarm') })],
      ['FRAME_WRONG_PEER', delta({ sender: 1, swarmTag: liar.swarmTag })], // replayed from another edge
    ] as const;
    for (const [k, [code, frame]] of attacks.entries()) {
      await liar.linked(k + 1);
      await liar.transport.send(0, frame);
      await founder.line(new RegExp(`^refused: .*\\[${code}\\]`));
    }
    await founder.line(/peer .* is put out.*\[PEER_BANNED\]/);
    await founder.line(/^round 50 /); // the swarm goes on

    // Who only takes up room: slow callers, and a thousand of them.
    const port = Number(/\/tcp\/(\d+)/.exec(address)![1]);
    for (let k = 0; k < 20; k++)
      (await callRaw(port)).write('\x13/multistream/1.0.0\n\x07/noise\n\x00\x20half');
    await Promise.all(Array.from({ length: 1000 }, () => callRaw(port)));
    await founder.line(/\[RATE_LIMITED\]/);

    expect(peakKib(founder.child.pid!)).toBeLessThan(MEMORY_KIB);
    founder.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await founder.ended;
    expect(exitCode, stderr).toBe(130);
    expect(stdout).not.toMatch(/link with peer 1 is inactive \((?!neighbor|finished)/);
    const rounds = Number(/^ {2}(\d+) rounds, peer 0 of 3/m.exec(stdout)![1]);
    const trace = await simulated(planOf({ ...choices, rounds }), [2]);
    expect(await modelIn(swarm.out, 0)).toBe(trace[0]!.at(-1));
  });
});
