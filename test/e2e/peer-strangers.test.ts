/**
 * Strangers at the door of `grapevine peer`, and liars inside: a swarm of two honest processes, one honest member that
 * repeats itself, five members that break the protocol, and all attacks on its founder while it trains. Each is refused
 * with its code, the founder's memory stays below MEMORY_KIB at its peak, its model is the simulator's without the liars,
 * to the bit, and a newcomer finds the door open.
 *
 * Each attacker calls from an address of its own, 127.0.0.x, since what an address does is counted.
 */
import { crc32 } from 'node:zlib';
import { multiaddr } from '@multiformats/multiaddr';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { isGrapevineError } from '../../src/base/errors.js';
import { createRandom } from '../../src/base/random.js';
import { compressors } from '../../src/compression/registry.js';
import { createStreamChannel } from '../../src/node/libp2p-channel.js';
import { createIdentity } from '../../src/node/libp2p-identity.js';
import { createSwarmNode } from '../../src/node/libp2p-node.js';
import { createSocketBytes } from '../../src/node/libp2p-socket-bytes.js';
import { EDGE_PROTOCOL } from '../../src/node/libp2p-transport.js';
import { shakeHands } from '../../src/node/link.js';
import { encodeFrame, swarmTagOf } from '../../src/wire/encode.js';
import type { Delta } from '../../src/wire/frame.js';
import { planOf, simulated } from '../reference/honest-swarm.js';
import { callAsHostile, type HostilePeer, yamuxFlags, yamuxHeader, yamuxTypes } from './hostile-peer.js';
import { modelIn } from './peer-model.js';
import { attackHealthServer, attackRaw, attackWebSocket } from './raw-callers.js';
import {
  admitMember,
  ask,
  type Cleanups,
  codeOf,
  type Lie,
  type Member,
  peakKib,
  type Swarm,
  startLiar,
  startReplayer,
  startSwarm,
} from './strangers-swarm.js';

/** What the attackers would like is gigabytes; a peer alone has 120 to 170 MiB. */
const MEMORY_KIB = 256 * 1024;
const HONEST = [0, 1, 2];
const LIARS = [3, 4, 5, 6, 7];
/** Nobody honest is silent for silenceMs, however busy the machine: that would be in the numbers. Liars are, once. */
const choices = {
  peers: HONEST.length + LIARS.length,
  topology: 'complete',
  localSteps: 20,
  silenceMs: 10_000,
  seed: 9,
  learningRate: 0.05,
};

const cleanups: Cleanups = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

// --- members that lie ---------------------------------------------------------------------------------------------

/** A message of zeros, but with `value` in its last block, checked by nobody. */
async function messageOf(member: Member, value: number): Promise<Uint8Array> {
  const { blocks, size } = (await member.plan.createModel(member.index)).layout;
  const none = compressors.resolve('none');
  const message = none.encode(
    new Float32Array(size),
    blocks,
    none.createState(blocks, createRandom('zeros')),
  );
  const last = blocks.at(-1)!;
  const view = new DataView(message.buffer, message.byteOffset);
  for (let at = message.length - 4 * last.rows * last.cols; at < message.length; at += 4)
    view.setFloat32(at, value, true);
  return message;
}

interface Sent extends Partial<Delta> {
  readonly sender?: number;
  readonly swarmTag?: Uint8Array;
}

function deltaOf(member: Member, receiver: number, bytes: Uint8Array, over: Sent = {}): Uint8Array {
  const { sender = member.index, swarmTag = member.swarmTag, ...delta } = over;
  return encodeFrame({
    kind: 'delta',
    swarmTag,
    sender,
    receiver,
    delta: { sequence: 1, round: 1, acknowledged: 0, gamma: 1, parts: [{ kind: 'add', bytes }], ...delta },
  });
}

/** A delta whose header announces `bytes`, with a checksum that fits. */
function announcing(bytes: number, frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint32(8, bytes, true);
  view.setUint32(44, crc32(frame.subarray(0, 44)), true);
  return frame;
}

