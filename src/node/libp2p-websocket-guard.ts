/**
 * Bounds on who calls a WebSocket port, before the call is a connection that libp2p knows of. The listener of
 * @libp2p/websockets 10.1.21 hands raw sockets to an HTTP server that never listens itself, and so never looks at its
 * own time limits; it lets a WebSocket message be 100 MiB long, gathered before anybody has proved who he is; and it has
 * no ear for a socket that cannot be accepted, which ends the process.
 *
 *     a socket that has not asked for a WebSocket     UPGRADE_MS; of more than MAX_WAITING the oldest goes
 *     a WebSocket message                             MAX_MESSAGE_BYTES
 *
 * What is guarded is not part of the package's interface; its version is pinned.
 */
import type { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';
import type { Listener } from '@libp2p/interface';
import { assert } from '../base/assert.js';

/** For an HTTP request of some hundred bytes. */
export const UPGRADE_MS = 10_000;
/** As many as TCP connections whose encryption is not done (libp2p-node.ts). */
export const MAX_WAITING = 128;
/** What is sent are noise messages, of 64 KiB at most, each in a WebSocket message of its own. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

interface Insides extends Listener {
  readonly server?: Server;
  readonly wsServer?: { readonly options: { maxPayload: number } };
  /** Made when the listener listens; emits 'upgrade' for a request that is one. Without certificates there is no other. */
  readonly http?: EventEmitter;
}

/** `listener`, guarded from now on. */
export function guardWebSocketListener(listener: Listener): Listener {
  const { server, wsServer } = listener as Insides;
  assert(
    server !== undefined && typeof wsServer?.options.maxPayload === 'number',
    '@libp2p/websockets has a `server`, and a `wsServer` with a longest message',
  );
  wsServer.options.maxPayload = MAX_MESSAGE_BYTES;
  const waiting = new Map<Socket, ReturnType<typeof setTimeout>>();
  const forget = (socket: Socket): void => {
    clearTimeout(waiting.get(socket));
    waiting.delete(socket);
  };
  server.on('error', () => {}); // one that cannot be accepted; `listen` hears of those that keep it from listening
  server.on('connection', (socket: Socket) => {
    const [oldest] = waiting.keys();
    if (waiting.size >= MAX_WAITING) oldest!.destroy();
    waiting.set(
      socket,
      setTimeout(() => socket.destroy(), UPGRADE_MS),
    );
    socket.once('close', () => forget(socket));
  });
  const listen = listener.listen.bind(listener);
  listener.listen = async (address) => {
    await listen(address);
    (listener as Insides).http?.on('upgrade', (_request: unknown, socket: Socket) => forget(socket));
  };
  return listener;
}
