/**
 * How this machine looks from another peer: which address it comes from, whether it can be called back there, what
 * time the other has. `grapevine doctor` asks; every running peer answers, without letting the asker into its swarm.
 *
 * libp2p's autonat needs several peers in different networks before it says anything; one that the user knows is
 * enough to tell what is wrong. A peer calls nobody but who asks: the address is that of the connection, the ports
 * are few and unprivileged, and few questions are answered at once.
 */
import { connect } from 'node:net';
import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2';
import type { Connection, Stream } from '@libp2p/interface';
import * as z from 'zod';
import type { Clock } from '../base/clock.js';
import { GrapevineError, messageOf } from '../base/errors.js';
import { hostOf, isRelayed } from './libp2p-address-order.js';
import { parseAddress, parseBootstrap } from './libp2p-addresses.js';
import { ownAddresses } from './libp2p-entrances.js';
import { CONNECT_TIMEOUT_MS, createSwarmNode, type SwarmNode } from './libp2p-node.js';
import { createSocketBytes } from './libp2p-socket-bytes.js';

const PROBE_PROTOCOL = '/grapevine/probe/1.0.0';
const MAX_PROBE_BYTES = 1024;
const MAX_PORTS = 4;
const LEAST_PORT = 1024;
/** Answered at once, by one peer. */
const MAX_PROBES = 4;
/** For one call back, and for reading a question. */
const PROBE_TIMEOUT_MS = 5000;

const questionSchema = z.strictObject({
  ports: z.array(z.int().min(LEAST_PORT).max(65_535)).max(MAX_PORTS),
});
const answerSchema = z.strictObject({
  /** The answering peer's wall clock. */
  nowMs: z.number(),
  /** Where the question came from; null by way of a relay. */
  host: z.string().max(256).nullable(),
  /** Of the ports asked for, those at which the asker could be called; null when too busy to try. */
  reached: z.array(z.int()).max(MAX_PORTS).nullable(),
});

/** Answers probes from now on. */
export async function answerProbes(node: SwarmNode, clock: Clock): Promise<void> {
  let underWay = 0;
  await node.handle(PROBE_PROTOCOL, async (stream, { remoteAddr }) => {
    underWay++;
    try {
      const { ports } = questionSchema.parse(await hear(stream, clock));
      const host = isRelayed(remoteAddr) ? null : hostOf(remoteAddr);
      const mayCall = host !== null && underWay <= MAX_PROBES;
      const reached = mayCall ? await callBack(host, ports) : null;
      await say(stream, { nowMs: Date.now(), host, reached });
    } catch (error) {
      stream.abort(new Error(`not a probe: ${messageOf(error)}`));
    } finally {
      underWay--;
    }
  });
}

async function callBack(host: string, ports: readonly number[]): Promise<number[]> {
  const answers = await Promise.all(ports.map((port) => canConnect(host, port)));
  return ports.filter((_, k) => answers[k]);
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS });
    const end = (reached: boolean) => () => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

/** A JSON value and the end of the stream's writing side; all of it is far below any window. */
async function say(stream: Stream, value: unknown): Promise<void> {
  stream.send(new TextEncoder().encode(JSON.stringify(value)));
  await stream.close();
}

async function hear(stream: Stream, clock: Clock): Promise<unknown> {
  const cancel = clock.after(2 * PROBE_TIMEOUT_MS, () => stream.abort(new Error('nothing heard in time')));
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of stream) {
      parts.push(part.subarray());
      bytes += part.byteLength;
      if (bytes > MAX_PROBE_BYTES) throw new Error(`more than ${MAX_PROBE_BYTES} bytes`);
    }
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } finally {
    cancel();
  }
}

/** A node of its own for asking, that belongs to no swarm. */
export interface Prober {
  /** Where it listens. */
  readonly addresses: readonly string[];
  /** Asks the peer at `address`. @throws GrapevineError BAD_CONFIG, LINK_DOWN with what libp2p says. */
  ask(address: string): Promise<ProbeReport>;
  /** Reserves a place at a relay. @throws GrapevineError BAD_CONFIG, LINK_DOWN with what the relay or libp2p says. */
  reserve(address: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ProbeReport {
  readonly peerId: string;
  readonly roundTripMs: number;
  /** The other's clock less ours, at the middle of the round trip. Milliseconds. */
  readonly clockSkewMs: number;
  /** Where the other sees this machine; null by way of a relay. */
  readonly seenAs: string | null;
  /** Ports of this machine that the other was asked to call; those that it reached, or null when it did not try. */
  readonly ports: readonly number[];
  readonly reached: readonly number[] | null;
  /** Whether it relays for others. */
  readonly relays: boolean;
}

/** @throws GrapevineError BAD_CONFIG; whatever libp2p throws for an address it cannot listen on. */
export async function createProber(listen: readonly string[], clock: Clock): Promise<Prober> {
  for (const text of listen) parseAddress(text, 'address');
  const node = await createSwarmNode({
    listen,
    topic: 'none',
    privateKey: undefined,
    socketBytes: createSocketBytes(),
  });
  await node.start();
  const addresses = ownAddresses(node);
  const ports = [...new Set(addresses.map((text) => Number(/\/tcp\/(\d+)/.exec(text)?.[1])))]
    .filter((port) => port >= LEAST_PORT)
    .slice(0, MAX_PORTS);
  const call = async (text: string): Promise<Connection> => {
    const [address] = parseBootstrap([text], 'address');
    return await node.dial(address!, { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  };
  return {
    addresses,
    ask: (address) =>
      orLinkDown(address, async () => await question(node, await call(address), { ports, clock })),
    reserve: (address) =>
      orLinkDown(address, async () => {
        await call(address);
        await node.services.relays.reserve(parseAddress(address, 'relay address'));
      }),
    stop: async () => await node.stop(),
  };
}

async function question(
  node: SwarmNode,
  connection: Connection,
  { ports, clock }: { readonly ports: readonly number[]; readonly clock: Clock },
): Promise<ProbeReport> {
  const stream = await connection.newStream(PROBE_PROTOCOL, { runOnLimitedConnection: true });
  const startedMs = performance.now();
  // Asked without ports: calling back would take its time, and the clocks are compared at the middle of this trip.
  await say(stream, { ports: [] });
  const { nowMs } = answerSchema.parse(await hear(stream, clock));
  const roundTripMs = performance.now() - startedMs;
  const clockSkewMs = nowMs - (Date.now() - roundTripMs / 2);
  const second = await connection.newStream(PROBE_PROTOCOL, { runOnLimitedConnection: true });
  await say(second, { ports });
  const { host, reached } = answerSchema.parse(await hear(second, clock));
  const { protocols } = await node.peerStore.get(connection.remotePeer);
  return {
    peerId: connection.remotePeer.toString(),
    roundTripMs,
    clockSkewMs,
    seenAs: host,
    ports,
    reached,
    relays: protocols.includes(RELAY_V2_HOP_CODEC),
  };
}

async function orLinkDown<T>(address: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof GrapevineError) throw error;
    const inner = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error);
    throw new GrapevineError('LINK_DOWN', inner, { address }, error);
  }
}
