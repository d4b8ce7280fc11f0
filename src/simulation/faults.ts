/**
 * The faults a user can name for a simulation: of one peer (kill:peer=2,at=1500, restart:peer=2,at=1500,after=3000,
 * join:peer=3,at=5000, freeze, away, slow, lie), of the links between some and the others
 * (partition:peers=0+1+4-7,at=1500,for=3000), or of a share of the peers that the seed draws
 * (stragglers:share=0.2,factor=5, churn:up=60000,down=10000).
 */
import { GrapevineError } from '../base/errors.js';
import { createRandom, shuffleInPlace } from '../base/random.js';
import {
  choiceField,
  createRegistry,
  integerField,
  numberField,
  type OptionField,
  type RegistryEntry,
} from '../base/registry.js';
import { type AttackName, attackNames, createAttack } from './attacks.js';
import { absenceAfter, type Fault } from './fault.js';

const FOREVER_MS = Number.MAX_SAFE_INTEGER;

/** What a fault of many needs to know of the swarm. */
export interface FaultScope {
  readonly peers: number;
  readonly seed: number;
}

type FaultPlan = (scope: FaultScope) => readonly Fault[];

const one =
  (fault: Fault): FaultPlan =>
  () => [fault];

const kill: RegistryEntry<{ peer: number; at: number }, FaultPlan> = {
  name: 'kill',
  summary: 'the process dies; its neighbors lose their links',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
  },
  make: ({ peer, at }) => one({ type: 'kill', node: peer, atMs: at }),
};

const restart: RegistryEntry<{ peer: number; at: number; after: number; checkpoint?: number }, FaultPlan> = {
  name: 'restart',
  summary: 'the process dies; a new one, without its state or from its checkpoint, takes its place',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    after: numberField('virtual milliseconds without it', 1000, 0, FOREVER_MS),
    checkpoint: {
      ...integerField('rounds between its checkpoints; absent: it has none', 1, 1, 10_000_000),
      default: undefined,
    },
  },
  make: ({ peer, at, after, checkpoint }) =>
    one({
      type: 'restart',
      node: peer,
      atMs: at,
      afterMs: after,
      ...(checkpoint === undefined ? {} : { checkpointEvery: checkpoint }),
    }),
};

const join: RegistryEntry<{ peer: number; at: number }, FaultPlan> = {
  name: 'join',
  summary: 'the swarm begins without the peer; it joins later',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 1000, 0, FOREVER_MS),
  },
  make: ({ peer, at }) => one({ type: 'join', node: peer, atMs: at }),
};

/** The indices in `text`, 0+1+4-7 for example; null where it is no such list. */
function readPeers(text: string): number[] | null {
  const items = text.split('+').map((item) => /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(item));
  const nodes = items.flatMap((item) => {
    const [first, last] = [Number(item?.[1]), Number(item?.[2] ?? item?.[1])];
    return first <= last ? Array.from({ length: last - first + 1 }, (_, k) => first + k) : [Number.NaN];
  });
  return nodes.every((node) => node <= 4095) ? [...new Set(nodes)] : null;
}

const peersField: OptionField<string> = {
  doc: 'node indices and ranges, 0+1+4-7',
  default: '0',
  read: (text) =>
    readPeers(text) === null ? { wanted: 'indices or ranges, 0+1+4-7 for example' } : { value: text },
};

const partition: RegistryEntry<
  { peers: string; at: number; for?: number; links: 'down' | 'silent' },
  FaultPlan
> = {
  name: 'partition',
  summary: 'no link between these peers and the others, for a while or for good',
  fields: {
    peers: peersField,
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
    links: choiceField<'down' | 'silent'>('down, or silent: neither end is told', 'down', ['down', 'silent']),
  },
  make: ({ peers, at, for: forMs = Number.POSITIVE_INFINITY, links }) =>
    one({
      type: 'partition',
      nodes: readPeers(peers)!,
      atMs: at,
      forMs,
      silent: links === 'silent',
    }),
};

const freeze: RegistryEntry<{ peer: number; at: number; for?: number }, FaultPlan> = {
  name: 'freeze',
  summary: 'the process stops answering, for a while or for good',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
  },
  make: ({ peer, at, for: forMs = Number.POSITIVE_INFINITY }) =>
    one({ type: 'freeze', node: peer, atMs: at, forMs }),
};

