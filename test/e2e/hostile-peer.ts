/**
 * A peer that speaks libp2p as far as noise, with an identity of its own, and whose yamux is what a test writes byte by
 * byte: frames of any length, streams half opened, protocols half spoken, answers never read.
 */
import '../../src/node/polyfills.js';
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys';
import type { Libp2p, MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { createIdentity, type Identity } from '../../src/node/libp2p-identity.js';

export const yamuxTypes = { data: 0, windowUpdate: 1, ping: 2 } as const;
export const yamuxFlags = { none: 0, syn: 1, fin: 4 } as const;

export interface YamuxHeader {
  readonly type: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly length: number;
}

/** The 12 bytes of a yamux header. */
export function yamuxHeader({ type, flags = 0, stream = 0, length }: YamuxHeader): Uint8Array {
  const header = new Uint8Array(12);
  const view = new DataView(header.buffer);
  header[1] = type;
  view.setUint16(2, flags);
  view.setUint32(4, stream);
  view.setUint32(8, length);
  return header;
}

/** A message of multistream-select: its length, the text, a line break. */
const line = (text: string): Buffer => Buffer.from(`${String.fromCharCode(text.length + 1)}${text}\n`);

export interface HostilePeer {
  readonly peerId: string;
  /** Bytes on the encrypted connection. False when it is gone. */
  send(...parts: readonly Uint8Array[]): boolean;
  /** Opens stream `stream` (odd) and writes `bytes` on it, in one frame. */
  open(stream: number, bytes: Uint8Array): void;
  /** Opens `stream`, asks for `protocol`, and writes `bytes` as if the answer had come. */
  speak(stream: number, protocol: string, bytes?: Uint8Array): void;
  /** More of what `open` began. */
  write(stream: number, bytes: Uint8Array): void;
  /** Reads no more: what the other end answers stays with it. */
  pause(): void;
  /** Resolves when the other end has had enough. */
  readonly cutOff: Promise<void>;
  stop(): Promise<void>;
}

/** Shows whoever calls the encrypted connection, and when something comes on it; a muxer of no streams. */
function openHanded(
  onConnection: (connection: MessageStream) => void,
  onMessage: () => void,
): () => StreamMuxerFactory {
  return () => ({
    protocol: '/yamux/1.0.0',
    createStreamMuxer(connection) {
      onConnection(connection);
      connection.addEventListener('message', onMessage); // read, and thrown away
      const muxer = Object.assign(new EventTarget(), {
        protocol: '/yamux/1.0.0',
        streams: [],
        status: 'open',
        createStream: () => Promise.reject(new Error('this muxer has no streams')),
        abort() {},
        async close() {},
      });
      return muxer as unknown as StreamMuxer;
    },
  });
}

/** For a call on a machine that is busy with other attackers. */
const PATIENCE_MS = 60_000;

export interface HostileInit {
  readonly identity?: Identity;
  /** The address of ours that it calls from: each is an attacker of its own to whoever counts by address. */
  readonly from?: string;
}

/** Calls the peer at `address`. Resolves when that has said something: it has a muxer, and counts streams and frames. */
export async function callAsHostile(
  address: string,
  { identity, from = '127.0.0.1' }: HostileInit = {},
): Promise<HostilePeer> {
  const { privateKey, peerId } = identity ?? (await createIdentity());
  let connection: MessageStream | undefined;
  let hear = (): void => {};
  const heard = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const node: Libp2p = await createLibp2p({
    privateKey: privateKeyFromProtobuf(privateKey),
    transports: [tcp({ dialOpts: { localAddress: from } as object }), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      openHanded((each) => {
        connection = each;
      }, hear),
    ],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
    connectionManager: { dialTimeout: PATIENCE_MS, addressDialTimeout: PATIENCE_MS },
  });
  const dialed = await node.dial(multiaddr(address));
  await heard;
  const cutOff = new Promise<void>((resolve) => dialed.addEventListener('close', () => resolve()));
  const write = (stream: number, bytes: Uint8Array, flags: number = yamuxFlags.none): void =>
    void send(yamuxHeader({ type: yamuxTypes.data, flags, stream, length: bytes.length }), bytes);
  const send = (...parts: readonly Uint8Array[]): boolean => {
    if (connection?.status !== 'open') return false;
    connection.send(Buffer.concat(parts));
    return true;
  };
  return {
    peerId,
    send,
    write,
    open: (stream, bytes) => write(stream, bytes, yamuxFlags.syn),
    speak: (stream, protocol, bytes = new Uint8Array()) =>
      write(stream, Buffer.concat([line('/multistream/1.0.0'), line(protocol), bytes]), yamuxFlags.syn),
    pause: () => connection?.pause(),
    cutOff,
    stop: async () => await node.stop(),
  };
}
