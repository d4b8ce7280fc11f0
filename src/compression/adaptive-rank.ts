/**
 * Low rank with a rank for each block and message, chosen in sight of the numbers. The warm power iteration of
 * `low-rank` runs at the highest rank R, its basis is turned into principal vectors (principal-basis.ts), whose
 * energies e_1 >= e_2 >= ... say what each captures of ||Z||_F^2, and then
 *
 *     energy=t:     the smallest r with e_1 + ... + e_r >= t ||Z||^2, for each block (at most R)
 *     budget=BYTES: ranks of all blocks together, by gain per byte (rank-budget.ts); the message, headers and small
 *                   blocks included, is never longer
 *
 * Receivers read the rank from each message. The warm start keeps all R vectors, so that a rank may rise again at once.
 * By energy, omega >= t where R suffices, times what rounding leaves. R is at most `max-rank`, and below the rank at
 * which factors are as many numbers as the block; blocks for which not even rank 1 saves go as int8, or as float32 when
 * the factors do. Body: that of low-rank (factored.ts).
 */
import { GrapevineError } from '../base/errors.js';
import { choiceField, integerField, numberField, type RegistryEntry } from '../base/registry.js';
import { sumOfSquares } from '../linalg/pairs.js';
import { firstVectors, type PrincipalBasis, principalBasis } from '../linalg/principal-basis.js';
import { BLOCK_HEADER_BYTES } from './block-message.js';
import { type FactorBits, factorBits } from './factor-section.js';
import { createFactoredOperator, createUnfactored, factoredBytes, MAX_RANK, usefulRank } from './factored.js';
import type {
  BlockShape,
  BlockSlice,
  BlockState,
  Operator,
  OperatorFamily,
  OperatorPlan,
} from './operator.js';
import { rankForEnergy, spreadBudget } from './rank-budget.js';
import { iterateFrom, keepStart } from './warm-iteration.js';
import { createWarmStart } from './warm-start.js';

export interface AdaptiveRankOptions {
  /** Share of ||Z||^2 to capture, 0 to 1. Not used with a budget. */
  readonly energy: number;
  readonly 'max-rank': number;
  readonly bits: FactorBits;
  /** Power iterations a message, warm. */
  readonly iterations: number;
  /** Bytes of a message; wins over `energy`. */
  readonly budget?: number;
}

/** A block under way: what its vectors would capture. */
interface Candidate {
  readonly slice: BlockSlice;
  readonly principal: PrincipalBasis;
}

function explore(slice: BlockSlice, state: BlockState, iterations: number): Candidate {
  const { left, right } = iterateFrom(slice, state, iterations);
  const principal = principalBasis(left, right);
  keepStart(slice, state, principal.right);
  return { slice, principal };
}

/** The operator for a block at its highest rank: what may be announced. Settling replaces it before it encodes. */
function createLongest(shape: BlockShape, { 'max-rank': maxRank, bits }: AdaptiveRankOptions): Operator {
  const rank = usefulRank(shape, maxRank);
  if (rank < 1) return createUnfactored(shape, bits);
  const { bodyBytes, ...rest } = createFactoredOperator(
    shape,
    { rank, bits },
    {
      createState: (random) => createWarmStart(rank * shape.cols, random),
      basis: () => {
        throw new Error('unreachable: adaptive rank settles before it encodes');
      },
    },
  );
  return { ...rest, bodyBytes, variableLength: true };
}

/** Sends the first `rank` principal vectors. */
function settleOn({ slice, principal }: Candidate, rank: number, bits: FactorBits): Operator {
  return createFactoredOperator(
    slice,
    { rank, bits },
    {
      createState: () => ({}),
      basis: () => firstVectors(principal.left, rank),
    },
  );
}

/** Bytes of a message in which every factored block has rank 1. */
function leastBytes(shapes: readonly BlockShape[], options: AdaptiveRankOptions): number {
  const { 'max-rank': maxRank, bits } = options;
  return shapes.reduce((sum, shape) => {
    const factored = usefulRank(shape, maxRank) >= 1;
    const body = factored ? factoredBytes(shape, { rank: 1, bits }) : createUnfactored(shape, bits).bodyBytes;
    return sum + BLOCK_HEADER_BYTES + body;
  }, 0);
}

/** The budget beyond the least message. @throws GrapevineError BAD_SPEC when it does not suffice for that */
function spareBytes(shapes: readonly BlockShape[], options: AdaptiveRankOptions, budget: number): number {
  const least = leastBytes(shapes, options);
  if (budget >= least) return budget - least;
  throw new GrapevineError(
    'BAD_SPEC',
    `adaptive-rank: budget=${budget}, wanted at least ${least} bytes, which these ${shapes.length} blocks take at rank 1. Raise the budget, or lower bits.`,
    { kind: 'compressor', budget, least },
  );
}

function chooseRanks(candidates: readonly Candidate[], spare: number | null, options: AdaptiveRankOptions) {
  if (spare === null) {
    return candidates.map(({ slice, principal }) =>
      rankForEnergy(principal.energies, options.energy, sumOfSquares(slice.values)),
    );
  }
  const offers = candidates.map(({ slice, principal }) => ({
    energies: principal.energies,
    bytesAt: (rank: number) => factoredBytes(slice, { rank, bits: options.bits }),
  }));
  return spreadBudget(offers, spare + offers.reduce((sum, offer) => sum + offer.bytesAt(1), 0));
}

/** The plan for `options`; it settles on ranks message by message. */
export function planAdaptiveRank(options: AdaptiveRankOptions): OperatorPlan {
  const { budget, bits } = options;
  const settle: OperatorPlan['settle'] = (slices, state) => {
    const spare = budget === undefined ? null : spareBytes(slices, options, budget);
    const operators = slices.map((slice) => createLongest(slice, options));
    const factored = [...slices.keys()].filter((k) => usefulRank(slices[k]!, options['max-rank']) >= 1);
    const candidates = factored.map((k) => explore(slices[k]!, state[k]!, options.iterations));
    const ranks = chooseRanks(candidates, spare, options);
    factored.forEach((k, place) => {
      operators[k] = settleOn(candidates[place]!, ranks[place]!, bits);
    });
    return operators;
  };
  return Object.assign((shape: BlockShape) => createLongest(shape, options), {
    settle,
    ...(budget === undefined
      ? {}
      : {
          messageBytes(shapes: readonly BlockShape[]): number {
            spareBytes(shapes, options, budget);
            const longest = shapes.reduce(
              (sum, shape) => sum + BLOCK_HEADER_BYTES + createLongest(shape, options).bodyBytes,
              0,
            );
            return Math.min(longest, budget);
          },
        }),
  });
}

const entry: RegistryEntry<AdaptiveRankOptions, OperatorPlan> = {
  name: 'adaptive-rank',
  summary: 'low-rank with ranks chosen for each message, by captured energy or by a byte budget',
  fields: {
    energy: numberField('share of ||Z||^2 to capture in each block; not used with a budget', 0.7, 0, 1),
    'max-rank': integerField('highest rank of a block', 16, 1, MAX_RANK),
    bits: choiceField('bits per factor entry; 16 is half precision, 32 is float32', 4, factorBits),
    iterations: integerField('power iterations a message', 1, 1, 100),
    budget: integerField('bytes of a message; wins over energy', undefined, 1, 2 ** 31),
  },
  make: (options) => planAdaptiveRank(options),
};

export const adaptiveRankFamily: OperatorFamily = { entry };
