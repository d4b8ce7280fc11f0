/**
 * `npm run test:namespaces`: a swarm on hosts of their own, with bad links, one host behind NAT; and the same run on
 * loopback beside it. Passes when both reach the same accuracy within a point. Needs Linux, root, iproute2, nftables,
 * and socat where the kernel has no netem; touches nothing outside the network namespaces that it makes and removes.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { readSettings } from '../dist/cli/settings.js';
import { createNetwork } from './namespaces-network.mjs';
import { runSwarm } from './namespaces-swarm.mjs';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '100' },
    topology: { type: 'string', default: 'ring' },
    algorithm: { type: 'string' },
    compressor: { type: 'string' },
    'bandwidth-mbps': { type: 'string', default: '5' },
    'loss-percent': { type: 'string', default: '2' },
    'delay-ms': { type: 'string', default: '50' },
    'jitter-ms': { type: 'string', default: '20' },
    debug: { type: 'boolean', default: false },
  },
});

/** Accuracies within a point. */
const TOLERANCE = 0.01;
const PORT = 4001;
/** All that is announced but loopback, which leads back to the caller. */
const outside = (addresses) => addresses.filter((address) => !address.includes('/127.0.0.1/'));

function requireTools() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new Error(
      'network namespaces need Linux and root; grapevine simulate and npm run test:e2e need neither',
    );
  for (const tool of ['ip', 'tc', 'nft']) {
    try {
      execFileSync('which', [tool]);
    } catch {
      throw new Error(`${tool} is missing: apt-get install iproute2 nftables socat`);
    }
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
const mega = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

/** The last peer is behind NAT and may reach the first only, which relays for it. */
async function runOnHosts(run) {
  const network = await createNetwork({
    hosts: run.peers,
    bandwidthMbps: Number(values['bandwidth-mbps']),
    lossPercent: Number(values['loss-percent']),
    delayMs: Number(values['delay-ms']),
    jitterMs: Number(values['jitter-ms']),
  });
  try {
    const roundTrips = network.measureRoundTrips();
    const behindNat = run.peers - 1;
    const result = await runSwarm(run, {
      debug: values.debug,
      prefixOf: (peer) => network.prefixOf(peer),
      reachOf: (peer, entrance) => ({
        listen: [`/ip4/0.0.0.0/tcp/${PORT}`],
        relayServer: peer === 0,
        relays: peer === behindNat ? outside(entrance).slice(0, 1) : [],
      }),
      entranceOf: outside,
    });
    return { ...result, interfaces: network.sentBytes(), delayedBy: network.delayedBy, roundTrips };
  } finally {
    network.remove();
  }
}

function runOnLoopback(run) {
  return runSwarm(run, {
    debug: values.debug,
    prefixOf: () => [],
    reachOf: () => ({ listen: ['/ip4/127.0.0.1/tcp/0'] }),
    entranceOf: (addresses) => addresses,
  });
}

function report(hosts, loopback) {
  const accuracy = ({ peers }) => mean(peers.map((peer) => peer.accuracy));
  const difference = Math.abs(accuracy(hosts) - accuracy(loopback));
  console.log('host        round  accuracy   payload       sent by sockets  sent by interface');
  for (const [peer, { round, accuracy, payloadBytes, wireBytes }] of hosts.peers.entries()) {
    const cells = [
      `${peer}${peer === 0 ? ' (relay)' : peer === hosts.peers.length - 1 ? ' (NAT)' : ''}`.padEnd(12),
      String(round).padStart(5),
      accuracy.toFixed(4).padStart(10),
      mega(payloadBytes).padStart(12),
      mega(wireBytes).padStart(16),
      mega(hosts.interfaces[peer]).padStart(18),
    ];
    console.log(cells.join(''));
  }
  const sockets = sum(hosts.peers.map(({ wireBytes }) => wireBytes));
  const interfaces = sum(hosts.interfaces);
  const { samples, min, mean: middle, max } = hosts.roundTrips;
  console.log(
    `delay by ${hosts.delayedBy}: ${samples} round trips of ${min.toFixed(0)} to ${max.toFixed(0)} ms, mean ${middle.toFixed(0)}`,
  );
  console.log(`${hosts.notices.length} notices, an edge left out ${hosts.silences} times`);
  console.log(
    `interfaces sent ${mega(interfaces)}, ${(interfaces / sockets).toFixed(3)} times the sockets' count`,
  );
  console.log(`accuracy on hosts ${accuracy(hosts).toFixed(4)} in ${hosts.seconds.toFixed(0)} s`);
  console.log(`accuracy on loopback ${accuracy(loopback).toFixed(4)} in ${loopback.seconds.toFixed(0)} s`);
  const passed = difference <= TOLERANCE && hosts.failed.length === 0;
  console.log(passed ? '1 passed, 0 failed' : `0 passed, 1 failed`);
  return passed;
}

requireTools();
const flags = Object.fromEntries(
  ['peers', 'rounds', 'topology', 'algorithm', 'compressor']
    .filter((name) => values[name] !== undefined)
    .map((name) => [name, values[name]]),
);
const { run } = await readSettings(flags, {});
const loopback = await runOnLoopback(run);
const hosts = await runOnHosts(run);
process.exitCode = report(hosts, loopback) ? 0 : 1;
