/**
 * Exact low rank: the r leading singular vectors of each block (Eckart and Young 1936), found anew for each message. No
 * matrix of rank r is nearer, so
 *
 *     omega = (sigma_1^2 + ... + sigma_r^2) / ||Z||_F^2 >= r / min(m, n)
 *
 * up to the rounding of the factors. The reference that `low-rank` and `randomized-svd` are measured by, and too slow
 * for large layers: ten sweeps of 3 min(m, n)^2 max(m, n) multiply-adds (singular-values.ts).
 * Blocks with m n <= r (m + n) go as int8, or as float32 when the factors do. Body: that of low-rank (factored.ts).
 */
import { choiceField, integerField, type RegistryEntry } from '../base/registry.js';
import { firstVectors } from '../linalg/principal-basis.js';
import { leftSingularVectors } from '../linalg/singular-values.js';
import { factorBits } from './factor-section.js';
import {
  type BasisMethod,
  type FactoredOptions,
  factorFrameDecoder,
  MAX_RANK,
  planFactored,
} from './factored.js';
import type { OperatorFamily, OperatorPlan } from './operator.js';

const exactBasis = (rank: number): BasisMethod => ({
  createState: () => ({}),
  basis: (block) => firstVectors(leftSingularVectors(block).left, rank),
});

const entry: RegistryEntry<FactoredOptions, OperatorPlan> = {
  name: 'svd',
  summary: 'the exact leading singular vectors of each block; slow, a reference',
  fields: {
    rank: integerField('columns of each factor', 4, 1, MAX_RANK),
    bits: choiceField('bits per factor entry; 16 is half precision, 32 is float32', 32, factorBits),
  },
  make: (options) => planFactored(options, exactBasis),
};

export const svdFamily: OperatorFamily = { entry, frameDecoder: factorFrameDecoder };