/** What each liar says, link by link; the last of each closes its edge for good. */
async function liesOf(member: Member): Promise<Lie> {
  const [zeros, nan, infinite, huge] = await Promise.all(
    [0, Number.NaN, Number.NEGATIVE_INFINITY, 1e30].map((value) => messageOf(member, value)),
  );
  const to = (bytes: Uint8Array, over?: Sent) => (neighbor: number) => deltaOf(member, neighbor, bytes, over);
  const lies: Readonly<Record<number, readonly ((neighbor: number) => Uint8Array)[]>> = {
    3: [
      (neighbor) => announcing(600_000_000, deltaOf(member, neighbor, zeros!)),
      to(zeros!, { swarmTag: swarmTagOf('replayed from another swarm') }),
      to(infinite!),
    ],
    4: [to(zeros!, { sender: 1 }), to(nan!)], // replayed from another edge
    5: [to(new Uint8Array([...zeros!, ...new Uint8Array(12)]))],
    6: [to(huge!)],
    7: [to(zeros!, { sequence: 1000 })],
  };
  return (neighbor, times) => lies[member.index]![times - 1]?.(neighbor) ?? null;
}

const liarsFate: readonly RegExp[] = [
  /^refused.*: .*600000000.*\[FRAME_TOO_LARGE\]/,
  /^refused.*: frame belongs to another swarm.*\[FRAME_WRONG_SWARM\]/,
  /^refused.*: frame from peer 1 .*\[FRAME_WRONG_PEER\]/,
  /^link with peer 3 is closed \(PAYLOAD_BAD_VALUE\)/,
  /^link with peer 4 is closed \(PAYLOAD_BAD_VALUE\)/,
  /^link with peer 5 is closed \(PAYLOAD_BAD_LENGTH\)/,
  /^link with peer 6 is closed \(PAYLOAD_BAD_VALUE\)/,
  /^link with peer 7 is closed \(SEQUENCE_GAP\)/,
  /^refused.*: peer .* is put out.*\[PEER_BANNED\]/, // peer 3, after three offenses
];

// --- who asks to join, and who does not ask -----------------------------------------------------------------------

