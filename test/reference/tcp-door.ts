/**
 * A TCP proxy before the port of one peer: the wire seen from outside, and what can happen to it. It counts what it
 * passes on, and on command cuts its connections, lets them carry nothing, slows them down, damages a bit, or forgets one
 * end of them: half-open connections, as after a router has lost its table. All without privileges.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type End = 'caller' | 'target';

export interface TcpDoor {
  /** Multiaddr of the proxy, without identity. */
  readonly address: string;
  /** Where connections go; set before the first arrives. */
  target(port: number, host?: string): void;
  /** Bytes from the callers and from the target, TCP payload. */
  readonly passed: { fromCallers: number; fromTarget: number };
  /** Connections open through the door now. */
  readonly connections: number;
  /** Ends the connections now open: a reset at both ends. */
  cut(): void;
  /** While true, callers are turned away. */
  refuse(refused: boolean): void;
  /** While true, connections stay up, new ones come up, and nothing passes; what was sent arrives afterwards. */
  hold(held: boolean): void;
  /** Bytes a second, in each direction of each connection; null: as fast as it goes. */
  limit(bytesPerSecond: number | null): void;
  /** Flips one bit of the next bytes that pass; `where` in [0, 1) says which. */
  damage(where: number): void;
  /** Resets the other end of the connections now open, and never tells `end`: what it sends is taken and lost. */
  forget(end: End): void;
  /** Ages of the connections whose ends still believe in them although the other end is gone, in milliseconds. */
  halfOpenMs(): number[];
  close(): Promise<void>;
}

interface Wire {
  readonly ends: Readonly<Record<End, Socket>>;
}

/** How a door treats what passes, read at each piece. */
interface Weather {
  held: boolean;
  bytesPerSecond: number | null;
  damageAt: number | null;
}

function flipBit(bytes: Buffer, where: number): void {
  const bit = Math.floor(where * 8 * bytes.length);
  bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
}

/** Passes on what `from` sends, a piece at a time. */
function pump(from: Socket, to: Socket, weather: Weather, count: (bytes: number) => void): void {
  const goOn = (): void => {
    if (!weather.held && !from.destroyed) from.resume();
  };
  from.on('data', (bytes: Buffer) => {
    count(bytes.length);
    if (weather.damageAt !== null) {
      flipBit(bytes, weather.damageAt);
      weather.damageAt = null;
    }
    const hasRoom = to.write(bytes);
    const { bytesPerSecond } = weather;
    if (hasRoom && bytesPerSecond === null) return;
    from.pause();
    const next = hasRoom ? goOn : () => (to.writableNeedDrain ? to.once('drain', goOn) : goOn());
    if (bytesPerSecond !== null) setTimeout(next, (1000 * bytes.length) / bytesPerSecond);
    else to.once('drain', goOn);
  });
  if (weather.held) from.pause();
}

/** @param at where the door listens. */
export async function createTcpDoor(at = { host: '127.0.0.1', port: 0 }): Promise<TcpDoor> {
  const wires = new Set<Wire>();
  const halfOpen = new Map<Socket, number>();
  const passed = { fromCallers: 0, fromTarget: 0 };
  const weather: Weather = { held: false, bytesPerSecond: null, damageAt: null };
  let goal = { port: 0, host: '127.0.0.1' };
  let refused = false;

  const server = createServer((caller) => {
    if (refused) {
      caller.resetAndDestroy();
      return;
    }
    const target = connect(goal);
    const wire: Wire = { ends: { caller, target } };
    wires.add(wire);
    for (const [here, there] of [
      [caller, target],
      [target, caller],
    ] as const) {
      here.setNoDelay(true);
      here.on('error', () => here.destroy());
      here.on('close', () => {
        halfOpen.delete(here);
        if (wires.delete(wire)) there.destroySoon(); // what is on its way arrives
      });
    }
    pump(caller, target, weather, (bytes) => {
      passed.fromCallers += bytes;
    });
    pump(target, caller, weather, (bytes) => {
      passed.fromTarget += bytes;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(at.port, at.host, resolve);
  });
  const cut = (): void => {
    for (const { ends } of [...wires]) for (const end of Object.values(ends)) end.resetAndDestroy();
  };
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `/ip4/${address}/tcp/${port}`,
    target(port, host = '127.0.0.1') {
      goal = { port, host };
    },
    passed,
    get connections() {
      return wires.size;
    },
    cut,
    refuse(now) {
      refused = now;
    },
    hold(now) {
      weather.held = now;
      for (const { ends } of wires) for (const end of Object.values(ends)) now ? end.pause() : end.resume();
    },
    limit(bytesPerSecond) {
      weather.bytesPerSecond = bytesPerSecond;
    },
    damage(where) {
      weather.damageAt = where;
    },
    forget(end) {
      for (const wire of [...wires]) {
        wires.delete(wire);
        const kept = wire.ends[end];
        wire.ends[end === 'caller' ? 'target' : 'caller'].resetAndDestroy();
        kept.removeAllListeners('data').resume();
        halfOpen.set(kept, performance.now());
      }
    },
    halfOpenMs: () => [...halfOpen.values()].map((sinceMs) => performance.now() - sinceMs),
    async close() {
      cut();
      for (const socket of halfOpen.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const PORT = 4001;
/** Runs at the same time have networks of their own: all of 127.0.0.0/8 is this machine, on Linux. */
const NETWORK = `127.${1 + (process.pid % 250)}`;

/** A door for each peer of a swarm, with the flags of `grapevine swarm` that put its peers behind them. */
export async function openDoors(peers: number) {
  const hostOf = (peer: number): string => `${NETWORK}.1.${peer}`;
  const doors = await Promise.all(
    Array.from({ length: peers }, async (_, peer) => {
      const door = await createTcpDoor({ host: `${NETWORK}.2.${peer}`, port: PORT });
      door.target(PORT, hostOf(peer));
      return door;
    }),
  );
  const listen = `/ip4/${NETWORK}.1.{peer}/tcp/${PORT}`;
  const announce = `/ip4/${NETWORK}.2.{peer}/tcp/${PORT}`;
  return { doors, hostOf, flags: ['--listen', listen, '--announce', announce] };
}
