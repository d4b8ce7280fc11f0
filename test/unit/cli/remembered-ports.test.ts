import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { withPortsOf } from '../../../src/cli/remembered-ports.js';

/** A port that is taken for as long as `use` runs, and free after it. */
async function withTakenPort<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('the port of a peer that is started again', () => {
  const any = '/ip4/127.0.0.1/tcp/0';

  it('is the one that it had, of the same kind of address, unless it names one', async () => {
    const port = await withTakenPort(async (taken) => taken);
    const before = [
      `/ip4/192.0.2.1/tcp/4001/p2p/relay/p2p-circuit/p2p/me`,
      `/ip6/::1/tcp/${port}/p2p/me`,
      `/ip4/127.0.0.1/tcp/${port}/p2p/me`,
    ];
    expect(await withPortsOf([any, `${any}/ws`, '/ip4/127.0.0.1/tcp/4001'], before)).toEqual([
      `/ip4/127.0.0.1/tcp/${port}`,
      `${any}/ws`,
      '/ip4/127.0.0.1/tcp/4001',
    ]);
    expect(await withPortsOf([`${any}/ws`], [`/ip4/127.0.0.1/tcp/${port}/ws/p2p/me`])).toEqual([
      `/ip4/127.0.0.1/tcp/${port}/ws`,
    ]);
  });

  it('is any that is free where another process has that one', async () => {
    const got = await withTakenPort((port) => withPortsOf([any], [`/ip4/127.0.0.1/tcp/${port}/p2p/me`]));
    expect(got).toEqual([any]);
  });
});
