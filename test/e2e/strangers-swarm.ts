/** The swarm that strangers attack in peer-strangers.test.ts: real processes, members of the test's own, and liars. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.js';
import { verifyForeignConfig } from '../../src/config/foreign-config.js';
import { maxFrameBytesOf, planRun, type RunPlan } from '../../src/config/run-plan.js';
import { issueInvitation, openInvitation } from '../../src/node/invitation.js';
import { SwarmGuard } from '../../src/node/libp2p-guard.js';
import {
  createIdentity,
  type Identity,
  openIdentity,
  verifySignature,
} from '../../src/node/libp2p-identity.js';
import { askToJoin } from '../../src/node/libp2p-join.js';
import { createLibp2pTransport, type Libp2pTransport } from '../../src/node/libp2p-transport.js';
import { Peer } from '../../src/node/peer.js';
import { openDescription } from '../../src/node/swarm-identity.js';
import type { Transport } from '../../src/node/transport.js';
import { layoutHash } from '../../src/training/parameters.js';
import { tasks } from '../../src/training/tasks/registry.js';
import { encodeFrame, swarmTagOf } from '../../src/wire/encode.js';
import { FRAME_VERSION, frameKinds, type Hello } from '../../src/wire/frame.js';
import { type GrapevineProcess, startGrapevine, temporaryDirectory } from './grapevine-process.js';

const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0'];

/** What is to be undone at the end. */
export type Cleanups = (() => unknown)[];

export const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'let in',
    (error: { code?: string }) => error.code ?? String(error),
  );

/** Peak of the resident memory of process `pid`, in KiB. */
export const peakKib = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

