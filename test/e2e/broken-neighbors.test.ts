/**
 * Neighbors with a valid HELLO that break the protocol: each is refused with its code, and the others train as the
 * simulator says they do without it.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.js';
import { compressors } from '../../src/compression/registry.js';
import type { RunPlan } from '../../src/config/run-plan.js';
import { createLibp2pTransport, type Libp2pTransport } from '../../src/node/libp2p-transport.js';
import type { Transport } from '../../src/node/transport.js';
import { layoutHash } from '../../src/training/parameters.js';
import { encodeFrame, swarmTagOf } from '../../src/wire/encode.js';
import { frameKinds, MAX_DELTA_PARTS } from '../../src/wire/frame.js';
import {
  deltaFrame,
  HELD_ROUND,
  HonestSwarm,
  helloOf,
  LISTEN,
  limits,
  planOf,
  ROUNDS,
  simulated,
  swarmTag,
} from '../reference/honest-swarm.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** One way to break the protocol, and the code that it is answered with. */
interface Misdeed {
  readonly what: string;
  readonly code: string;
  /** Bytes to send on a link from `sender` to `receiver` of which both ends have accepted the HELLO. */
  bytes(ends: { readonly sender: number; readonly receiver: number }): Uint8Array;
}

const { blocks } = (await planOf().createModel(0)).layout;
const lastBlock = blocks.at(-1)!;

/** A message of zeros for the plan's parameters, but with `value` in its last block, checked by nobody. */
function uncheckedMessage(value: number): Uint8Array {
  const none = compressors.resolve('none');
  const { offset, rows, cols } = lastBlock;
  const zeros = new Float32Array(offset + rows * cols);
  const message = none.encode(zeros, blocks, none.createState(blocks, createRandom('unchecked')));
  const view = new DataView(message.buffer, message.byteOffset);
  for (let at = message.length - 4 * rows * cols; at < message.length; at += 4)
    view.setFloat32(at, value, true);
  return message;
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 0x40;
  return bytes;
}

const misdeeds: readonly Misdeed[] = [
  {
    what: 'one bit of the body is wrong',
    code: 'FRAME_BAD_CHECKSUM',
    bytes: (ends) => changed(encodeFrame(deltaFrame(ends, uncheckedMessage(1))), 100),
  },
  {
    what: 'one bit of the header is wrong',
    code: 'FRAME_BAD_CHECKSUM',
    bytes: (ends) => changed(encodeFrame(deltaFrame(ends, uncheckedMessage(1))), 33),
  },
  {
    what: 'a frame of another swarm',
    code: 'FRAME_WRONG_SWARM',
    bytes: (ends) => encodeFrame({ ...deltaFrame(ends, uncheckedMessage(1)), swarmTag: swarmTagOf('other') }),
  },
  {
    what: 'a frame of another peer',
    code: 'FRAME_WRONG_PEER',
    bytes: ({ sender, receiver }) =>
      encodeFrame(deltaFrame({ sender: sender + 1, receiver }, uncheckedMessage(1))),
  },
  {
    what: 'numbers that are none',
    code: 'PAYLOAD_BAD_VALUE',
    bytes: (ends) => encodeFrame(deltaFrame(ends, uncheckedMessage(Number.NaN))),
  },
  {
    what: 'infinite numbers',
    code: 'PAYLOAD_BAD_VALUE',
    bytes: (ends) => encodeFrame(deltaFrame(ends, uncheckedMessage(Number.POSITIVE_INFINITY))),
  },
  {
    what: 'finite parts whose sum is not',
    code: 'PAYLOAD_BAD_VALUE',
    bytes: (ends) => {
      const part = { kind: 'add', bytes: uncheckedMessage(3e38) } as const;
      return encodeFrame(
        deltaFrame(ends, new Uint8Array(), { parts: new Array(MAX_DELTA_PARTS).fill(part) }),
      );
    },
  },
  {
    what: 'finite numbers beyond all measure',
    code: 'PAYLOAD_BAD_VALUE',
    bytes: (ends) => encodeFrame(deltaFrame(ends, uncheckedMessage(1e30))),
  },
  {
    what: 'more parameters than the model has',
    code: 'PAYLOAD_BAD_LENGTH',
    bytes: (ends) =>
      encodeFrame(deltaFrame(ends, new Uint8Array([...uncheckedMessage(1), ...new Uint8Array(12)]))),
  },
  {
    what: 'fewer',
    code: 'PAYLOAD_BAD_LENGTH',
    bytes: (ends) => encodeFrame(deltaFrame(ends, uncheckedMessage(1).subarray(0, 100))),
  },
  {
    what: 'an operator that nobody has',
    code: 'PAYLOAD_BAD_OPERATOR',
    bytes: (ends) => {
      const message = uncheckedMessage(1);
      message[0] = 250;
      return encodeFrame(deltaFrame(ends, message));
    },
  },
  {
    what: 'a difference of the future',
    code: 'SEQUENCE_GAP',
    bytes: (ends) => encodeFrame(deltaFrame(ends, uncheckedMessage(1), { sequence: 1000 })),
  },
];

