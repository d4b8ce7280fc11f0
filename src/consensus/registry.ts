/** The algorithms a user can name. A new one is a file beside this and one line here. */

import { GrapevineError } from '../base/errors.js';
import {
  choiceField,
  createRegistry,
  integerField,
  numberField,
  type OptionField,
  type RegistryEntry,
} from '../base/registry.js';
import type { Compressor } from '../compression/compressor.js';
import { compressors } from '../compression/registry.js';
import { createAdPsgd } from './ad-psgd.js';
import type { AnyAlgorithm } from './algorithm.js';
import { createTrackedChoco } from './beer.js';
import { type ChebyshevOptions, createChebyshevGossip } from './chebyshev-gossip.js';
import { type ChocoOptions, createChocoGossip } from './choco-gossip.js';
import { createClippedGossip } from './clipped-gossip.js';
import type { Clipping } from './clipping.js';
import { createDeepSqueeze, type DeepSqueezeOptions } from './deep-squeeze.js';
import { createEdgeChoco } from './edge-choco.js';
import { createExactDiffusion } from './exact-diffusion.js';
import { createAllReduce, createExactGossip, type MixingOrder } from './exact-gossip.js';
import { createGradientTracking } from './gradient-tracking.js';
import { hubAlgorithmsOfPeers } from './hub/registry.js';
import { createLead, type LeadOptions } from './lead.js';
import { createNearestNeighbor, type NearestNeighborOptions } from './nearest-neighbor.js';
import { createGasLoC, createNoLoCo, type GasLoCOptions, type NoLoCoOptions } from './outer-momentum.js';
import { createPowerGossip } from './power-gossip.js';
import { createPushSum, type PushSumOptions } from './push-sum.js';
import { createReplicaPsgd } from './replica-psgd.js';

type Nothing = Record<never, never>;

const identity = compressors.resolve('none');

const orders = ['adapt-then-combine', 'combine-then-adapt'] as const;

const exact: RegistryEntry<{ readonly order?: MixingOrder }, AnyAlgorithm> = {
  name: 'exact',
  summary: 'exact gossip of uncompressed parameters (D-PSGD)',
  fields: {
    order: {
      ...choiceField<MixingOrder>(
        'adapt-then-combine (unless given), or combine-then-adapt',
        orders[0],
        orders,
      ),
      default: undefined, // so that the default's canonical spec is "exact", as it always was
    },
  },
  make: ({ order }, spec) => createExactGossip(spec, order),
};

const allReduce: RegistryEntry<Nothing, AnyAlgorithm> = {
  name: 'all-reduce',
  summary: 'the exact average each round, on a complete graph: the upper baseline',
  fields: {},
  make: (_options, spec) => createAllReduce(spec),
};

