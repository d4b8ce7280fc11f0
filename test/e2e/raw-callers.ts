/** Callers of peer-strangers.test.ts that do not speak libp2p: on its TCP port, its WebSocket port, its health port. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import type { Swarm } from './strangers-swarm.js';

const portOf = (address: string): number => Number(/\/tcp\/(\d+)/.exec(address)![1]);

function callRaw(swarm: Swarm, port: number, from: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from }, () => resolve(socket));
    socket.on('error', () => resolve(socket)); // cut off: as good as an answer
    swarm.cleanups.push(() => socket.destroy());
  });
}

/** Resolves when the other end has had enough, however it says so. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.resume().once('close', () => resolve());
  });

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A WebSocket frame from a client: binary, masked, announcing `bytes`. */
function webSocketFrame(bytes: bigint, first = 0x82): Buffer {
  const header = Buffer.alloc(14);
  header[0] = first;
  header[1] = 0xff;
  header.writeBigUInt64BE(bytes, 2);
  return header;
}

export async function attackWebSocket(swarm: Swarm): Promise<void> {
  const { webSocket, founder } = swarm;
  const port = portOf(webSocket);
  const upgraded = async (frame: Buffer): Promise<void> => {
    const socket = await callRaw(swarm, port, '127.0.0.60');
    socket.write(UPGRADE);
    await once(socket, 'data');
    socket.write(frame);
    await closed(socket);
  };
  await upgraded(webSocketFrame(600_000_000n));
  await founder.line(/^refused.*: a WebSocket caller announces.*\[FRAME_TOO_LARGE\]/);
  await upgraded(webSocketFrame(1n, 0xff)); // bits and an opcode that nobody has agreed on
  await founder.line(/^refused.*: a WebSocket caller breaks RFC 6455.*\[FRAME_BAD_HEADER\]/);
  const slow = await Promise.all(Array.from({ length: 150 }, () => callRaw(swarm, port, '127.0.0.61')));
  for (const socket of slow) socket.write('GET / HTTP/1.1\r\nHost:');
  await closed(slow[0]!);
  await founder.line(/^refused.*: more than 128 callers.*\[RATE_LIMITED\]/);
}

export async function attackHealthServer(swarm: Swarm): Promise<void> {
  const { healthPort } = swarm;
  const slow = await callRaw(swarm, healthPort, '127.0.0.62');
  slow.write('GET /healthz HTTP/1.1\r\nHost:');
  const large = await callRaw(swarm, healthPort, '127.0.0.62');
  large.write(`GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(1_000_000)}`);
  await Promise.all([closed(slow), closed(large)]);
  // A busy machine may take a probe for slow: it asks again, as probes do.
  const probe = async (): Promise<number> => (await fetch(`http://127.0.0.1:${healthPort}/healthz`)).status;
  let status = await probe();
  for (let tries = 0; status === 408 && tries < 10; tries++) status = await probe();
  expect(status).toBe(200);
}

export async function attackRaw(swarm: Swarm): Promise<void> {
  const { address, founder } = swarm;
  const port = portOf(address);
  const stages = [
    '',
    '\x13/multi',
    '\x13/multistream/1.0.0\n\x07/noise\n',
    '\x13/multistream/1.0.0\n\x07/noise\n\x00\x20half',
  ];
  for (const begun of stages) (await callRaw(swarm, port, '127.0.0.63')).write(begun);
  const wordy = await callRaw(swarm, port, '127.0.0.64');
  wordy.write(`\x13/multistream/1.0.0\n${'\x0e/nobody/1.0.0\n'.repeat(10_000)}`);
  await closed(wordy);
  await founder.line(/^refused.*: a caller has sent .* without having said who it is.*\[RATE_LIMITED\]/);
  await Promise.all(Array.from({ length: 1000 }, () => callRaw(swarm, port, '127.0.0.65')));
  await founder.line(/^refused.*: more than 120 connections a minute from 127\.0\.0\.65.*\[RATE_LIMITED\]/);
}
