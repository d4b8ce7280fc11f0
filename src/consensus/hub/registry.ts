/**
 * The server-worker algorithms a user can name, by the grammar of all names: `ef21:up="top-k:fraction=0.1"`. `up` is
 * the workers' compressor and `down` the hub's, each a compressor or `exact` (float64, whole). A new algorithm is a file
 * beside this and an entry here.
 */

import { isGrapevineError } from '../../base/errors.js';
import { createRegistry, numberField, type OptionField, type RegistryEntry } from '../../base/registry.js';
import { createDiana, type DianaOptions } from './diana.js';
import { createEf21, type Ef21Options } from './ef21.js';
import { createErrorFeedback, type ErrorFeedbackOptions } from './error-feedback-sgd.js';
import type { AnyHubAlgorithm } from './hub-algorithm.js';
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

const gamma = numberField("step size; 0: by the paper's formula", 0, 0, 1e6);
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

export const hubAlgorithms = createRegistry<AnyHubAlgorithm>('hub algorithm', [errorFeedback, ef21, diana]);
