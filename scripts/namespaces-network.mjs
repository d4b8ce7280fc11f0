/**
 * Hosts as network namespaces around a router that makes their links bad.
 *
 *     host            10.77.H.2 --veth-- router
 *     host behind NAT 192.168.77.* --veth-- its gateway (masquerade) 10.77.H.2 --veth-- router
 *
 * Rate: tc tbf at both ends of each host's link. Loss: nftables numgen in the router, once for each packet between two
 * hosts. Delay, one way, uniform around the mean: netem where the kernel has it; else the router routes each packet
 * through a TUN device whose other end (namespaces-delay.mjs) holds it back. Either way packets stay packets: TCP sees
 * the loss, the delay and the reordering of an uneven path. A gateway lets nobody in.
 *
 * Nothing here has a way out of the machine: the router knows these hosts and nobody else, whatever their addresses.
 */
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Of this process alone, so that two of them do not meet. */
const FAMILY = 'gvns';
const PREFIX = `${FAMILY}${process.pid}`;
const ROUTER = `${PREFIX}-router`;
const DELAY_PROGRAM = fileURLToPath(new URL('./namespaces-delay.mjs', import.meta.url));
/** Routing table of packets that have not been delayed yet. */
const DELAY_TABLE = '77';
const DELAY_DEVICE = 'delay';
/** The host's part of its second address (moveHost). */
const SECOND = 102;

/** Calls a port where nobody listens; a lost packet is repeated after a second and would hide the path's own time. */
const ROUND_TRIPS = `
const { connect } = require('node:net');
const times = [];
const call = () => {
  const startedMs = performance.now();
  connect(9, process.argv[1]).on('error', () => {
    times.push(performance.now() - startedMs);
    if (times.length < Number(process.argv[2])) return call();
    const ours = times.filter((ms) => ms < 900);
    const mean = ours.reduce((sum, ms) => sum + ms) / ours.length;
    console.log(JSON.stringify({ samples: ours.length, min: Math.min(...ours), mean, max: Math.max(...ours) }));
  });
};
call();
`;

/** Where hosts are; `publicly` in a range that libp2p counts as public, for what it does between such addresses only. */
function planAddresses(version, publicly) {
  if (version === 6) {
    return {
      version,
      any: '/ip6/::',
      addressOf: (host, part = 2) => `fd00:77:0:${host}::${part}`,
      networkOf: (host) => `fd00:77:0:${host}::/64`,
      routerOf: (host) => `fd00:77:0:${host}::1`,
      innerOf: (host) => `fd00:78::${host + 2}`,
      gateway: 'fd00:78::1',
      prefix: 64,
      match: 'ip6',
    };
  }
  const net = publicly ? '11.77' : '10.77';
  return {
    version,
    any: '/ip4/0.0.0.0',
    addressOf: (host, part = 2) => `${net}.${host}.${part}`,
    networkOf: (host) => `${net}.${host}.0/24`,
    routerOf: (host) => `${net}.${host}.1`,
    innerOf: (host) => `192.168.77.${host + 2}`,
    gateway: '192.168.77.1',
    prefix: 24,
    match: 'ip',
  };
}

const hostName = (host) => `${PREFIX}-${host}`;
const gatewayName = (host) => `${PREFIX}-gateway${host}`;
const ip = (...words) => execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const within = (namespace, ...words) => ip('netns', 'exec', namespace, ...words);