export function startPeer(cleanups: Cleanups, ...args: readonly string[]): GrapevineProcess {
  const peer = startGrapevine(['peer', ...LISTEN, ...args]);
  cleanups.push(() => peer.child.kill('SIGKILL'));
  return peer;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A founder and an honest guest, index 1. */
export async function startSwarm(choices: Readonly<Record<string, string | number>>, cleanups: Cleanups) {
  const out = temporaryDirectory();
  const flags = Object.entries(choices).flatMap(([key, value]) => [
    `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const run = ['--task', 'quadratic:dimension=64', '--rounds', '1000000', '--evaluate-every', '1000000'];
  const healthPort = await freePort();
  const doors = ['--websocket', '--health-port', String(healthPort)];
  const founder = startPeer(cleanups, '--create', ...flags, ...run, ...doors, '--out', out);
  await founder.line(/^gv-invitation\./);
  const used = readFileSync(join(out, 'invitation.txt'), 'utf8').trim();
  const guest = startPeer(cleanups, '--invite', used, '--index', '1', '--out', temporaryDirectory());
  const { swarm, addresses } = openInvitation(used, verifySignature);
  const key = await openIdentity(join(out, 'identity.key'));
  const invitation = (over: object = {}, issuer: Identity = key): string => {
    const expires = Math.floor(Date.now() / 1000) + 3600;
    return issueInvitation({ id: randomUUID(), swarm, addresses, expires, ...over }, issuer);
  };
  const address = addresses.find((each) => !each.includes('/ws'))!;
  const webSocket = addresses.find((each) => each.includes('/ws'))!;
  return { founder, guest, out, used, swarm, address, webSocket, healthPort, invitation, cleanups };
}

export type Swarm = Awaited<ReturnType<typeof startSwarm>>;

export interface Asking {
  readonly identity?: Identity;
  readonly psk?: Uint8Array;
}

/** Asks the founder to join. */
export async function ask(swarm: Swarm, invitation: string | undefined, { identity, psk }: Asking = {}) {
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

export interface Member {
  readonly index: number;
  readonly plan: RunPlan;
  readonly hello: Hello;
  readonly swarmTag: Uint8Array;
  readonly transport: Libp2pTransport;
  stop(): Promise<void>;
}

/** Peers 0 to 2 are honest, and have links with all others; liars have no need of each other. */
const HONEST_PEERS = 3;
function neighborsOf(index: number, peers: number): number[] {
  const known = Array.from({ length: index < HONEST_PEERS ? peers : HONEST_PEERS }, (_, peer) => peer);
  return known.filter((peer) => peer !== index);
}

/** An identity with an invitation and a place, and links of its own that are not started yet. */
export async function admitMember(swarm: Swarm, index: number): Promise<Member> {
  const identity = await createIdentity();
  const invitation = swarm.invitation({ index, peerId: identity.peerId });
  const answer = await ask(swarm, invitation, { identity });
  const description = openDescription(answer.document, swarm.swarm, verifySignature);
  const config = verifyForeignConfig(description.config, { task: undefined, tasks });
  const plan = planRun(config, { cacheDirectory: 'unused: the quadratic has no data' });
  const { layout } = await plan.createModel(index);
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
    node: index,
    neighbors: neighborsOf(index, plan.config.peers),
    hello,
    swarmTag,
    limits: { maxFrameBytes: hello.maxFrameBytes },
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [swarm.address],
    privateKey,
    guard,
    seed: index,
  });
  const stop = () => transport.stop();
  return { index, plan, hello, swarmTag, transport, stop };
}

/** What a liar sends to `neighbor` on its link number `times`, once that neighbor trains; null: nothing. */
export type Lie = (neighbor: number, times: number) => Uint8Array | null;

/** An edge that is closed for what a liar has said drops its link with the next frame: a liar lives on, as all do. */
const HEARTBEAT_MS = 500;

export async function startLiar(member: Member, lie: Lie): Promise<Member> {
  const { transport, swarmTag, index: sender } = member;
  const links = new Map<number, number>();
  const trains = new Set<number>();
  const tell = (neighbor: number): void => {
    const bytes = lie(neighbor, links.get(neighbor) ?? 1);
    if (bytes !== null) transport.send(neighbor, bytes).catch(() => {}); // cut off while sending: what is wanted
  };
  await transport.start({
    onNeighborUp(neighbor) {
      links.set(neighbor, (links.get(neighbor) ?? 0) + 1);
      if (trains.has(neighbor)) tell(neighbor);
    },
    onNeighborDown() {},
    onFrame(neighbor, frame) {
      if (trains.has(neighbor) || frame[5] !== frameKinds.delta) return;
      trains.add(neighbor);
      tell(neighbor);
    },
  });
  const beat = (receiver: number): void =>
    void transport
      .send(receiver, encodeFrame({ kind: 'heartbeat', swarmTag, sender, receiver }))
      .catch(() => {});
  const timer = setInterval(() => links.forEach((_, neighbor) => beat(neighbor)), HEARTBEAT_MS);
  return {
    ...member,
    stop: async () => {
      clearInterval(timer);
      await transport.stop();
    },
  };
}

/** Recorded frames that are sent again: few enough for the budget that a delta buys (frame-budget.ts). */
const RECORDED = 8;

/** Sends what it has sent again: after each delta on the same link, and all of it on the next one. */
function replaying(transport: Transport): Transport {
  const recorded = new Map<number, Uint8Array[]>();
  const replay = async (neighbor: number): Promise<void> => {
    for (const frame of [...(recorded.get(neighbor) ?? [])]) await transport.send(neighbor, frame);
  };
  return {
    start: (handlers) =>
      transport.start({
        onNeighborUp(neighbor) {
          replay(neighbor).catch(() => {}); // the link is gone again
          handlers.onNeighborUp(neighbor);
        },
        onNeighborDown: (neighbor, reason) => handlers.onNeighborDown(neighbor, reason),
        onFrame: (neighbor, frame) => handlers.onFrame(neighbor, frame),
      }),
    async send(neighbor, frame) {
      await transport.send(neighbor, frame);
      if (frame[5] !== frameKinds.delta) return;
      await replay(neighbor);
      recorded.set(neighbor, [...(recorded.get(neighbor) ?? []), frame].slice(-RECORDED));
    },
    setNeighbors: (neighbors) => transport.setNeighbors(neighbors),
    unlink: (neighbor) => transport.unlink(neighbor),
    counters: () => transport.counters(),
    stop: () => transport.stop(),
  };
}

/** The slowest peer sets the pace: rounds last while attacks do, and are few enough to be simulated. */
const ROUND_MS = 100;

/** An honest member in this process, but for its repetitions. Ends when told to. */
export async function startReplayer({ plan, index, transport, swarmTag, hello }: Member): Promise<Peer> {
  const model = await plan.createModel(index);
  const trainer = plan.createTrainer(index, model);
  const peer = new Peer({
    state: plan.createPeer(index, model, { retransmitMs: null, audit: false }),
    trainer: {
      ...trainer,
      async train(parameters, round) {
        await wait(ROUND_MS);
        return trainer.train(parameters, round);
      },
      evaluate: (parameters) => trainer.evaluate(parameters),
      stop: () => trainer.stop(),
    },
    transport: replaying(transport),
    clock: systemClock,
    swarmTag,
    limits: { maxFrameBytes: hello.maxFrameBytes },
    evaluateEvery: 1_000_000,
    startTimeoutMs: 300_000,
    onRound() {},
    onEdge() {},
  });
  return peer;
}
