/**
 * Bounds on who calls a WebSocket port, before the call is a connection that libp2p knows of. The listener of
 * @libp2p/websockets 10.1.21 hands raw sockets to an HTTP server that never listens itself, and so never looks at its
 * own time limits; it lets a WebSocket message be 100 MiB long, gathered before anybody has proved who he is; and it has
 * no ear for a WebSocket that fails, so that any caller's frame against RFC 6455 would end the process, nor for a socket
 * that cannot be accepted.
 *
 *     a socket that has not asked for a WebSocket     LINK_TIMEOUT after UPGRADE_MS; RATE_LIMITED: of more than
 *                                                     MAX_WAITING the oldest goes
 *     a WebSocket message                             FRAME_TOO_LARGE above MAX_MESSAGE_BYTES
 *     a frame that is none of RFC 6455                FRAME_BAD_HEADER
 *
 * What is guarded is not part of the package's interface; its version is pinned.
 */
import type { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';
import type { Listener } from '@libp2p/interface';
import { assert } from '../base/assert.js';
import { systemClock } from '../base/clock.js';
import { GrapevineError } from '../base/errors.js';

/** For an HTTP request of some hundred bytes. */
export const UPGRADE_MS = 10_000;
/** As many as TCP connections whose encryption is not done (libp2p-node.ts). */
export const MAX_WAITING = 128;
/** What is sent are noise messages, of 64 KiB at most, each in a WebSocket message of its own. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Told about each caller that is turned away. */
export type OnTurnedAway = (error: GrapevineError) => void;

type Upgraded = (webSocket: EventEmitter & { terminate(): void }, request: unknown) => void;

interface Insides extends Listener {
  readonly server?: Server;
  readonly wsServer?: {
    readonly options: { maxPayload: number };
    handleUpgrade(request: unknown, socket: unknown, head: unknown, done: Upgraded): void;
  };
  /** Made when the listener listens; emits 'upgrade' for a request that is one. Without certificates there is no other. */
  readonly http?: EventEmitter;
}

/** `listener`, guarded from now on. */
export function guardWebSocketListener(listener: Listener, onTurnedAway: OnTurnedAway): Listener {
  const { server, wsServer } = listener as Insides;
  assert(
    server !== undefined && typeof wsServer?.options.maxPayload === 'number',
    '@libp2p/websockets has a `server`, and a `wsServer` with a longest message',
  );
  wsServer.options.maxPayload = MAX_MESSAGE_BYTES;
  const upgrade = wsServer.handleUpgrade.bind(wsServer);
  wsServer.handleUpgrade = (request, socket, head, done) =>
    upgrade(request, socket, head, (webSocket, asked) => {
      webSocket.on('error', (error) => {
        webSocket.terminate(); // ws would wait for its farewell for half a minute
        onTurnedAway(refusalOf(error));
      });
      done(webSocket, asked);
    });
  const forget = limitWaiting(server, onTurnedAway);
  const listen = listener.listen.bind(listener);
  listener.listen = async (address) => {
    await listen(address);
    (listener as Insides).http?.on('upgrade', (_request: unknown, socket: Socket) => forget(socket));
  };
  return listener;
}

/** @returns what to call with a socket that is waited for no more. */
function limitWaiting(server: Server, onTurnedAway: OnTurnedAway): (socket: Socket) => void {
  /** With what ends the wait. */
  const waiting = new Map<Socket, () => void>();
  const forget = (socket: Socket): void => {
    waiting.get(socket)?.();
    waiting.delete(socket);
  };
  const turnAway = (socket: Socket, error: GrapevineError): void => {
    forget(socket);
    socket.destroy();
    onTurnedAway(error);
  };
  server.on('error', () => {}); // one that cannot be accepted; `listen` hears of those that keep it from listening
  server.on('connection', (socket: Socket) => {
    const [oldest] = waiting.keys();
    if (oldest !== undefined && waiting.size >= MAX_WAITING) turnAway(oldest, crowded());
    waiting.set(
      socket,
      systemClock.after(UPGRADE_MS, () => turnAway(socket, late())),
    );
    socket.once('close', () => forget(socket));
  });
  return forget;
}

const tooLong: ReadonlySet<unknown> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);

/** What `ws` says of a frame. */
function refusalOf(error: Error & { readonly code?: string }): GrapevineError {
  if (tooLong.has(error.code))
    return new GrapevineError(
      'FRAME_TOO_LARGE',
      `a WebSocket caller announces a message of more than ${MAX_MESSAGE_BYTES} bytes: it is no peer of ours.`,
    );
  return new GrapevineError('FRAME_BAD_HEADER', `a WebSocket caller breaks RFC 6455: ${error.message}.`);
}

function crowded(): GrapevineError {
  return new GrapevineError(
    'RATE_LIMITED',
    `more than ${MAX_WAITING} callers that have not asked for a WebSocket yet: the oldest goes.`,
  );
}

function late(): GrapevineError {
  return new GrapevineError(
    'LINK_TIMEOUT',
    `a caller has not asked for a WebSocket within ${UPGRADE_MS} ms.`,
  );
}