function addNamespace(name) {
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

function addAddress(plan, [space, device, address]) {
  const atOnce = plan.version === 6 ? ['nodad'] : []; // without asking the link for a second whether it is taken
  ip('-n', space, 'addr', 'add', `${address}/${plan.prefix}`, 'dev', device, ...atOnce);
}

/** A cable between two namespaces with an address at each end. */
function connect(plan, from, to) {
  const [fromSpace, fromDevice] = from;
  const [toSpace, toDevice] = to;
  const peer = ['peer', 'name', toDevice, 'netns', toSpace];
  ip('link', 'add', fromDevice, 'netns', fromSpace, 'type', 'veth', ...peer);
  for (const end of [from, to]) {
    addAddress(plan, end);
    ip('-n', end[0], 'link', 'set', end[1], 'up');
  }
}

function routeBy(plan, space, gateway) {
  ip('-n', space, `-${plan.version}`, 'route', 'replace', 'default', 'via', gateway);
}

function limitRate(namespace, device, bandwidthMbps) {
  const rate = ['rate', `${bandwidthMbps}mbit`, 'burst', '16kb', 'latency', '400ms'];
  within(namespace, 'tc', 'qdisc', 'add', 'dev', device, 'root', 'handle', '1:', 'tbf', ...rate);
}

function routePackets(namespace) {
  within(namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  for (const scope of ['all', 'default'])
    within(namespace, 'sysctl', '-qw', `net.ipv4.conf.${scope}.rp_filter=0`);
}

function nft(namespace, ...statements) {
  for (const statement of statements) within(namespace, 'nft', statement);
}

function addHosts(plan, { hosts, nat, natReaches, bandwidthMbps }) {
  addNamespace(ROUTER);
  routePackets(ROUTER);
  for (let host = 0; host < hosts; host++) {
    const space = nat.includes(host) ? gatewayName(host) : hostName(host);
    addNamespace(space);
    connect(plan, [space, 'eth0', plan.addressOf(host)], [ROUTER, `r${host}`, plan.routerOf(host)]);
    routeBy(plan, space, plan.routerOf(host));
    limitRate(space, 'eth0', bandwidthMbps);
    limitRate(ROUTER, `r${host}`, bandwidthMbps);
    if (nat.includes(host)) addHostBehindGateway(plan, host, natReaches);
  }
}

/** @param reaches the hosts that the gateway lets it call; null: all. */
function addHostBehindGateway(plan, host, reaches) {
  const [space, gateway] = [hostName(host), gatewayName(host)];
  addNamespace(space);
  connect(plan, [space, 'eth0', plan.innerOf(host)], [gateway, 'lan0', plan.gateway]);
  routeBy(plan, space, plan.gateway);
  routePackets(gateway);
  const whom = reaches === null ? '' : ` ${plan.match} daddr { ${reaches.map(plan.networkOf).join(', ')} }`;
  nft(
    gateway,
    'add table inet gate',
    'add chain inet gate out { type nat hook postrouting priority 100; }',
    'add rule inet gate out oifname "eth0" masquerade',
    'add chain inet gate pass { type filter hook forward priority 0; policy drop; }',
    'add rule inet gate pass ct state established,related accept',
    `add rule inet gate pass iifname "lan0"${whom} accept`,
  );
}

function addLossAndFaults(lossPercent) {
  nft(
    ROUTER,
    'add table inet path',
    'add chain inet path loss { type filter hook forward priority 0; }',
    `add rule inet path loss oifname "r*" numgen random mod 1000 < ${Math.round(10 * lossPercent)} drop`,
    'add chain inet path cut { type filter hook forward priority 10; }',
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
async function delayByForwarder({ version }, { hosts, delayMs, jitterMs }) {
  const program = [process.execPath, DELAY_PROGRAM, DELAY_DEVICE, String(delayMs), String(jitterMs)];
  const child = spawn('ip', ['netns', 'exec', ROUTER, ...program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) =>
      reject(new Error(`the delaying forwarder ended with ${code}; is socat installed?`)),
    );
  });
  const inRouter = ['-n', ROUTER, `-${version}`];
  ip(...inRouter, 'route', 'add', 'default', 'dev', DELAY_DEVICE, 'table', DELAY_TABLE);
  for (let host = 0; host < hosts; host++)
    ip(...inRouter, 'rule', 'add', 'iif', `r${host}`, 'lookup', DELAY_TABLE);
  return child;
}

const isRunning = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** This process's namespaces, and those of runs that were killed. */
export function removeNamespaces() {
  const names = JSON.parse(ip('-j', 'netns', 'list') || '[]').map(({ name }) => name);
  for (const name of names) {
    const pid = Number(new RegExp(`^${FAMILY}(\\d+)-`).exec(name)?.[1]);
    if (pid === process.pid || (pid > 0 && !isRunning(pid))) ip('netns', 'del', name);
  }
}

/** By trying: with two and a cable, a firewall's table and a rate. */
export function canMakeNamespaces() {
  try {
    const [one, other] = ['a', 'b'].map((end) => `${PREFIX}-${end}`);
    const plan = planAddresses(4, false);
    for (const name of [one, other]) addNamespace(name);
    connect(plan, [one, 'eth0', plan.addressOf(0)], [other, 'eth0', plan.addressOf(0, SECOND)]);
    limitRate(one, 'eth0', 5);
    nft(one, 'add table inet gate', 'add chain inet gate out { type nat hook postrouting priority 100; }');
    nft(
      one,
      'add rule inet gate out oifname "eth0" masquerade',
      'add rule inet gate out numgen random mod 2 < 1 drop',
    );
    return true;
  } catch {
    return false;
  } finally {
    removeNamespaces();
  }
}

/**
 * @param init hosts: how many; nat: those behind a gateway; natReaches: those that gateways let call, null for all;
 *   version 4 or 6; publicly; bandwidthMbps; lossPercent; delayMs; jitterMs
 */
export async function createNetwork(init) {
  const { hosts, version, publicly = false } = init;
  const plan = planAddresses(version, publicly);
  removeNamespaces();
  let forwarder = null;
  const remove = () => {
    forwarder?.stdin.end(); // it ends with its input
    removeNamespaces();
  };
  try {
    addHosts(plan, init);
    addLossAndFaults(init.lossPercent);
    if (!delayByNetem(init)) forwarder = await delayByForwarder(plan, init);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    delayedBy: forwarder === null ? 'netem' : 'the delaying forwarder',
    /** For --listen: on every interface. */
    any: plan.any,
    /** The multiaddr that `host`, or its gateway, has in the middle. */
    addressOf: (host) => `/ip${version}/${plan.addressOf(host)}`,
    /** From host 1 to host 0: how long a refused TCP call takes, lost packets left out. Milliseconds. */
    measureRoundTrips: (samples) =>
      JSON.parse(
        within(hostName(1), process.execPath, '--eval', ROUND_TRIPS, plan.addressOf(0), String(samples)),
      ),
    /** Words before a command that is to run on `host`. */
    prefixOf: (host) => ['ip', 'netns', 'exec', hostName(host)],
    /** Bytes that each host's interface has sent: Ethernet, IP and TCP headers and repetitions included. */
    sentBytes: () =>
      Array.from({ length: hosts }, (_, host) => {
        const [link] = JSON.parse(ip('-n', hostName(host), '-s', '-j', 'link', 'show', 'eth0'));
        return link.stats64.tx.bytes;
      }),
    /** From now on no packet of `from` arrives at `to`. */
    cut(from, to) {
      const [source, target] = [from, to].map((list) => `{ ${list.map(plan.networkOf).join(', ')} }`);
      const packets = `${plan.match} saddr ${source} ${plan.match} daddr ${target}`;
      nft(ROUTER, `add rule inet path cut oifname "r*" ${packets} drop`);
    },
    heal: () => nft(ROUTER, 'flush chain inet path cut'),
    /** Takes the address of `host` away and gives it another one in the same network. */
    moveHost(host) {
      const space = hostName(host);
      ip('-n', space, 'addr', 'del', `${plan.addressOf(host)}/${plan.prefix}`, 'dev', 'eth0');
      addAddress(plan, [space, 'eth0', plan.addressOf(host, SECOND)]);
      routeBy(plan, space, plan.routerOf(host));
    },
    remove,
  };
}
