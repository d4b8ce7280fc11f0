/**
 * Hosts as network namespaces around a router that makes their links bad.
 *
 *     host 0..n-2  10.77.I.2  --veth--  router  --veth--  gateway 10.77.N.2 (masquerade)  --veth--  host n-1 192.168.77.2
 *
 * Rate: tc tbf at both ends of each host's link. Loss: nftables numgen in the router, once for each packet between two
 * hosts. Delay, one way, uniform around the mean: netem where the kernel has it; else the router routes each packet
 * through a TUN device whose other end (namespaces-delay.mjs) holds it back. Either way packets stay packets: TCP sees
 * the loss, the delay and the reordering of an uneven path. The gateway lets the host behind it reach host 0 alone and
 * lets nobody in.
 */
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PREFIX = 'gvns';
const ROUTER = `${PREFIX}-router`;
const GATEWAY = `${PREFIX}-gateway`;
const DELAY_PROGRAM = fileURLToPath(new URL('./namespaces-delay.mjs', import.meta.url));
/** Routing table of packets that have not been delayed yet. */
const DELAY_TABLE = '77';
const DELAY_DEVICE = `${PREFIX}-delay`;

/** Calls a port where nobody listens; a lost packet is repeated after a second and would hide the path's own time. */
const ROUND_TRIPS = `
const { connect } = require('node:net');
const times = [];
const call = () => {
  const startedMs = performance.now();
  connect(9, '10.77.0.2').on('error', () => {
    times.push(performance.now() - startedMs);
    if (times.length < 60) return call();
    const ours = times.filter((ms) => ms < 900);
    const mean = ours.reduce((sum, ms) => sum + ms) / ours.length;
    console.log(JSON.stringify({ samples: ours.length, min: Math.min(...ours), mean, max: Math.max(...ours) }));
  });
};
call();
`;

const hostName = (host) => `${PREFIX}-${host}`;
const ip = (...words) => execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const within = (namespace, ...words) => ip('netns', 'exec', namespace, ...words);

