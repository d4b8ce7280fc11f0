/** The algorithms a user can name. A new one is a file beside this and one line here. */

import { createRegistry, numberField, type OptionField, type RegistryEntry } from '../base/registry.js';
import { compressors } from '../compression/registry.js';
import type { AnyAlgorithm } from './algorithm.js';
import { type ChocoOptions, createChocoGossip } from './choco-gossip.js';
import { createEdgeChoco, type EdgeChocoOptions } from './edge-choco.js';
import { createExactGossip } from './exact-gossip.js';

const exact: RegistryEntry<Record<never, never>, AnyAlgorithm> = {
  name: 'exact',
  summary: 'exact gossip of uncompressed parameters (D-PSGD)',
  fields: {},
  make: (_options, spec) => createExactGossip(spec),
};

const gammaOrAuto: OptionField<number | 'auto'> = {
  doc: 'consensus step in (0, 1], or auto: from the measured contraction',
  default: 'auto',
  read(text) {
    const value = Number(text);
    if (text === 'auto') return { value: 'auto' };
    return value > 0 && value <= 1 ? { value } : { wanted: 'auto or a number above 0, at most 1' };
  },
};

const choco: RegistryEntry<ChocoOptions, AnyAlgorithm> = {
  name: 'choco',
  summary: 'CHOCO-Gossip: one public replica a node (Koloskova et al. 2019)',
  fields: { gamma: gammaOrAuto },
  make: (options, spec) => createChocoGossip(options, spec, compressors.resolve('none')),
};

const edgeChoco: RegistryEntry<EdgeChocoOptions, AnyAlgorithm> = {
  name: 'edge-choco',
  summary: 'CHOCO with mirrored replicas per edge: stable at gamma 1 with low rank',
  fields: { gamma: numberField('consensus step', 1, 0.01, 2) },
  make: (options, spec) => createEdgeChoco(options, spec),
};

export const algorithms = createRegistry<AnyAlgorithm>('algorithm', [edgeChoco, choco, exact]);
