/**
 * What happens to the hosts of a run (namespaces.mjs). Each scenario says which network there is, how hosts are reached,
 * what befalls them once the founder has done some rounds, and how far accuracy may then be from the loopback run's.
 */
import { setTimeout as wait } from 'node:timers/promises';

/** Longer than the 6 s after which a silent neighbor is left out, and than TCP's patience with a lost packet. */
const FAULT_MS = 20_000;
/** For what befalls one host for a while: accuracy within two points. */
const DISTURBED = 0.02;

/** Host 0 founds the swarm and relays; the hosts in `nat` announce their place there. */
const reach =
  ({ nat, announces }) =>
  (network, port) =>
  (host, relay) => [
    '--listen',
    `${network.any}/tcp/${port}`,
    ...(host === 0 ? ['--relay-server'] : []),
    ...(host === 0 && announces ? ['--announce', `${network.addressOf(0)}/tcp/${port}`] : []),
    ...(nat.includes(host) ? ['--relay', relay] : []),
  ];

/**
 * about: for the report; rounds: unless --rounds says; nat, natReaches, version, publicly: the network's; announces: host 0 says
 * --announce; disturb: what
 * happens to it; tolerance of accuracy.
 */
export const scenarios = {
  nat: {
    about:
      'the last host is behind NAT and may call the founder only: its other edge goes by way of the relay',
    rounds: 100,
    nat: [-1],
    natReaches: [0],
  },
  ipv6: {
    about: 'the same over IPv6',
    rounds: 100,
    version: 6,
    nat: [-1],
    natReaches: [0],
  },
  'two-nats': {
    about: 'the last two hosts are neighbors behind NATs of their own, and link by way of the relay',
    rounds: 100,
    nat: [-2, -1],
  },
  public: {
    about:
      'the same with addresses that libp2p counts as public: the ones between which it tries to punch holes',
    rounds: 100,
    publicly: true,
    announces: false,
    nat: [-2, -1],
  },
  moved: {
    about: 'host 2 gets another address in mid-run',
    rounds: 250,
    nat: [-1],
    tolerance: DISTURBED,
    async disturb({ swarm, network }) {
      await swarm.reached(40);
      network.moveHost(2);
    },
  },
  asleep: {
    about: `host 3 is suspended for ${FAULT_MS / 1000} s`,
    rounds: 250,
    nat: [-1],
    tolerance: DISTURBED,
    async disturb({ swarm }) {
      await swarm.reached(40);
      swarm.signal(3, 'SIGSTOP');
      await wait(FAULT_MS);
      swarm.signal(3, 'SIGCONT');
    },
  },
  partition: {
    about: `no packet passes between hosts 0 to 2 and the others for ${FAULT_MS / 1000} s`,
    rounds: 250,
    nat: [-1],
    tolerance: DISTURBED,
    async disturb({ swarm, network, hosts }) {
      await swarm.reached(40);
      const [one, other] = [hosts.slice(0, 3), hosts.slice(3)];
      network.cut(one, other);
      network.cut(other, one);
      await wait(FAULT_MS);
      network.heal();
    },
  },
  'half-open': {
    about: `packets of host 1 do not arrive at host 2 for ${FAULT_MS / 1000} s; those of host 2 do`,
    rounds: 250,
    nat: [-1],
    tolerance: DISTURBED,
    async disturb({ swarm, network }) {
      await swarm.reached(40);
      network.cut([1], [2]);
      await wait(FAULT_MS);
      network.heal();
    },
  },
  relay: {
    about: 'the founder, which relays, is killed, and started again after 5 s from its run directory',
    rounds: 250,
    nat: [-1],
    natReaches: [0],
    tolerance: DISTURBED,
    async disturb({ swarm }) {
      await swarm.reached(40);
      await swarm.restart(0, 5000);
    },
  },
};

/** A scenario for so many hosts: -1 is the last of them. */
export function scenarioFor(name, hosts) {
  const scenario = scenarios[name];
  if (scenario === undefined)
    throw new Error(`--scenario ${name}: wanted one of ${Object.keys(scenarios).join(', ')}`);
  const nat = (scenario.nat ?? []).map((host) => (host < 0 ? hosts + host : host));
  return {
    version: 4,
    natReaches: null,
    tolerance: 0.01,
    disturb: async () => {},
    ...scenario,
    name,
    nat,
    reachOf: reach({ nat, announces: scenario.announces !== false }),
  };
}
