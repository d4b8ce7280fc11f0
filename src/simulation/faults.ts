/**
 * The faults a user can name for a simulation: kill:peer=2,at=1500, restart:peer=2,at=1500,after=3000,
 * join:peer=3,at=5000, partition:peers=0+1+4-7,at=1500,for=3000, freeze:peer=3,at=1500,for=2000, slow:peer=3,factor=10
 * and lie:peer=3,attack=sign-flip.
 */
import {
  choiceField,
  createRegistry,
  integerField,
  numberField,
  type OptionField,
  type RegistryEntry,
} from '../base/registry.js';
import { type AttackName, attackNames, createAttack } from './attacks.js';
import type { Fault } from './simulator.js';

const FOREVER_MS = Number.MAX_SAFE_INTEGER;

const kill: RegistryEntry<{ peer: number; at: number }, Fault> = {
  name: 'kill',
  summary: 'the process dies; its neighbors lose their links',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
  },
  make: ({ peer, at }) => ({ type: 'kill', node: peer, atMs: at }),
};

const restart: RegistryEntry<{ peer: number; at: number; after: number }, Fault> = {
  name: 'restart',
  summary: 'the process dies; a new one, without its state, takes its place',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    after: numberField('virtual milliseconds without it', 1000, 0, FOREVER_MS),
  },
  make: ({ peer, at, after }) => ({ type: 'restart', node: peer, atMs: at, afterMs: after }),
};

const join: RegistryEntry<{ peer: number; at: number }, Fault> = {
  name: 'join',
  summary: 'the swarm begins without the peer; it joins later',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 1000, 0, FOREVER_MS),
  },
  make: ({ peer, at }) => ({ type: 'join', node: peer, atMs: at }),
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

const partition: RegistryEntry<{ peers: string; at: number; for?: number; links: 'down' | 'silent' }, Fault> =
  {
    name: 'partition',
    summary: 'no link between these peers and the others, for a while or for good',
    fields: {
      peers: peersField,
      at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
      for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
      links: choiceField<'down' | 'silent'>('down, or silent: neither end is told', 'down', [
        'down',
        'silent',
      ]),
    },
    make: ({ peers, at, for: forMs, links }) => ({
      type: 'partition',
      nodes: readPeers(peers)!,
      atMs: at,
      forMs: forMs ?? Number.POSITIVE_INFINITY,
      silent: links === 'silent',
    }),
  };

const freeze: RegistryEntry<{ peer: number; at: number; for?: number }, Fault> = {
  name: 'freeze',
  summary: 'the process stops answering, for a while or for good',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
  },
  make: ({ peer, at, for: forMs }) => ({
    type: 'freeze',
    node: peer,
    atMs: at,
    forMs: forMs ?? Number.POSITIVE_INFINITY,
  }),
};

const slow: RegistryEntry<{ peer: number; factor: number; at: number; for?: number }, Fault> = {
  name: 'slow',
  summary: 'training takes longer, for a while or for good: a straggler',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    factor: numberField('times as long', 10, 0.001, 1e6),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    for: numberField('virtual milliseconds; absent: for good', undefined, 0, FOREVER_MS),
  },
  make: ({ peer, factor, at, for: forMs }) => ({
    type: 'slow',
    node: peer,
    factor,
    atMs: at,
    forMs: forMs ?? Number.POSITIVE_INFINITY,
  }),
};

const lie: RegistryEntry<{ peer: number; at: number; attack: AttackName; strength?: number }, Fault> = {
  name: 'lie',
  summary: 'the peer claims other parameters than it has trained',
  fields: {
    peer: integerField('node index', 0, 0, 4095),
    at: numberField('virtual milliseconds', 0, 0, FOREVER_MS),
    attack: choiceField<AttackName>('what it claims', attackNames[0], attackNames),
    strength: numberField('steps (10), deviation (1), or deviations (1.5), by attack', undefined, 0, 1e9),
  },
  make: ({ peer, at, ...attack }) => ({ type: 'lie', node: peer, atMs: at, attack: createAttack(attack) }),
};

export const faults = createRegistry<Fault>('fault', [kill, restart, join, partition, freeze, slow, lie]);