const chebyshev: RegistryEntry<ChebyshevOptions, AnyAlgorithm> = {
  name: 'chebyshev',
  summary: 'exact gossip, several accelerated exchanges a round (Scaman et al. 2017)',
  fields: { exchanges: integerField('exchanges a round', 4, 1, 1000) },
  make: (options, spec) => createChebyshevGossip(options, spec),
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

const chocoGamma: OptionField<number | 'auto' | 'theory'> = {
  doc: "consensus step in (0, 1], auto: from the measured contraction, or theory: the theorem's, far smaller",
  default: 'auto',
  read: (text) => (text === 'theory' ? { value: 'theory' } : gammaOrAuto.read(text)),
};

const choco: RegistryEntry<ChocoOptions, AnyAlgorithm> = {
  name: 'choco',
  summary: 'CHOCO-Gossip: one public replica a node (Koloskova et al. 2019)',
  fields: { gamma: chocoGamma },
  make: (options, spec) => createChocoGossip(options, spec, identity),
};

/** More than any peer that can tell liars from the others has neighbors. */
const MAX_BYZANTINE = 1024;

const byzantineField: OptionField<number> = integerField('how many neighbors may lie', 1, 0, MAX_BYZANTINE);

function radiusField<T extends number | string>(doc: string, words: readonly T[]): OptionField<number | T> {
  return {
    doc,
    default: words[0],
    read(text) {
      const word = words.find((one) => one === text);
      if (word !== undefined) return { value: word };
      const value = Number(text);
      return value > 0 && Number.isFinite(value)
        ? { value }
        : { wanted: `${words.join(', ')} or a number above 0` };
    },
  };
}

/** How an algorithm that compresses bounds what a neighbor moves; both absent where it does not. */
interface ClipOptions {
  readonly clip?: number | 'auto' | 'none';
  readonly byzantine?: number;
}

const clipFields = {
  clip: {
    ...radiusField<'none' | 'auto'>('most that a neighbor moves: none, auto or a radius', ['none', 'auto']),
    default: undefined, // so that specs without it stay what they were
  },
  byzantine: { ...byzantineField, doc: 'with clip=auto, how many neighbors may lie', default: undefined },
};

/** @throws GrapevineError BAD_SPEC where byzantine says nothing */
function completeClip<T extends ClipOptions>(options: T): T {
  const { clip = 'none', byzantine, ...rest } = options;
  if (clip === 'auto') return { ...options, byzantine: byzantine ?? 1 };
  if (byzantine === undefined) return (clip === 'none' ? rest : options) as T;
  throw new GrapevineError('BAD_SPEC', `byzantine=${byzantine} belongs to clip=auto, got clip=${clip}.`);
}

function clippingOf({ clip = 'none', byzantine = 1 }: ClipOptions): Clipping | null {
  return clip === 'none' ? null : { radius: clip, byzantine, identity };
}

const edgeChoco: RegistryEntry<{ readonly gamma: number } & ClipOptions, AnyAlgorithm> = {
  name: 'edge-choco',
  summary: 'CHOCO with mirrored replicas per edge: stable at gamma 1 with low rank',
  fields: { gamma: numberField('consensus step', 1, 0.01, 2), ...clipFields },
  complete: completeClip,
  make: (options, spec) =>
    createEdgeChoco({ gamma: options.gamma, clipping: clippingOf(options) }, spec, identity),
};

const clippedGossip: RegistryEntry<
  { readonly radius: number | 'auto'; readonly byzantine: number },
  AnyAlgorithm
> = {
  name: 'clipped-gossip',
  summary: 'exact gossip that bounds what a neighbor moves (He et al. 2022)',
  fields: {
    radius: radiusField<'auto'>('most that a neighbor moves, or auto: from the distances', ['auto']),
    byzantine: { ...byzantineField, doc: 'with radius=auto, how many neighbors may lie' },
  },
  make: (options, spec) => createClippedGossip({ ...options, identity }, spec),
};

const nearestNeighbor: RegistryEntry<NearestNeighborOptions, AnyAlgorithm> = {
  name: 'nearest-neighbor',
  summary: 'mean of the nearest models; does not keep the mean (Farhadkhani et al. 2023)',
  fields: { byzantine: byzantineField },
  make: (options, spec) => createNearestNeighbor(options, spec),
};

/** More exchanges than any model needs before the next step. */
const MAX_ITERATIONS = 64;
const MAX_RANK = 1024;
/** A bucket is a number of 16 bits; longer vectors have one scale for the whole message. */
const MAX_BUCKET = 65_535;

function messageCompressor(bits: number, length: number): Compressor {
  if (bits === 32) return identity;
  return compressors.resolve(`quantize:bits=${bits},bucket=${length <= MAX_BUCKET ? length : 0}`);
}

function diffusionField(standard: number | 'auto'): OptionField<number | 'auto'> {
  return {
    doc: 'factor of the mixing weights in (0, 2], or auto: the best constant step of the graph',
    default: standard,
    read(text) {
      const value = Number(text);
      if (text === 'auto') return { value: 'auto' };
      return value >= 0.01 && value <= 2 ? { value } : { wanted: 'auto or a number from 0.01 to 2' };
    },
  };
}

const powerGossip: RegistryEntry<
  { readonly rank: number; readonly iterations: number; readonly diffusion: number | 'auto' },
  AnyAlgorithm
> = {
  name: 'power-gossip',
  summary: 'low-rank differences found by the two ends together (Vogels et al. 2020)',
  fields: {
    rank: integerField('columns of each factor', 1, 1, MAX_RANK),
    iterations: integerField('half power iterations, each an exchange, a round', 1, 1, MAX_ITERATIONS),
    diffusion: diffusionField(1),
  },
  make: (options, spec) =>
    createPowerGossip({ ...options, bits: 32, reference: false }, spec, messageCompressor),
};

const pgq: RegistryEntry<
  {
    readonly rank: number;
    readonly iterations: number;
    readonly bits: number;
    readonly diffusion: number | 'auto';
  } & ClipOptions,
  AnyAlgorithm
> = {
  name: 'pgq',
  summary: 'PowerGossip with quantized messages against a shared reference',
  fields: {
    rank: integerField('columns of each factor', 4, 1, MAX_RANK),
    iterations: integerField('half power iterations, each an exchange, a round', 4, 1, MAX_ITERATIONS),
    bits: choiceField('bits a number; 32 is float32', 4, [2, 3, 4, 5, 6, 7, 8, 12, 16, 32]),
    diffusion: diffusionField('auto'),
    ...clipFields,
  },
  complete: completeClip,
  make: ({ rank, iterations, bits, diffusion, ...clip }, spec) => {
    const options = { rank, iterations, bits, diffusion, reference: true, clipping: clippingOf(clip) };
    return createPowerGossip(options, spec, messageCompressor);
  },
};

const adPsgd: RegistryEntry<Nothing, AnyAlgorithm> = {
  name: 'ad-psgd',
  summary: 'average with one random neighbor a round (Lian et al. 2018)',
  fields: {},
  make: (_options, spec) => createAdPsgd(spec),
};

const dcd: RegistryEntry<Nothing, AnyAlgorithm> = {
  name: 'dcd',
  summary: 'DCD-PSGD: compressed differences, for little noise (Tang et al. 2018)',
  fields: {},
  make: (_options, spec) => createReplicaPsgd('dcd', spec, identity),
};

const ecd: RegistryEntry<Nothing, AnyAlgorithm> = {
  name: 'ecd',
  summary: 'ECD-PSGD: compressed extrapolations, for very little noise (Tang et al. 2018)',
  fields: {},
  make: (_options, spec) => createReplicaPsgd('ecd', spec, identity),
};

const deepSqueeze: RegistryEntry<DeepSqueezeOptions, AnyAlgorithm> = {
  name: 'deep-squeeze',
  summary: 'error-compensated values, without replicas (Tang et al. 2019)',
  fields: { gamma: gammaOrAuto },
  make: (options, spec) => createDeepSqueeze(options, spec),
};

const gradientTracking: RegistryEntry<Nothing, AnyAlgorithm> = {
  name: 'gradient-tracking',
  summary: 'exact gossip of parameters and of a tracker of the mean gradient',
  fields: {},
  make: (_options, spec) => createGradientTracking(spec),
};

const d2: RegistryEntry<Nothing, AnyAlgorithm> = {
  name: 'd2',
  summary: 'D-squared, exact diffusion: no bias from data that differ (Tang et al. 2018)',
  fields: {},
  make: (_options, spec) => createExactDiffusion(spec),
};

const beer: RegistryEntry<{ readonly gamma: number | 'auto' }, AnyAlgorithm> = {
  name: 'beer',
  summary: 'gradient tracking by CHOCO replicas (Zhao et al. 2022)',
  fields: { gamma: gammaOrAuto },
  make: ({ gamma }, spec) => createTrackedChoco('beer', { gamma, lambda: 1 }, { spec, identity }),
};

const motef: RegistryEntry<{ readonly gamma: number | 'auto'; readonly lambda: number }, AnyAlgorithm> = {
  name: 'motef',
  summary: 'BEER with a momentum that is tracked (Islamov et al. 2025)',
  fields: {
    gamma: gammaOrAuto,
    lambda: numberField('weight of the new step in the momentum', 0.1, 0.001, 1),
  },
  make: (options, spec) => createTrackedChoco('motef', options, { spec, identity }),
};

const lead: RegistryEntry<LeadOptions, AnyAlgorithm> = {
  name: 'lead',
  summary: 'primal-dual, one compressed vector (Liu et al. 2021)',
  fields: {
    gamma: gammaOrAuto,
    alpha: numberField('how far the reference follows', 0.5, 0.01, 1),
  },
  make: (options, spec) => createLead(options, spec, identity),
};

/** More partners than this a round are better served by all neighbors. */
const MAX_PARTNERS = 16;

const partnersOrAll = (doc: string, fallback: number | 'all'): OptionField<number | 'all'> => ({
  doc,
  default: fallback,
  read(text) {
    const value = Number(text);
    if (text === 'all') return { value: 'all' };
    return Number.isInteger(value) && value >= 1 && value <= MAX_PARTNERS
      ? { value }
      : { wanted: `all or an integer from 1 to ${MAX_PARTNERS}` };
  },
});

const noLoCo: RegistryEntry<NoLoCoOptions, AnyAlgorithm> = {
  name: 'noloco',
  summary: 'outer momentum over random pairs, for many local steps (Kolehmainen et al. 2025)',
  fields: {
    rate: numberField('outer learning rate alpha', 0.7, 0.01, 1),
    momentum: numberField('outer momentum mu', 0.5, 0, 0.99),
  },
  make: (options, spec) => createNoLoCo(options, spec),
};

const gasLoC: RegistryEntry<GasLoCOptions, AnyAlgorithm> = {
  name: 'gasloc',
  summary: 'gossip with outer Nesterov momentum, for many local steps (Cagnasso et al. 2026)',
  fields: {
    rate: numberField('outer learning rate eta', 1, 0.01, 2),
    momentum: numberField('outer momentum', 0.5, 0, 0.99),
    gamma: numberField('consensus step', 1, 0.01, 1),
    peers: partnersOrAll('random partners a round, or all neighbors', 1),
  },
  make: (options, spec) => createGasLoC(options, spec),
};

const pushSum: RegistryEntry<PushSumOptions, AnyAlgorithm> = {
  name: 'push-sum',
  summary: 'shares of parameters and weights, pushed one way or in turn (SGP, Assran et al. 2019)',
  fields: {
    peers: partnersOrAll('neighbors to push to, in turn, or all', 'all'),
    links: choiceField<PushSumOptions['links']>(
      'one-way: edges carry in one direction, with as many in as out; directed: as the topology says',
      'both',
      ['both', 'one-way', 'directed'],
    ),
  },
  make: (options, spec) => createPushSum(options, spec),
};

/** Those that gossip, without a hub. */
const gossip = [
  edgeChoco,
  choco,
  exact,
  allReduce,
  chebyshev,
  powerGossip,
  pgq,
  adPsgd,
  dcd,
  ecd,
  deepSqueeze,
  gradientTracking,
  d2,
  beer,
  motef,
  lead,
  noLoCo,
  gasLoC,
  pushSum,
  clippedGossip,
  nearestNeighbor,
];

export const gossipNames: readonly string[] = gossip.map(({ name }) => name);

export const algorithms = createRegistry<AnyAlgorithm>('algorithm', [...gossip, ...hubAlgorithmsOfPeers]);
