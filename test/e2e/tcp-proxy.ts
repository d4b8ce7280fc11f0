/** A TCP proxy that counts what it passes on and can cut or freeze all connections: the wire, seen from outside. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  /** Multiaddr of the proxy, without identity. */
  readonly address: string;
  /** Where connections go; set before the first arrives. */
  target(port: number): void;
  /** Bytes from the callers and from the target, TCP payload. */
  readonly passed: { fromCallers: number; fromTarget: number };
  /** Connections now open carry nothing more, and stay open. */
  freeze(): void;
  /** Destroys every connection now open. */
  cut(): void;
  close(): Promise<void>;
}

export async function createTcpProxy(): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const passed = { fromCallers: 0, fromTarget: 0 };
  let targetPort = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((caller) => {
    const target = connect(targetPort, '127.0.0.1');
    keep(caller);
    keep(target);
    caller.on('data', (bytes) => {
      passed.fromCallers += bytes.length;
    });
    target.on('data', (bytes) => {
      passed.fromTarget += bytes.length;
    });
    caller.on('close', () => target.destroy());
    target.on('close', () => caller.destroy());
    caller.pipe(target);
    target.pipe(caller);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`,
    target(port) {
      targetPort = port;
    },
    passed,
    freeze() {
      for (const socket of sockets) socket.unpipe().removeAllListeners('data').pause();
    },
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
