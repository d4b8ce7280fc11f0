/**
 * WebSockets between peers, for networks whose firewalls and proxies let nothing else through.
 *
 * @libp2p/websockets dials through a global WebSocket, which Node 20 lacks and whose socket Node 22 hides. Here it
 * dials through that of `ws`, which the package listens with: so it works on every Node, and libp2p-socket-bytes.ts
 * can count what passes. `_connect` is not part of the package's interface; its version is pinned.
 */
import type { EventEmitter } from 'node:events';
import type { AbortOptions, Transport } from '@libp2p/interface';
import { type WebSocketsComponents, webSockets } from '@libp2p/websockets';
import type { Multiaddr } from '@multiformats/multiaddr';
import { pEvent } from 'p-event';
// @ts-expect-error: ws ships no types; those used stand in OpenSocket
import { WebSocket } from 'ws';
import { assert } from '../base/assert.js';
import { guardWebSocketListener, MAX_MESSAGE_BYTES, type OnTurnedAway } from './libp2p-websocket-guard.js';

interface Connecting extends Transport {
  _connect(address: Multiaddr, options: AbortOptions): Promise<OpenSocket>;
}

interface OpenSocket extends EventEmitter {
  binaryType: 'arraybuffer' | 'nodebuffer';
  terminate(): void;
}

/** As `webSockets()`, dialing through `ws`, and with bounds on who calls. */
export function webSocketTransport(
  onTurnedAway: OnTurnedAway,
): (components: WebSocketsComponents) => Transport {
  const create = webSockets();
  return (components) => {
    const transport = create(components) as Connecting;
    assert(typeof transport._connect === 'function', '@libp2p/websockets opens its sockets in `_connect`');
    transport._connect = connect;
    const createListener = transport.createListener.bind(transport);
    transport.createListener = (options) => guardWebSocketListener(createListener(options), onTurnedAway);
    return transport;
  };
}

/** An open WebSocket to `address`. @throws when it cannot be reached or `signal` is aborted. */
async function connect(address: Multiaddr, { signal }: AbortOptions): Promise<OpenSocket> {
  signal?.throwIfAborted();
  const socket: OpenSocket = new WebSocket(urlOf(address), {
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  socket.binaryType = 'arraybuffer';
  socket.on('error', () => {}); // one that fails after it was given up must not end the process
  try {
    await pEvent(socket, 'open', { signal });
    return socket;
  } catch (error) {
    socket.terminate();
    throw error;
  }
}

const hostProtocols: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);

/** The URL of /HOST/tcp/PORT/ws, /tls/ws or /wss. */
function urlOf(address: Multiaddr): string {
  const components = address.getComponents();
  const host = components.find(({ name }) => hostProtocols.has(name));
  const port = components.find(({ name }) => name === 'tcp')?.value;
  assert(host?.value !== undefined && port !== undefined, 'the transport dials /HOST/tcp/PORT/ws only');
  const secure = components.some(({ name }) => name === 'tls' || name === 'wss');
  const name = host.name === 'ip6' ? `[${host.value}]` : host.value;
  return `${secure ? 'wss' : 'ws'}://${name}:${port}`;
}
