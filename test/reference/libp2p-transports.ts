/** Real transports for tests: on loopback, each with a witness of what happens to it, all stopped after the test. */
import type { Libp2p } from '@libp2p/interface';
import { afterEach } from 'vitest';
import {
  createLibp2pTransport,
  type Libp2pTransport,
  type Libp2pTransportInit,
} from '../../src/node/libp2p-transport.js';
import { swarmTagOf } from '../../src/wire/encode.js';
import { hello, MAX_FRAME_BYTES, SWARM, Witness } from '../conformance/transport.js';

/** What all of them are made of. */
export const common = {
  hello,
  swarmTag: swarmTagOf(SWARM),
  limits: { maxFrameBytes: MAX_FRAME_BYTES },
  listen: ['/ip4/127.0.0.1/tcp/0'] as readonly string[],
  bootstrap: [] as readonly string[],
};

/** The libp2p node inside, to break its connections as a network would. */
export const nodeOf = (transport: Libp2pTransport): Libp2p =>
  (transport as unknown as { parts: { node: Libp2p } }).parts.node;

/** Every connection between two peers is lost. */
export function cutBetween(a: Libp2pTransport, b: Libp2pTransport): void {
  for (const connection of nodeOf(a).getConnections(nodeOf(b).peerId)) connection.abort(new Error('cut'));
}

export type StartTransport = (
  init: Partial<Libp2pTransportInit> & { node: number; neighbors: readonly number[] },
) => Promise<{ transport: Libp2pTransport; witness: Witness }>;

/** For one `describe`: starts transports, and stops them after each test, with those that it is told of. */
export function startsTransports(): {
  readonly start: StartTransport;
  alsoStop(transport: Libp2pTransport): void;
} {
  let running: Libp2pTransport[] = [];
  afterEach(async () => {
    await Promise.all(running.map((transport) => transport.stop()));
    running = [];
  });
  return {
    async start(init) {
      const witness = new Witness();
      const transport = await createLibp2pTransport({ ...common, onRefused: witness.onRefused, ...init });
      running.push(transport);
      witness.transport = transport;
      await transport.start(witness);
      return { transport, witness };
    },
    alsoStop: (transport) => void running.push(transport),
  };
}