/** A transport with a valid HELLO, linked with all of `swarm`, for somebody who is up to no good. */
async function createEvilTransport(
  swarm: HonestSwarm,
  plan: RunPlan,
  node: number,
): Promise<Libp2pTransport> {
  const { layout } = await plan.createModel(node);
  const transport = await createLibp2pTransport({
    node,
    neighbors: [...swarm.transports.keys()],
    hello: helloOf(plan, layoutHash(layout)),
    swarmTag,
    limits,
    listen: LISTEN,
    bootstrap: swarm.bootstrap(),
    seed: node,
  });
  cleanups.push(() => transport.stop());
  return transport;
}

/** Answers each link with one misdeed. */
async function startEvil(swarm: HonestSwarm, plan: RunPlan, node: number, misdeed: Misdeed): Promise<void> {
  const transport = await createEvilTransport(swarm, plan, node);
  await transport.start({
    onNeighborUp(neighbor) {
      const bytes = misdeed.bytes({ sender: node, receiver: neighbor });
      transport.send(neighbor, bytes).catch(() => {}); // cut off while sending: what is wanted
    },
    onNeighborDown() {},
    onFrame() {},
  });
}

describe('a neighbor that breaks the protocol', () => {
  // Two honest peers and one of each kind: evil ones that call and that are called (the lower index calls).
  for (const [k, misdeed] of misdeeds.entries()) {
    const [evil, honest] = k % 2 === 0 ? [0, [1, 2]] : [2, [0, 1]];
    const role = evil === 0 ? 'calls' : 'is called';
    test(`${misdeed.what}: ${misdeed.code}, and the others train without it (it ${role})`, async () => {
      const plan = planOf({ peers: 3, topology: 'complete' });
      const swarm = new HonestSwarm(plan);
      await swarm.start(honest as number[]);
      await startEvil(swarm, plan, evil as number, misdeed);
      await swarm.until(() => swarm.trace[(honest as number[])[0]!]!.length === HELD_ROUND - 1);
      await swarm.finish();
      const wanted = await simulated(plan, [evil as number]);
      for (const peer of honest as number[]) {
        expect(
          swarm.edges
            .filter((each) => each.peer === peer && each.neighbor === evil)
            .map(({ reason }) => reason),
        ).toContain(misdeed.code);
        expect(swarm.trace[peer]).toEqual(wanted[peer]);
      }
    });
  }
});

/** Sends after each new difference all earlier ones to the same neighbor, as somebody who recorded them could. */
function replaying(transport: Transport): Transport {
  const recorded = new Map<string, Uint8Array>();
  return {
    start: (handlers) => transport.start(handlers),
    async send(neighbor, frame) {
      await transport.send(neighbor, frame);
      const sequence = new DataView(frame.buffer, frame.byteOffset).getUint32(32, true);
      if (frame[5] !== frameKinds.delta || recorded.has(`${neighbor} ${sequence}`)) return;
      for (let old = 1; old < sequence; old++) {
        await transport.send(neighbor, recorded.get(`${neighbor} ${old}`)!);
      }
      recorded.set(`${neighbor} ${sequence}`, frame);
    },
    setNeighbors: (neighbors) => transport.setNeighbors(neighbors),
    unlink: (neighbor) => transport.unlink(neighbor),
    counters: () => transport.counters(),
    stop: () => transport.stop(),
  };
}

describe('a neighbor that repeats itself', () => {
  test('changes nothing by sending every difference again and again', async () => {
    const plan = planOf();
    const swarm = new HonestSwarm(plan);
    await swarm.start([0, 1, 2]);
    await swarm.start([3, 4, 5], replaying);
    await swarm.finish();
    expect(swarm.trace).toEqual(await simulated(plan));
  });

  test('cannot make its neighbor queue answers that it does not read', async () => {
    const plan = planOf({
      peers: 3,
      topology: 'complete',
      task: 'quadratic:dimension=16384',
      compressor: 'none',
      silenceMs: 1_500,
    });
    const swarm = new HonestSwarm(plan);
    await swarm.start([0, 1]);
    const evil = await createEvilTransport(swarm, plan, 2);
    const old = encodeFrame(deltaFrame({ sender: 2, receiver: 0 }, new Uint8Array()));
    const { layout } = await plan.createModel(2);
    const none = compressors.resolve('none');
    const state = none.createState(layout.blocks, createRandom('zeros'));
    const zeros = none.encode(new Float32Array(layout.size), layout.blocks, state);
    await evil.start({
      onNeighborUp: (to) =>
        void evil.send(to, encodeFrame(deltaFrame({ sender: 2, receiver: to }, zeros))).catch(() => {}),
      onNeighborDown() {},
      onFrame: () => new Promise(() => {}), // reads no further
    });
    await swarm.until(() => swarm.trace[0]!.length > 0);
    for (let k = 0; k < 5_000; k++) await evil.send(0, old);
    await swarm.finish();
    const honestBytes = ROUNDS * 2 * zeros.length;
    expect(swarm.trace[0]).toHaveLength(ROUNDS);
    expect(swarm.payloadBytes[0]).toBeLessThan(3 * honestBytes);
  });
});
