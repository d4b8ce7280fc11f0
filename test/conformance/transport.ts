/**
 * What every Transport promises (src/node/transport.ts), run by the memory and the libp2p transport. The suite
 * waits for events and never for time; `settle` finds out that a sender is blocked by doing work elsewhere
 * until nothing moves any more.
 */
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { GrapevineError } from '../../src/base/errors.js';
import { createRandom, nextUint32 } from '../../src/base/random.js';
import type { LinkRefusal } from '../../src/node/link.js';
import type { Transport, TransportHandlers } from '../../src/node/transport.js';
import { decodeFrame } from '../../src/wire/decode.js';
import { encodeFrame, swarmTagOf } from '../../src/wire/encode.js';
import { FRAME_HEADER_BYTES, type Hello } from '../../src/wire/frame.js';

export const SWARM = 'conformance';
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
export const hello: Hello = {
  protocol: 1,
  swarm: SWARM,
  configHash: 'c0',
  topologyHash: 't0',
  layoutHash: 'l0',
  maxFrameBytes: MAX_FRAME_BYTES,
};

/** One peer of a rig, as the suite wants it. */
export interface PeerSpec {
  readonly node: number;
  readonly neighbors: readonly number[];
  readonly hello: Hello;
  readonly onRefused: (refusal: LinkRefusal) => void;
}

export interface TransportRig {
  create(spec: PeerSpec): Promise<Transport>;
  /** Breaks the link between two peers from outside; they may link again at once. */
  cut(a: number, b: number): void;
  dispose(): Promise<void>;
}

/** A peer that writes down what its transport tells it. */
export class Witness implements TransportHandlers {
  readonly ups: number[] = [];
  readonly downs: { neighbor: number; reason: GrapevineError }[] = [];
  readonly frames: { neighbor: number; frame: Uint8Array }[] = [];
  readonly refusals: LinkRefusal[] = [];
  transport!: Transport;
  /** Awaited by onFrame: replace it to stall. */
  gate: Promise<void> = Promise.resolve();
  private waiting: (() => void)[] = [];

