/** Two peers link, one sends a frame, both stop; then the process must end without process.exit(). */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const load = (path) => import(pathToFileURL(join(process.argv[2], path)).href);
const { createLibp2pTransport } = await load('node/libp2p-transport.js');
const { encodeFrame, swarmTagOf } = await load('wire/encode.js');

const swarm = 'exit';
const swarmTag = swarmTagOf(swarm);
const limits = { maxFrameBytes: 100_000 };
const hello = { protocol: 1, swarm, configHash: 'c', topologyHash: 't', layoutHash: 'l', ...limits };
const listen = ['/ip4/127.0.0.1/tcp/0'];
let arrived;
const frame = new Promise((resolve) => {
  arrived = resolve;
});

const start = async (node, bootstrap) => {
  const transport = await createLibp2pTransport({
    node,
    neighbors: [1 - node],
    hello,
    swarmTag,
    limits,
    listen,
    bootstrap,
  });
  await transport.start({
    onNeighborUp() {
      if (node === 0)
        void transport.send(1, encodeFrame({ kind: 'heartbeat', swarmTag, sender: 0, receiver: 1 }));
    },
    onNeighborDown() {},
    onFrame: () => arrived(),
  });
  return transport;
};
const first = await start(0, []);
const second = await start(1, first.addresses());
await frame;
console.log('linked');
await Promise.all([first.stop(), second.stop()]);
console.log('stopped');
