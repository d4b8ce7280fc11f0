/**
 * The faults a user can name for a simulation: kill:peer=2,at=1500, freeze:peer=3,at=1500,for=2000,
 * slow:peer=3,factor=10 and lie:peer=3,attack=sign-flip.
 */
import {
  choiceField,
  createRegistry,
  integerField,
  numberField,
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

export const faults = createRegistry<Fault>('fault', [kill, freeze, slow, lie]);