function addNamespace(name) {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

/** A cable between two namespaces with an address at each end. */
function connect([fromSpace, fromDevice, fromAddress], [toSpace, toDevice, toAddress]) {
  ip(
    'link',
    'add',
    fromDevice,
    'netns',
    fromSpace,
    'type',
    'veth',
    'peer',
    'name',
    toDevice,
    'netns',
    toSpace,
  );
  ip('-n', fromSpace, 'addr', 'add', fromAddress, 'dev', fromDevice);
  ip('-n', toSpace, 'addr', 'add', toAddress, 'dev', toDevice);
  ip('-n', fromSpace, 'link', 'set', fromDevice, 'up');
  ip('-n', toSpace, 'link', 'set', toDevice, 'up');
}

function limitRate(namespace, device, bandwidthMbps) {
  const rate = ['rate', `${bandwidthMbps}mbit`, 'burst', '16kb', 'latency', '400ms'];
  within(namespace, 'tc', 'qdisc', 'add', 'dev', device, 'root', 'handle', '1:', 'tbf', ...rate);
}

function routePackets(namespace) {
  within(namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  for (const scope of ['all', 'default'])
    within(namespace, 'sysctl', '-qw', `net.ipv4.conf.${scope}.rp_filter=0`);
}

function nft(namespace, ...statements) {
  for (const statement of statements) within(namespace, 'nft', statement);
}

function addHosts({ hosts, bandwidthMbps }) {
  addNamespace(ROUTER);
  routePackets(ROUTER);
  for (let host = 0; host < hosts; host++) {
    const isLast = host === hosts - 1;
    const space = isLast ? GATEWAY : hostName(host);
    addNamespace(space);
    connect([space, 'eth0', `10.77.${host}.2/24`], [ROUTER, `r${host}`, `10.77.${host}.1/24`]);
    ip('-n', space, 'route', 'add', 'default', 'via', `10.77.${host}.1`);
    limitRate(space, 'eth0', bandwidthMbps);
    limitRate(ROUTER, `r${host}`, bandwidthMbps);
  }
}

function addHostBehindGateway(host) {
  addNamespace(hostName(host));
  connect([hostName(host), 'eth0', '192.168.77.2/24'], [GATEWAY, 'lan0', '192.168.77.1/24']);
  ip('-n', hostName(host), 'route', 'add', 'default', 'via', '192.168.77.1');
  routePackets(GATEWAY);
  nft(
    GATEWAY,
    'add table ip gate',
    'add chain ip gate out { type nat hook postrouting priority 100; }',
    'add rule ip gate out oifname "eth0" masquerade',
    'add chain ip gate pass { type filter hook forward priority 0; policy drop; }',
    'add rule ip gate pass ct state established,related accept',
    'add rule ip gate pass iifname "lan0" ip daddr 10.77.0.2 accept',
  );
}

/** @returns whether the kernel has netem. */
function delayByNetem({ hosts, delayMs, jitterMs }) {
  try {
    for (let host = 0; host < hosts; host++) {
      const words = ['parent', '1:1', 'handle', '10:', 'netem', 'delay', `${delayMs}ms`, `${jitterMs}ms`];
      within(ROUTER, 'tc', 'qdisc', 'add', 'dev', `r${host}`, ...words);
    }
    return true;
  } catch {
    return false;
  }
}

/** Starts the forwarder and sends through it all that comes from hosts. */
async function delayByForwarder({ hosts, delayMs, jitterMs }) {
  const program = [process.execPath, DELAY_PROGRAM, DELAY_DEVICE, String(delayMs), String(jitterMs)];
  const child = spawn('ip', ['netns', 'exec', ROUTER, ...program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) =>
      reject(new Error(`the delaying forwarder ended with ${code}; is socat installed?`)),
    );
  });
  ip('-n', ROUTER, 'route', 'add', 'default', 'dev', DELAY_DEVICE, 'table', DELAY_TABLE);
  for (let host = 0; host < hosts; host++)
    ip('-n', ROUTER, 'rule', 'add', 'iif', `r${host}`, 'lookup', DELAY_TABLE);
  return child;
}

function removeAll(hosts) {
  for (const name of [ROUTER, GATEWAY, ...Array.from({ length: hosts }, (_, host) => hostName(host))]) {
    try {
      ip('netns', 'del', name);
    } catch {
      // it was never made
    }
  }
}

export async function createNetwork(init) {
  const { hosts, lossPercent } = init;
  removeAll(hosts); // of a run that was killed
  let forwarder = null;
  const remove = () => {
    forwarder?.stdin.end(); // it ends with its input
    removeAll(hosts);
  };
  try {
    addHosts(init);
    addHostBehindGateway(hosts - 1);
    nft(
      ROUTER,
      'add table ip path',
      'add chain ip path loss { type filter hook forward priority 0; }',
      `add rule ip path loss oifname "r*" numgen random mod 1000 < ${Math.round(10 * lossPercent)} drop`,
    );
    if (!delayByNetem(init)) forwarder = await delayByForwarder(init);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    delayedBy: forwarder === null ? 'netem' : 'the delaying forwarder',
    /** Between two hosts: how long a refused TCP call takes, lost packets left out. Milliseconds. */
    measureRoundTrips: () => JSON.parse(within(hostName(1), process.execPath, '--eval', ROUND_TRIPS)),
    /** Words before a command that is to run on `host`. */
    prefixOf: (host) => ['ip', 'netns', 'exec', hostName(host)],
    /** Bytes that each host's interface has sent: Ethernet, IP and TCP headers and repetitions included. */
    sentBytes: () =>
      Array.from({ length: hosts }, (_, host) => {
        const [link] = JSON.parse(ip('-n', hostName(host), '-s', '-j', 'link', 'show', 'eth0'));
        return link.stats64.tx.bytes;
      }),
    remove,
  };
}