  private wake(): void {
    for (const check of this.waiting.splice(0)) check();
  }
  /** Of one whose neighbors may change: what it has heard of other members. */
  readonly members: { index: number; gone: boolean }[] = [];
  declare onMember?: NonNullable<TransportHandlers['onMember']>;
  followMembers(): void {
    this.onMember = (member) => {
      this.members.push(member);
      this.wake();
    };
  }
  onNeighborUp(neighbor: number): void {
    this.ups.push(neighbor);
    this.wake();
  }
  onNeighborDown(neighbor: number, reason: GrapevineError): void {
    this.downs.push({ neighbor, reason });
    this.wake();
  }
  async onFrame(neighbor: number, frame: Uint8Array): Promise<void> {
    this.frames.push({ neighbor, frame });
    this.wake();
    await this.gate;
  }
  readonly onRefused = (refusal: LinkRefusal): void => {
    this.refusals.push(refusal);
    this.wake();
  };
  /** Resolves once `condition` holds; it is looked at after each event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/** A frame of `bytes` payload bytes whose content `sequence` determines. */
export function deltaFrame(
  sender: number,
  receiver: number,
  content: { sequence: number; bytes: number },
): Uint8Array {
  const random = createRandom('payload', content.sequence);
  const words = Uint32Array.from({ length: Math.ceil(content.bytes / 4) }, () => nextUint32(random));
  const bytes = new Uint8Array(words.buffer, 0, content.bytes);
  const { sequence } = content;
  return encodeFrame({
    kind: 'delta',
    swarmTag: swarmTagOf(SWARM),
    sender,
    receiver,
    delta: { sequence, round: sequence, acknowledged: 0, gamma: 1, parts: [{ kind: 'add', bytes }] },
  });
}

function heartbeat(sender: number, receiver: number): Uint8Array {
  return encodeFrame({ kind: 'heartbeat', swarmTag: swarmTagOf(SWARM), sender, receiver });
}

/** A valid header that announces a body of `bodyBytes`, with nothing behind it. */
function headerAnnouncing(bodyBytes: number): Uint8Array {
  const header = deltaFrame(0, 1, { sequence: 1, bytes: 8 }).slice(0, FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(8, bodyBytes, true);
  view.setUint32(44, crc32(header.subarray(0, 44)), true);
  return header;
}

export function describeTransport(name: string, createRig: () => Promise<TransportRig>): void {
  describe(`transport: ${name}`, () => {
    let rig: TransportRig;
    let witnesses: Witness[] = [];

    /** Starts peers joined by `edges`; `hellos` changes what some of them say. */
    async function swarm(
      nodes: number,
      edges: readonly (readonly [number, number])[],
      hellos: Readonly<Record<number, Partial<Hello>>> = {},
      membership: 'fixed' | 'changing' = 'fixed',
    ): Promise<Witness[]> {
      rig = await createRig();
      witnesses = Array.from({ length: nodes }, () => new Witness());
      for (const [node, witness] of witnesses.entries()) {
        const neighbors = edges.filter((edge) => edge.includes(node)).map(([a, b]) => (a === node ? b : a));
        const spec = { node, neighbors, hello: { ...hello, ...hellos[node] }, onRefused: witness.onRefused };
        witness.transport = await rig.create(spec);
        if (membership === 'changing') witness.followMembers();
        await witness.transport.start(witness);
      }
      return witnesses;
    }

    const allUp = (edges: readonly (readonly [number, number])[]) =>
      Promise.all(
        edges.flatMap(([a, b]) => [
          witnesses[a]!.until(() => witnesses[a]!.ups.includes(b)),
          witnesses[b]!.until(() => witnesses[b]!.ups.includes(a)),
        ]),
      );

    /** Sends to and fro on a link until `value` no longer changes meanwhile. */
    async function settle(a: Witness, b: Witness, value: () => number): Promise<number> {
      const [nodeA, nodeB] = [witnesses.indexOf(a), witnesses.indexOf(b)];
      for (let before = Number.NaN; before !== value(); ) {
        before = value();
        for (let trip = 0; trip < 50; trip++) {
          const seen = b.frames.length;
          await a.transport.send(nodeB, heartbeat(nodeA, nodeB));
          await b.until(() => b.frames.length > seen);
        }
      }
      return value();
    }

    afterEach(async () => {
      await Promise.all(witnesses.map(({ transport }) => transport?.stop()));
      await rig.dispose();
      witnesses = [];
    });

    test('a link comes up once on both ends and on no other pair', async () => {
      const edges = [
        [0, 1],
        [1, 2],
      ] as const;
      const [a, b, c] = await swarm(3, edges);
      await allUp(edges);
      expect(a!.ups).toEqual([1]);
      expect(b!.ups.toSorted()).toEqual([0, 2]);
      expect(c!.ups).toEqual([1]);
      expect(a!.downs).toEqual([]);
    });

    test('frames of every size arrive whole, once and in order, both ways at once', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      const sizes = [0, 1, 3, 65_443, 65_451, 65_507, 65_508, 262_144, 1_048_576, 5_000_001, 0, 17];
      const make = (from: number, to: number) =>
        sizes.map((bytes, k) => deltaFrame(from, to, { sequence: k + 1 + 100 * from, bytes }));
      const [aFrames, bFrames] = [make(0, 1), make(1, 0)];
      const sends = [
        ...aFrames.map((frame) => a!.transport.send(1, frame)),
        ...bFrames.map((frame) => b!.transport.send(0, frame)),
      ];
      await Promise.all(sends);
      await b!.until(() => b!.frames.length === sizes.length);
      await a!.until(() => a!.frames.length === sizes.length);
      for (const [k, frame] of aFrames.entries()) expect(Buffer.compare(b!.frames[k]!.frame, frame)).toBe(0);
      for (const [k, frame] of bFrames.entries()) expect(Buffer.compare(a!.frames[k]!.frame, frame)).toBe(0);
      expect(decodeFrame(b!.frames[8]!.frame, { maxFrameBytes: MAX_FRAME_BYTES }).kind).toBe('delta');
    });

    test('a frame without a body is a frame', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      await a!.transport.send(1, heartbeat(0, 1));
      await b!.until(() => b!.frames.length === 1);
      expect(b!.frames[0]!.frame.length).toBe(FRAME_HEADER_BYTES);
    });

    test('a peer that stops takes its links down at the other ends, after its last frame', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      await a!.transport.send(1, deltaFrame(0, 1, { sequence: 1, bytes: 100_000 }));
      await a!.transport.stop();
      await b!.until(() => b!.downs.length === 1);
      expect(b!.frames).toHaveLength(1);
      expect(b!.downs[0]).toMatchObject({ neighbor: 0, reason: { code: 'LINK_DOWN' } });
      expect(a!.downs).toEqual([]);
      await a!.transport.stop();
    });

    test('sending to a peer that is gone, or is no neighbor, fails with LINK_DOWN', async () => {
      const edges = [
        [0, 1],
        [1, 2],
      ] as const;
      const [a, b] = await swarm(3, edges);
      await allUp(edges);
      await expect(a!.transport.send(2, heartbeat(0, 2))).rejects.toMatchObject({ code: 'LINK_DOWN' });
      await a!.transport.stop();
      await b!.until(() => b!.downs.length === 1);
      await expect(b!.transport.send(0, heartbeat(1, 0))).rejects.toMatchObject({ code: 'LINK_DOWN' });
      await b!.transport.send(2, heartbeat(1, 2));
    });

    test('peers with different configs refuse each other, and both learn why', async () => {
      const [a, b] = await swarm(2, [[0, 1]], { 1: { topologyHash: 't1', maxFrameBytes: 4096 } });
      await a!.until(() => a!.refusals.length > 0);
      await b!.until(() => b!.refusals.length > 0);
      for (const { refusals } of [a!, b!]) {
        expect(refusals[0]!.error.code).toBe('HELLO_REFUSED');
        expect(refusals[0]!.error.message).toContain('topology hash differs');
        expect(refusals[0]!.error.message).toContain('longest frame in bytes differs');
      }
      expect(a!.refusals[0]!.error.message).toContain('ours t0, theirs t1');
      expect([a!.refusals[0]!.neighbor, b!.refusals[0]!.neighbor]).toEqual([1, 0]);
      expect([...a!.ups, ...b!.ups, ...a!.downs, ...b!.downs]).toEqual([]);
    });

    test('bytes that are no frame close that link, with the reason, and no other', async () => {
      const edges = [
        [0, 1],
        [1, 2],
      ] as const;
      const [a, b, c] = await swarm(3, edges);
      await allUp(edges);
      const garbage = Uint8Array.from({ length: 200 }, (_, k) => (k * 37) & 255);
      await a!.transport.send(1, garbage);
      await b!.until(() => b!.downs.length === 1);
      expect(b!.downs[0]).toMatchObject({ neighbor: 0, reason: { code: 'FRAME_BAD_MAGIC' } });
      await a!.until(() => a!.downs.length === 1);
      await b!.transport.send(2, heartbeat(1, 2));
      await c!.until(() => c!.frames.length === 1);
      expect(c!.downs).toEqual([]);
    });

    test('a header that announces too much closes the link before anything is allocated', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      const before = process.memoryUsage().arrayBuffers;
      await a!.transport.send(1, headerAnnouncing(0xffff_fff0));
      await b!.until(() => b!.downs.length === 1);
      expect(b!.downs[0]!.reason.code).toBe('FRAME_TOO_LARGE');
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_FRAME_BYTES);
    });

    test('a handler that rejects closes the link with its reason', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      b!.gate = Promise.reject(new Error('cannot use this'));
      b!.gate.catch(() => undefined);
      await a!.transport.send(1, heartbeat(0, 1));
      await b!.until(() => b!.downs.length === 1);
      expect(b!.downs[0]!.reason.message).toContain('cannot use this');
      await a!.until(() => a!.downs.length === 1);
    });

    test('a second handshake on a link that is up closes it', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      const again = { kind: 'hello', swarmTag: swarmTagOf(SWARM), sender: 0, receiver: 1, hello } as const;
      await a!.transport.send(1, encodeFrame(again));
      await b!.until(() => b!.downs.length === 1);
      expect(b!.downs[0]!.reason.code).toBe('FRAME_BAD_KIND');
    });

    test('a link that is cut goes down on both ends, comes back and carries frames again', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      for (let cut = 1; cut <= 2; cut++) {
        rig.cut(0, 1);
        await Promise.all([
          a!.until(() => a!.downs.length === cut && a!.ups.length === cut + 1),
          b!.until(() => b!.downs.length === cut && b!.ups.length === cut + 1),
        ]);
        await a!.transport.send(1, deltaFrame(0, 1, { sequence: cut, bytes: 1000 }));
        await b!.until(() => b!.frames.length === cut);
      }
    });

    test('neighbors change while it runs: added by both ends they are linked, taken away by one no more', async () => {
      const edges = [
        [0, 1],
        [1, 2],
      ] as const;
      const [a, b, c] = await swarm(3, edges, {}, 'changing');
      await allUp(edges);
      a!.transport.setNeighbors([1, 2]);
      c!.transport.setNeighbors([0, 1]);
      await allUp([[0, 2]]);
      await a!.transport.send(2, deltaFrame(0, 2, { sequence: 1, bytes: 1000 }));
      await c!.until(() => c!.frames.length === 1);

      b!.transport.setNeighbors([2]);
      await b!.transport.send(0, heartbeat(1, 0)); // what is under way may still be wanted
      await a!.until(() => a!.frames.length === 1);
      const last = b!.transport.send(0, deltaFrame(1, 0, { sequence: 2, bytes: 300_000 }));
      b!.transport.unlink(0);
      await last;
      await a!.until(() => a!.downs.length === 1);
      expect(a!.frames).toHaveLength(2); // queued before the link was closed
      expect(b!.downs).toMatchObject([{ neighbor: 0 }]);
      await settle(a!, c!, () => a!.ups.length + b!.ups.length);
      expect([a!.ups.filter((peer) => peer === 1), b!.ups.filter((peer) => peer === 0)]).toEqual([[1], [0]]);
      expect([...a!.refusals, ...b!.refusals, ...c!.refusals].map(({ error }) => error.code)).toEqual(
        expect.not.arrayContaining(['HELLO_REFUSED']),
      );
    });

    test('a reader that stalls makes the sender wait with little in flight, and loses nothing', async () => {
      const edges = [
        [0, 1],
        [1, 2],
      ] as const;
      const [a, b, c] = await swarm(3, edges);
      await allUp(edges);
      let open = () => {};
      b!.gate = new Promise((resolve) => {
        open = resolve;
      });
      const mebibyte = 1024 * 1024;
      const frames = Array.from({ length: 64 }, (_, k) =>
        deltaFrame(0, 1, { sequence: k + 1, bytes: mebibyte }),
      );
      let sent = 0;
      const before = process.memoryUsage().rss;
      const sending = (async () => {
        for (const frame of frames) {
          await a!.transport.send(1, frame);
          sent++;
        }
      })();
      await b!.until(() => b!.frames.length === 1);
      const blockedAt = await settle(b!, c!, () => sent);
      expect(blockedAt).toBeLessThan(8);
      expect(b!.frames).toHaveLength(1);
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebibyte);
      b!.gate = Promise.resolve();
      open();
      await sending;
      await b!.until(() => b!.frames.length === frames.length);
      for (const [k, frame] of frames.entries()) expect(Buffer.compare(b!.frames[k]!.frame, frame)).toBe(0);
    });

    test('the counters hold every byte of the frames, at both ends', async () => {
      const [a, b] = await swarm(2, [[0, 1]]);
      await allUp([[0, 1]]);
      const [sentBefore, receivedBefore] = [a!.transport.counters(), b!.transport.counters()];
      const frame = deltaFrame(0, 1, { sequence: 1, bytes: 2_000_000 });
      await a!.transport.send(1, frame);
      await b!.until(() => b!.frames.length === 1);
      const sentBytes = a!.transport.counters().sentBytes - sentBefore.sentBytes;
      const receivedBytes = b!.transport.counters().receivedBytes - receivedBefore.receivedBytes;
      expect(sentBytes).toBeGreaterThanOrEqual(frame.length);
      expect(receivedBytes).toBeGreaterThanOrEqual(frame.length);
      expect(sentBytes).toBeLessThan(1.01 * frame.length + 10_000);
    });
  });
}
