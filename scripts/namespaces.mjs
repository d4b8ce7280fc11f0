/**
 * `npm run test:namespaces [-- --scenario NAME]`: `grapevine peer` on hosts of their own, with bad links and NAT, and the
 * same swarm on loopback beside it. Passes when both reach the same accuracy within a point (two where a scenario
 * disturbs the hosts) and all edges come back. Needs Linux, root, iproute2, nftables, and socat where the kernel has no
 * netem; touches nothing outside the network namespaces that it makes and removes.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { canMakeNamespaces, createNetwork, removeNamespaces } from './namespaces-network.mjs';
import { scenarioFor, scenarios } from './namespaces-scenarios.mjs';
import { killAll, Swarm, simulate } from './namespaces-swarm.mjs';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'nat' },
    peers: { type: 'string', default: '6' },
    rounds: { type: 'string' },
    topology: { type: 'string', default: 'ring' },
    task: { type: 'string' },
    algorithm: { type: 'string' },
    compressor: { type: 'string' },
    'bandwidth-mbps': { type: 'string', default: '5' },
    'loss-percent': { type: 'string', default: '2' },
    'delay-ms': { type: 'string', default: '50' },
    'jitter-ms': { type: 'string', default: '20' },
    'round-trips': { type: 'string', default: '60' },
    /** Only says what is missing, if anything; the exit code says whether. */
    check: { type: 'boolean', default: false },
    /** What the hosts are held to: loopback, the same processes without a network; simulate, the simulator. */
    reference: { type: 'string', default: 'loopback' },
    debug: { type: 'boolean', default: false },
  },
});

const PORT = 4001;
const hostCount = Number(values.peers);
const hosts = Array.from({ length: hostCount }, (_, host) => host);

/** What this machine lacks for network namespaces; null where nothing is. */
function missing() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    return 'network namespaces need Linux and root; grapevine simulate and npm run test:e2e need neither';
  const lacks = ['ip', 'tc', 'nft', 'socat', 'sysctl'].find(
    (tool) => spawnSync('which', [tool]).status !== 0,
  );
  if (lacks !== undefined) return `${lacks} is missing: apt-get install iproute2 nftables socat procps`;
  return canMakeNamespaces()
    ? null
    : 'this machine lets nobody make network namespaces (a container without CAP_SYS_ADMIN?)';
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
const mega = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

function flagsOfRun(scenario) {
  const rounds = values.rounds ?? String(scenario.rounds);
  const named = ['topology', 'task', 'algorithm', 'compressor'].flatMap((name) =>
    values[name] === undefined ? [] : [`--${name}`, values[name]],
  );
  return ['--peers', values.peers, '--rounds', rounds, '--seed', '1', ...named];
}

async function runSwarm(init, disturb) {
  const swarm = new Swarm({ ...init, hosts: hostCount, debug: values.debug });
  try {
    await swarm.start();
    await disturb(swarm);
    return await swarm.finish();
  } finally {
    killAll();
    if (!values.debug) swarm.remove();
  }
}

async function runOnHosts(scenario, runFlags) {
  const network = await createNetwork({
    ...scenario,
    hosts: hostCount,
    bandwidthMbps: Number(values['bandwidth-mbps']),
    lossPercent: Number(values['loss-percent']),
    delayMs: Number(values['delay-ms']),
    jitterMs: Number(values['jitter-ms']),
  });
  try {
    const roundTrips = network.measureRoundTrips(Number(values['round-trips']));
    const init = { runFlags, prefixOf: network.prefixOf, reachOf: scenario.reachOf(network, PORT) };
    const result = await runSwarm(init, (swarm) => scenario.disturb({ swarm, network, hosts }));
    return { ...result, interfaces: network.sentBytes(), delayedBy: network.delayedBy, roundTrips };
  } finally {
    network.remove();
  }
}

function runOnLoopback(runFlags) {
  const reachOf = () => ['--listen', '/ip4/127.0.0.1/tcp/0'];
  return runSwarm({ runFlags, prefixOf: () => [], reachOf }, async () => {});
}

async function referenceOf(runFlags) {
  const { seconds, accuracy } =
    values.reference === 'simulate' ? await simulate(runFlags) : summaryOf(await runOnLoopback(runFlags));
  return { name: values.reference, seconds, accuracy };
}

const summaryOf = ({ seconds, hosts: peers }) => ({
  seconds,
  accuracy: mean(peers.map((peer) => peer.accuracy)),
});

function tableOf({ hosts: peers, interfaces }, { nat }) {
  const rows = peers.map(({ round, accuracy, payloadBytes, wireBytes, edges }, host) => [
    `${host}${host === 0 ? ' (relay)' : nat.includes(host) ? ' (NAT)' : ''}`.padEnd(12),
    String(round).padStart(5),
    accuracy.toFixed(4).padStart(10),
    mega(payloadBytes).padStart(12),
    mega(wireBytes).padStart(16),
    mega(interfaces[host]).padStart(18),
    `${edges.count}${edges.lost.length > 0 ? ` (${edges.lost.join(', ')} for good)` : ''}`.padStart(10),
    `${(edges.longestMs / 1000).toFixed(1)} s`.padStart(10),
  ]);
  const head =
    'host        round  accuracy   payload       sent by sockets  sent by interface  left out   longest';
  return [head, ...rows.map((cells) => cells.join(''))].join('\n');
}

function report(scenario, onHosts, reference) {
  const { accuracy } = summaryOf(onHosts);
  const difference = Math.abs(accuracy - reference.accuracy);
  const sockets = sum(onHosts.hosts.map(({ wireBytes }) => wireBytes));
  const interfaces = sum(onHosts.interfaces);
  const { samples, min, mean: middle, max } = onHosts.roundTrips;
  console.log(`${scenario.name}: ${scenario.about}`);
  console.log(tableOf(onHosts, scenario));
  console.log(
    `delay by ${onHosts.delayedBy}: ${samples} round trips of ${min.toFixed(0)} to ${max.toFixed(0)} ms, mean ${middle.toFixed(0)}`,
  );
  console.log(
    `interfaces sent ${mega(interfaces)}, ${(interfaces / sockets).toFixed(3)} times the sockets' count`,
  );
  console.log(`accuracy on hosts ${accuracy.toFixed(4)} in ${onHosts.seconds.toFixed(0)} s`);
  console.log(
    `accuracy by ${reference.name} ${reference.accuracy.toFixed(4)} in ${reference.seconds.toFixed(0)} s`,
  );
  const lost = onHosts.hosts.filter(({ edges }) => edges.lost.length > 0).length;
  return difference <= scenario.tolerance && lost === 0;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
process.on('exit', () => {
  killAll();
  removeNamespaces();
});
const lacks = missing();
if (lacks !== null || values.check) {
  if (lacks !== null) console.log(lacks);
  process.exit(lacks === null ? 0 : 1);
}
const names = values.scenario === 'all' ? Object.keys(scenarios) : values.scenario.split(',');
const references = new Map();
let failed = 0;
for (const name of names) {
  const scenario = scenarioFor(name, hostCount);
  const runFlags = flagsOfRun(scenario);
  const key = runFlags.join(' ');
  if (!references.has(key)) references.set(key, await referenceOf(runFlags));
  if (!report(scenario, await runOnHosts(scenario, runFlags), references.get(key))) failed++;
}
console.log(`${names.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