const slow: RegistryEntry<{ peer: number; factor: number; at: number; for?: number }, FaultPlan> = {
  name: 'slow',
  summary: 'training takes longer, for a while or for good: a straggler',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    factor: numberField('times as long', 10, 0.001, 1e6),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
  },
  make: ({ peer, factor, at, for: forMs = Number.POSITIVE_INFINITY }) =>
    one({ type: 'slow', node: peer, factor, atMs: at, forMs }),
};

const lie: RegistryEntry<{ peer: number; at: number; attack: AttackName; strength?: number }, FaultPlan> = {
  name: 'lie',
  summary: 'the peer claims other parameters than it has trained',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    attack: choiceField<AttackName>('what it claims', attackNames[0], attackNames),
    strength: numberField('steps (10), deviation (1), or deviations (1.5), by attack', undefined, 0, 1e9),
  },
  make: ({ peer, at, ...attack }) => one({ type: 'lie', node: peer, atMs: at, attack: createAttack(attack) }),
};

const away: RegistryEntry<{ peer: number; at: number; for?: number }, FaultPlan> = {
  name: 'away',
  summary: 'a suspended computer: links down, state kept, back after a while or never',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
  },
  make: ({ peer, at, for: forMs = Number.POSITIVE_INFINITY }) =>
    one({ type: 'away', node: peer, atMs: at, forMs }),
};

/** round(share * peers) of them, ascending; at least one where the share is not 0. */
function drawPeers(share: number, { peers, seed }: FaultScope, purpose: string): number[] {
  const nodes = Array.from({ length: peers }, (_, node) => node);
  shuffleInPlace(createRandom(seed, 'fault', purpose), nodes);
  const count = share === 0 ? 0 : Math.max(1, Math.round(share * peers));
  return nodes.slice(0, count).sort((a, b) => a - b);
}

const stragglers: RegistryEntry<{ share: number; factor: number }, FaultPlan> = {
  name: 'stragglers',
  summary: 'a share of the peers, drawn by the seed, trains slower',
  fields: {
    share: numberField('of the peers', 0.2, 0, 1),
    factor: numberField('times as long', 5, 0.001, 1e6),
  },
  make:
    ({ share, factor }) =>
    (scope) =>
      drawPeers(share, scope, 'stragglers').map((node) => ({
        type: 'slow',
        node,
        factor,
        atMs: 0,
        forMs: Number.POSITIVE_INFINITY,
      })),
};

interface ChurnOptions {
  readonly up: number;
  readonly down: number;
  readonly share: number;
  readonly until?: number;
}

const churn: RegistryEntry<ChurnOptions, FaultPlan> = {
  name: 'churn',
  summary: 'peers go away and come back, with exponential times',
  fields: {
    up: numberField('mean time there, virtual milliseconds', 60_000, 1, FOREVER_MS),
    down: numberField('mean time away, virtual milliseconds', 10_000, 1, FOREVER_MS),
    share: numberField('of the peers that do', 1, 0, 1),
    until: numberField(
      'when nobody leaves any more, virtual milliseconds; absent: never',
      undefined,
      0,
      FOREVER_MS,
    ),
  },
  make:
    ({ share, up, down, until = Number.POSITIVE_INFINITY }) =>
    (scope) =>
      drawPeers(share, scope, 'churn').flatMap((node) => {
        const random = createRandom(scope.seed, 'fault', 'churn', node);
        return absenceAfter(node, 0, { up, down, until, random }) ?? [];
      }),
};

const faults = createRegistry<FaultPlan>('fault', [
  kill,
  restart,
  join,
  partition,
  freeze,
  away,
  slow,
  lie,
  stragglers,
  churn,
]);

/**
 * What `specs` do to a swarm.
 * @throws GrapevineError BAD_SPEC; BAD_CONFIG for a peer that the swarm does not have
 */
export function readFaults(specs: readonly string[], scope: FaultScope): Fault[] {
  return specs.flatMap((spec) =>
    faults
      .resolve(spec)(scope)
      .map((fault) => {
        const nodes = fault.type === 'partition' ? fault.nodes : [fault.node];
        if (nodes.every((node) => node < scope.peers)) return fault;
        throw new GrapevineError(
          'BAD_CONFIG',
          `fault "${spec}": wanted a peer from 0 to ${scope.peers - 1}.`,
        );
      }),
  );
}
