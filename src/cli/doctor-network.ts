/**
 * What `grapevine doctor` says of reachability: whether this machine listens, who can call it, and what another peer
 * sees of it. Judging is apart from looking, so that each verdict can be tested without the network that earns it.
 */
import { createSocket } from 'node:dgram';
import type { NetworkInterfaceInfo } from 'node:os';
import { networkInterfaces } from 'node:os';
import { systemClock } from '../base/clock.js';
import { isGrapevineError, messageOf } from '../base/errors.js';
import { reachOfHost } from '../node/libp2p-address-order.js';
import { createProber, type ProbeReport, type Prober } from '../node/libp2p-probe.js';
import { type Check, ok } from './doctor-checks.js';

export interface NetworkQuestions {
  readonly listen: readonly string[];
  /** A running peer to ask; undefined: none. */
  readonly peer: string | undefined;
  readonly relay: string | undefined;
}

const problem = (name: string, found: string, remedy: string): Check => ({
  name,
  status: 'problem',
  found,
  remedy,
});
const missing = (name: string, found: string, remedy: string): Check => ({
  name,
  status: 'missing',
  found,
  remedy,
});

const FORWARD = 'forward a port to this machine and say --announce /ip4/PUBLIC-ADDRESS/tcp/PORT';
const RELAY = 'or be called through a peer with --relay-server: --relay MULTIADDR';

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

function judgeFamily(family: 'IPv4' | 'IPv6', interfaces: Interfaces): Check {
  const hosts = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter((info) => info.family === family)
    .map(({ address }) => address);
  const open = hosts.filter((host) => reachOfHost(host) === 'public');
  const inner = hosts.filter((host) => reachOfHost(host) === 'private');
  if (open.length > 0) return ok(family, `public: ${open.join(', ')}`);
  if (inner.length > 0 && family === 'IPv4')
    return missing(
      family,
      `private only: ${inner.join(', ')} (behind NAT, or on a network of its own)`,
      `${FORWARD}, ${RELAY}`,
    );
  if (inner.length > 0) return ok(family, `within this network only: ${inner.join(', ')}`);
  const remedy =
    family === 'IPv4' ? 'connect to a network; loopback swarms run without' : 'not needed where IPv4 works';
  return missing(family, hosts.length > 0 ? 'loopback only' : 'none', remedy);
}

/** Whether others can call this machine, as far as its own addresses tell. */
export function judgeAddresses(interfaces: Interfaces): Check[] {
  return [judgeFamily('IPv4', interfaces), judgeFamily('IPv6', interfaces)];
}

/** Certificates, invitations and announcements bear dates; within this nobody notices. */
const MAX_SKEW_MS = 30_000;

export function judgeClock({ clockSkewMs, roundTripMs }: ProbeReport): Check {
  const seconds = (Math.abs(clockSkewMs) / 1000).toFixed(1);
  const found = `${seconds} s ${clockSkewMs >= 0 ? 'behind' : 'ahead of'} the peer's (round trip ${roundTripMs.toFixed(0)} ms)`;
  if (Math.abs(clockSkewMs) <= MAX_SKEW_MS) return ok('clock', found);
  return problem('clock', found, 'set the clock from the network: timedatectl set-ntp true');
}

/** What the peer's view says about NAT and firewalls. */
export function judgeNat({ seenAs, ports, reached }: ProbeReport, own: readonly string[]): Check {
  const name = 'called back';
  if (seenAs === null)
    return missing(
      name,
      'not tried: the peer was reached by way of a relay',
      'ask a peer that can be called directly',
    );
  if (reached === null) return missing(name, 'not tried: the peer was busy', 'ask again');
  const translated = !own.includes(seenAs);
  const where = `${seenAs}${translated ? ', which is no address of this machine (NAT)' : ''}`;
  if (reached.length === ports.length && ports.length > 0) return ok(name, `the peer can call ${where}`);
  if (translated) return missing(name, `the peer sees ${where} and cannot call it`, `${FORWARD}, ${RELAY}`);
  const tcp = ports.map((port) => `TCP ${port}`).join(', ');
  return missing(name, `the peer cannot call ${where}`, `open ${tcp} in this machine's firewall, ${RELAY}`);
}

/** Whether a packet to mDNS's group comes back to this machine, on a port of our own. */
export async function checkMulticast(): Promise<Check> {
  const name = 'multicast';
  const failure = await multicastFailure();
  if (failure === null) return ok(name, 'UDP multicast works on this machine (--mdns)');
  const remedy =
    'in a container use the host network; allow UDP 5353 in the firewall; without --mdns peers join by address';
  return missing(name, failure, remedy);
}

/** mDNS's group (RFC 6762). */
const GROUP = '224.0.0.251';
const MULTICAST_WAIT_MS = 1000;

function multicastFailure(): Promise<string | null> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  return new Promise<string | null>((resolve) => {
    const cancel = systemClock.after(MULTICAST_WAIT_MS, () =>
      resolve('a packet to the group does not come back'),
    );
    socket.on('error', (error) => resolve(error.message)).on('message', () => resolve(null));
    socket.on('close', cancel);
    socket.bind(() => {
      try {
        socket.addMembership(GROUP);
        socket.send('doctor', socket.address().port, GROUP);
      } catch (error) {
        resolve(messageOf(error));
      }
    });
  }).finally(() => socket.close());
}

async function checkPeer(prober: Prober, address: string): Promise<Check[]> {
  try {
    const report = await prober.ask(address);
    const own = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).map((info) => info.address),
    );
    const relays = report.relays ? 'relays for others' : 'does not relay';
    return [ok('peer', `reached ${report.peerId}; ${relays}`), judgeNat(report, own), judgeClock(report)];
  } catch (error) {
    const remedy =
      'see that it runs, that the address is one it prints, and that firewalls let TCP through; a peer with --allow turns others away';
    return [problem('peer', messageOf(error), remedy)];
  }
}

async function checkRelay(prober: Prober, address: string): Promise<Check> {
  try {
    await prober.reserve(address);
    return ok('relay', 'has a place for this machine');
  } catch (error) {
    if (isGrapevineError(error, 'NOT_ADMITTED')) return ok('relay', 'relays, for who has joined its swarm');
    const remedy =
      'start that peer with --relay-server, on an address that everybody can call, or name another';
    return problem('relay', messageOf(error), remedy);
  }
}

/** All checks of reachability. */
export async function checkNetwork({ listen, peer, relay }: NetworkQuestions): Promise<Check[]> {
  const checks = [...judgeAddresses(networkInterfaces()), await checkMulticast()];
  let prober: Prober;
  try {
    prober = await createProber(listen, systemClock);
  } catch (error) {
    const remedy = 'choose another port or interface with --listen; port 0 takes any that is free';
    return [problem('listening', messageOf(error), remedy), ...checks];
  }
  try {
    checks.unshift(ok('listening', prober.addresses.map((text) => text.replace(/\/p2p\/.*/, '')).join(', ')));
    if (peer !== undefined) checks.push(...(await checkPeer(prober, peer)));
    if (relay !== undefined) checks.push(await checkRelay(prober, relay));
    return checks;
  } finally {
    await prober.stop();
  }
}