async function askInVain(swarm: Swarm): Promise<void> {
  const other = await createIdentity();
  const notMine = (await createIdentity()).peerId;
  const psk = new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${'5'.repeat(64)}`);
  const asked = (invitation: string | undefined) => codeOf(ask(swarm, invitation));
  expect(await asked(undefined)).toBe('NOT_ADMITTED');
  expect(await asked(swarm.used)).toBe('INVITATION_USED');
  expect(await asked(swarm.invitation({ expires: 1 }))).toBe('INVITATION_EXPIRED');
  expect(await asked(swarm.invitation({}, other))).toBe('DOCUMENT_INVALID'); // forged
  expect(await asked(swarm.invitation({ peerId: notMine }))).toBe('INVITATION_NOT_YOURS');
  const elsewhere = { swarm: `${other.peerId}.\u001b[2J\nrefused: the operator` }; // what a terminal would obey
  expect(await asked(swarm.invitation(elsewhere, other))).toBe('SWARM_MISMATCH');
  expect(await asked(swarm.invitation({ index: 1 }))).toBe('INDEX_TAKEN');
  expect(await asked(swarm.invitation())).toBe('SWARM_FULL');
  expect(await codeOf(ask(swarm, swarm.invitation(), { psk }))).toBe('JOIN_FAILED'); // the wrong key
  const race = swarm.invitation({ index: 7 });
  // One of two has used it, though its place is taken; the other comes too late.
  expect((await Promise.all([asked(race), asked(race)])).toSorted()).toEqual([
    'INDEX_TAKEN',
    'INVITATION_USED',
  ]);
}

/** Opens an edge without having been admitted. */
async function intrude(swarm: Swarm, { hello, swarmTag }: Member): Promise<void> {
  const say = async (over: object, tag: Uint8Array): Promise<string> => {
    const node = await createSwarmNode({
      listen: [],
      announce: [],
      topic: 'none',
      privateKey: undefined,
      socketBytes: createSocketBytes(),
    });
    await node.start();
    cleanups.push(() => node.stop());
    const stream = await node.dialProtocol(multiaddr(swarm.address), EDGE_PROTOCOL);
    const channel = createStreamChannel(stream, systemClock);
    const mine = { node: 1, called: 0, swarmTag: tag, hello: { ...hello, ...over }, objections: () => [] };
    return await shakeHands(channel, mine).then(
      () => 'let in',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    );
  };
  const outcomes = await Promise.all([say({}, swarmTag), say({ swarm: 'other' }, swarmTagOf('other'))]);
  expect(outcomes[0]).toMatch(/^HELLO_REFUSED: .*\[NOT_ADMITTED\]/);
  expect(outcomes[1]).toMatch(/^HELLO_REFUSED: .*swarm id differs/);
}

// --- who speaks libp2p, and no more than it has to ------------------------------------------------------------------

const repeated = (times: number, bytes: Uint8Array): Buffer => Buffer.concat(new Array(times).fill(bytes));
const oneByte = Buffer.concat([
  yamuxHeader({ type: yamuxTypes.data, stream: 1, length: 1 }),
  Buffer.alloc(1),
]);
const ping = yamuxHeader({ type: yamuxTypes.ping, flags: yamuxFlags.syn, length: 1 });
/** A message of gossip on another topic: RPC { messages: [{ topic: 'none' }] }, a hundred times, with its length. */
const gossip = Buffer.concat([Buffer.from([0xa0, 0x06]), repeated(100, Buffer.from('\x12\x06\x22\x04none'))]);
const record = (invitation: string, peerId: string): Buffer =>
  Buffer.from(
    JSON.stringify({ index: 2, peerId, addresses: [], round: 1, state: 'training', serial: 1, invitation }),
  );

interface Attack {
  readonly what: string;
  /** What the founder says of it. */
  readonly said: RegExp;
  attack(hostile: HostilePeer): void;
}

function attacksWith(forged: string): readonly Attack[] {
  const limited = (what: string): RegExp => new RegExp(`^refused.*: .*${what}.*\\[RATE_LIMITED\\]`);
  return [
    {
      what: 'a yamux frame of 600 MB',
      said: /^refused.*: yamux frame of 600000000 bytes.*\[FRAME_TOO_LARGE\]/,
      attack: ({ send }) =>
        void send(
          yamuxHeader({ type: yamuxTypes.data, flags: yamuxFlags.syn, stream: 1, length: 600_000_000 }),
        ),
    },
    {
      what: 'pings whose answers are not read',
      said: limited('short frames'),
      attack({ send, pause }) {
        pause();
        for (let k = 0; k < 20; k++) send(repeated(4000, ping));
      },
    },
    {
      what: 'frames of one byte',
      said: limited('short frames'),
      attack({ send, speak }) {
        speak(1, EDGE_PROTOCOL);
        for (let k = 0; k < 20; k++) send(repeated(4000, oneByte));
      },
    },
    {
      what: 'streams without end, each closed on one side',
      said: limited('streams'),
      attack({ send }) {
        for (let k = 0; k < 1000; k++)
          send(
            yamuxHeader({
              type: yamuxTypes.data,
              flags: yamuxFlags.syn | yamuxFlags.fin,
              stream: 2 * k + 1,
              length: 0,
            }),
          );
      },
    },
    {
      what: 'a window full on each of many streams',
      said: limited('bytes of a stranger'),
      attack({ speak }) {
        for (let k = 0; k < 60; k++) speak(2 * k + 1, '/nobody/1.0.0', new Uint8Array(200_000));
      },
    },
    {
      what: 'gossip without end',
      said: limited('in gossip'),
      attack({ speak, write }) {
        speak(1, '/meshsub/1.1.0');
        for (let k = 0; k < 50; k++) write(1, gossip);
      },
    },
    {
      what: 'the record of a member, with a forged invitation',
      said: /^refused.*: .*signature.*\[DOCUMENT_INVALID\]/,
      attack: ({ speak, peerId }) => speak(1, '/grapevine/introduction/1.0.0', record(forged, peerId)),
    },
    {
      what: 'join requests without end',
      said: limited('streams'),
      attack({ speak }) {
        for (let k = 0; k < 400; k++) speak(2 * k + 1, '/grapevine/join/1.0.0', Buffer.from('{}'));
      },
    },
  ];
}

/** Half of what each protocol begins with, and then nothing. Cut off after STRANGER_MS. */
const halves: readonly (readonly [protocol: string, bytes: Uint8Array])[] = [
  [EDGE_PROTOCOL, Buffer.from('GVN1')],
  ['/grapevine/join/1.0.0', Buffer.from('{"version":')],
  ['/grapevine/introduction/1.0.0', Buffer.from('{"index":')],
  ['/grapevine/id/push/1.0.0', Buffer.from([0x7f])],
];

async function attackAsPeers(swarm: Swarm): Promise<void> {
  const stranger = await createIdentity();
  const attacks = attacksWith(swarm.invitation({}, stranger));
  for (const [k, { what, said, attack }] of attacks.entries()) {
    const hostile = await callAsHostile(swarm.address, { from: `127.0.0.${70 + k}` });
    cleanups.push(() => hostile.stop());
    attack(hostile);
    await swarm.founder.line(said).catch((error: Error) => expect.fail(`${what}: ${error.message}`));
  }
}

async function dawdle(swarm: Swarm): Promise<void> {
  const silent = await callAsHostile(swarm.address, { from: '127.0.0.50' }); // encrypted, and not a word
  const half = await callAsHostile(swarm.address, { from: '127.0.0.51' });
  cleanups.push(
    () => silent.stop(),
    () => half.stop(),
  );
  for (const [k, [protocol, bytes]] of halves.entries()) half.speak(2 * k + 1, protocol, bytes);
  await Promise.all([silent.cutOff, half.cutOff]);
}

/** A newcomer that tries again while all places are taken: a farewell takes its time. */
async function comeIn(swarm: Swarm) {
  const invitation = swarm.invitation();
  const identity = await createIdentity();
  for (let tries = 1; ; tries++) {
    try {
      return await ask(swarm, invitation, { identity });
    } catch (error) {
      if (!isGrapevineError(error, 'SWARM_FULL') || tries === 20) throw error;
    }
  }
}

describe('a swarm that trains among strangers and liars', () => {
  it('refuses each by code, stays small, trains what the simulator trains, and lets newcomers in', async () => {
    const swarm = await startSwarm(choices, cleanups);
    const { founder } = swarm;
    const replayer = await admitMember(swarm, 2);
    const peer = await startReplayer(replayer);
    const run = peer.run();
    run.catch(() => {}); // it loses its neighbors in the end
    cleanups.push(() => peer.requestStop(0));
    cleanups.push(() => replayer.stop());
    const liars = await Promise.all(
      LIARS.map(async (index) => {
        const member = await admitMember(swarm, index);
        const liar = await startLiar(member, await liesOf(member));
        cleanups.push(() => liar.stop());
        return liar;
      }),
    );

    await founder.line(/^link with peer 1 is active/);
    await Promise.all([
      ...liarsFate.map((said) => founder.line(said)),
      askInVain(swarm),
      intrude(swarm, replayer),
      attackAsPeers(swarm),
      dawdle(swarm),
    ]);
    await Promise.all([attackWebSocket(swarm), attackHealthServer(swarm), attackRaw(swarm)]);
    await founder.line(/^round 50 /); // the swarm goes on

    await liars.at(-1)!.stop(); // its place is free
    expect(await comeIn(swarm)).toMatchObject({ index: LIARS.at(-1), begun: true });

    expect(peakKib(founder.child.pid!)).toBeLessThan(MEMORY_KIB);
    founder.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await founder.ended;
    peer.requestStop(0);
    expect(exitCode, stderr).toBe(130);
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n\t]|^refused: the operator/mu);
    for (const honest of [1, 2])
      expect(stdout).not.toMatch(new RegExp(`link with peer ${honest} is inactive \\((?!neighbor|finished)`));
    const rounds = Number(/^ {2}(\d+) rounds, peer 0 of 8/m.exec(stdout)![1]);
    const trace = await simulated(planOf({ ...choices, rounds }), LIARS);
    expect(await modelIn(swarm.out, 0)).toBe(trace[0]!.at(-1));
  });
});
