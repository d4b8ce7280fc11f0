/**
 * Counts the bytes that a libp2p node moves over its sockets: TCP payload, with encryption, multiplexing,
 * gossip and handshakes included, which is what a link has to carry.
 *
 * libp2p shows each raw connection to its `metrics` component before the first byte is read; everything else
 * that component could record is left out. The sockets' own counters are read, because a 'message' listener on
 * a raw connection would swallow bytes meant for the encryption layer. @libp2p/tcp and ws keep the socket in a field
 * that is not part of their interface: versions are pinned, and test/e2e compares the count with a proxy's.
 *
 * The sockets are also told to gather what is written within a turn, which @libp2p/tcp does not do.
 */
import type { Socket } from 'node:net';
import type { Metrics, MultiaddrConnection } from '@libp2p/interface';
import { assert } from '../base/assert.js';
import { isRelayed } from './libp2p-address-order.js';
import type { TransportCounters } from './transport.js';

export interface SocketBytes {
  counters(): TransportCounters;
  /** For createLibp2p's `metrics` option. */
  metrics(): Metrics;
}

/** Where @libp2p/tcp keeps the socket of a connection, and where @libp2p/websockets and ws do. */
interface Insides {
  readonly socket?: Socket;
  readonly websocket?: { readonly _socket?: Socket };
}

/** The socket under a connection; none under a relayed one. */
export function socketOf(connection: MultiaddrConnection): Socket | undefined {
  const { socket, websocket } = connection as unknown as Insides;
  return socket ?? websocket?._socket;
}

export function createSocketBytes(): SocketBytes {
  const open = new Set<Socket>();
  let sentBytes = 0;
  let receivedBytes = 0;

  const track = (connection: MultiaddrConnection): void => {
    if (isRelayed(connection.remoteAddr)) return; // its bytes pass over the socket to the relay
    const { socket } = connection as unknown as Insides;
    if (socket !== undefined) gatherWrites(socket); // ws does so itself
    follow(socketOf(connection));
  };

  const follow = (socket: Socket | undefined): void => {
    assert(typeof socket?.bytesRead === 'number', 'libp2p keeps sockets where this file looks for them');
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      sentBytes += socket.bytesWritten;
      receivedBytes += socket.bytesRead;
    });
  };

  return {
    counters() {
      const total = { sentBytes, receivedBytes };
      for (const socket of open) {
        total.sentBytes += socket.bytesWritten;
        total.receivedBytes += socket.bytesRead;
      }
      return total;
    },
    metrics: () => silentMetrics(track),
  };
}

/**
 * What is written within one turn of the event loop leaves in one system call. Noise hands the length of each message
 * to the socket by itself, so that a frame of gossip took four calls, a third of the network's time.
 */
function gatherWrites(socket: Socket): void {
  const write = socket.write as (...args: unknown[]) => boolean;
  let corked = false;
  socket.write = (...args: unknown[]): boolean => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    return write.apply(socket, args);
  };
}

/** Metrics that record nothing but connections. */
function silentMetrics(trackMultiaddrConnection: Metrics['trackMultiaddrConnection']): Metrics {
  const nothing = (): void => {};
  const metric = {
    update: nothing,
    increment: nothing,
    decrement: nothing,
    reset: nothing,
    observe: nothing,
  };
  const register = () => ({ ...metric, timer: () => nothing });
  return {
    trackMultiaddrConnection,
    trackProtocolStream: nothing,
    registerMetric: register,
    registerMetricGroup: register,
    registerCounter: register,
    registerCounterGroup: register,
    registerHistogram: register,
    registerHistogramGroup: register,
    registerSummary: register,
    registerSummaryGroup: register,
    traceFunction: (_name: string, traced: unknown) => traced as never,
    createTrace: () => undefined,
  };
}
