/**
 * The server-worker algorithms a user can name, by the grammar of all names: `ef21:up="top-k:fraction=0.1"`. `up` is
 * the workers' compressor and `down` the hub's, each a compressor or `exact` (float64, whole). A new algorithm is a file
 * beside this and an entry here.
 */

import { isGrapevineError } from '../../base/errors.js';
import {
  type AnyEntry,
  choiceField,
  createRegistry,
  integerField,
  numberField,
  type OptionField,
  type RegistryEntry,
} from '../../base/registry.js';
import type { AnyAlgorithm } from '../algorithm.js';
import { type ArtemisOptions, createArtemis } from './artemis.js';
import { createDiana, type DianaOptions } from './diana.js';
import { createEf21, type Ef21Options } from './ef21.js';
import { createErrorFeedback, type ErrorFeedbackOptions } from './error-feedback-sgd.js';
import type { AnyHubAlgorithm } from './hub-algorithm.js';
import { createMarina, type MarinaOptions } from './marina.js';
import { createOlga, type OlgaOptions } from './olga.js';
import { createPeerAlgorithm } from './peer-algorithm.js';
import { createPowerSgd, type PowerSgdOptions } from './power-sgd.js';
import { canonicalCodec } from './vector-codec.js';

/** A compressor's spec, canonical; in quotes where it has a comma. */
function codecField(doc: string, fallback: string): OptionField<string> {
  return {
    doc,
    default: canonicalCodec(fallback),
    read(text) {
      try {
        return { value: canonicalCodec(text) };
      } catch (error) {
        if (!isGrapevineError(error)) throw error;
        return { wanted: `exact or a compressor (${error.message})` };
      }
    },
  };
}

const gamma = numberField("step size; 0: by the paper's formula, in a swarm 1", 0, 0, 1e6);
const down = codecField("compressor of the hub's steps", 'none');
const unbiased = 'rand-k:fraction=0.1,scaled=1';
const contraction = 'top-k:fraction=0.1';

const errorFeedback: RegistryEntry<ErrorFeedbackOptions, AnyHubAlgorithm> = {
  name: 'ef',
  summary: 'error feedback: what was not sent is sent later (Seide et al. 2014, Stich et al. 2018)',
  fields: { up: codecField("the workers' contraction", contraction), down, gamma },
  make: createErrorFeedback,
};

const ef21: RegistryEntry<Ef21Options, AnyHubAlgorithm> = {
  name: 'ef21',
  summary:
    'compressed differences to gradient estimates, no noise floor (Richtarik et al. 2021); eta < 1: EF21-SGDM',
  fields: {
    up: codecField("the workers' contraction", contraction),
    down,
    gamma,
    eta: numberField('momentum: weight of the new gradient; 1 is EF21', 1, 1e-6, 1),
  },
  make: createEf21,
};

const diana: RegistryEntry<DianaOptions, AnyHubAlgorithm> = {
  name: 'diana',
  summary: 'unbiased compression of gradient differences (Mishchenko et al. 2019)',
  fields: { up: codecField("the workers' unbiased compressor", unbiased), down, gamma },
  make: createDiana,
};

const marina: RegistryEntry<MarinaOptions, AnyHubAlgorithm> = {
  name: 'marina',
  summary: 'compressed differences of consecutive gradients, whole ones now and then (Gorbunov et al. 2021)',
  fields: {
    up: codecField("the workers' unbiased compressor", unbiased),
    down,
    gamma,
    p: numberField('probability of whole gradients; 0: 1 / (1 + U)', 0, 0, 1),
  },
  make: createMarina,
};

const artemis: RegistryEntry<ArtemisOptions, AnyHubAlgorithm> = {
  name: 'artemis',
  summary: 'both directions compressed, memories, partial participation (Philippenko and Dieuleveut 2020)',
  fields: {
    up: codecField("the workers' unbiased compressor", 'qsgd:levels=1'),
    down: codecField("the hub's unbiased compressor", 'qsgd:levels=1'),
    gamma,
    p: numberField('probability with which a worker takes part in a round', 1, 1e-3, 1),
    memory: choiceField('1: workers and hub remember gradients', 1, [0, 1]),
    average: choiceField('1: the model is the Polyak-Ruppert average', 0, [0, 1]),
  },
  make: createArtemis,
};

const olgaFields = {
  p: numberField('inner steps are 1 / p on average; 0: by the formula', 0, 0, 1),
  theta: numberField('inner step size; 0: by the formula', 0, 0, 1e9),
};

const olga: RegistryEntry<OlgaOptions, AnyHubAlgorithm> = {
  name: 'olga',
  summary:
    'accelerated, by similar data: proximal steps on the data of the server (Bylinkin and Beznosikov 2024)',
  fields: { up: codecField("the workers' unbiased compressor", unbiased), ...olgaFields },
  make: (options, spec) => createOlga(options, spec, 'unbiased'),
};

const efOlga: RegistryEntry<OlgaOptions, AnyHubAlgorithm> = {
  name: 'ef-olga',
  summary: 'OLGA with contractions and error feedback (Bylinkin and Beznosikov 2024)',
  fields: { up: codecField("the workers' contraction", contraction), ...olgaFields },
  make: (options, spec) => createOlga(options, spec, 'error feedback'),
};

const powerSgd: RegistryEntry<PowerSgdOptions, AnyHubAlgorithm> = {
  name: 'power-sgd',
  summary: 'one warm power iteration of the mean gradient a step, with error feedback (Vogels et al. 2019)',
  fields: {
    rank: integerField('columns of each factor', 2, 1, 1024),
    gamma,
    momentum: numberField('lambda of the momentum, applied after decompression', 0, 0, 0.999),
  },
  make: createPowerSgd,
};

const entries: readonly AnyEntry<AnyHubAlgorithm>[] = [
  errorFeedback,
  ef21,
  diana,
  artemis,
  marina,
  olga,
  efOlga,
  powerSgd,
];

/** Resolves specs such as `diana:up=natural`, for run-hub.ts. */
export const hubAlgorithms = createRegistry<AnyHubAlgorithm>('hub algorithm', entries);

/** The same as algorithms of a swarm. */
export const hubAlgorithmsOfPeers: readonly AnyEntry<AnyAlgorithm>[] = entries.map((entry) => ({
  ...entry,
  make: (options, spec) => createPeerAlgorithm(entry.name, entry.make(options, spec)),
}));
